"""Forward-looking detailed balance (arXiv:2302.01687): F(s) = F~(s) e^(partial log-reward), F~(x) = 1.

The flow head only learns what is still to come, not the reward earned so far. One partial log-reward is
evaluated per visited state; these are counted apart from proxy calls.
"""

from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, forward_looking_log_flow, penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class ForwardLookingDetailedBalance(Loss):
    """One residual per transition, averaged over each trajectory; the flow of the initial state is Z(c)."""

    needs_flow = True
    rewards_of = "partial"

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return mean detailed-balance penalties of trajectories [B] for partial log-rewards [N + B]."""
        scores = score(policy, trajectories, condition)
        assert scores.log_flow is not None
        n = trajectories.n_transitions
        log_z = policy.log_z(condition)
        log_flow = forward_looking_log_flow(trajectories, scores.log_flow, log_reward[:n], log_z)
        after = torch.cat([log_flow, log_reward[n:]])[trajectories.following()]  # [N]
        residual = log_flow + scores.log_pf - after - scores.log_reference
        return trajectories.total(penalty(residual, self.delta)) / trajectories.lengths


LOSS = ForwardLookingDetailedBalance
