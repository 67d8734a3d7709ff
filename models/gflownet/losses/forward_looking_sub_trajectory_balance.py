"""Forward-looking sub-trajectory balance (arXiv:2302.01687): SubTB with flows F~(s) e^(partial log-reward).

One partial log-reward is evaluated per visited state; these are counted apart from proxy calls.
"""

from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, forward_looking_log_flow, pair_penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class ForwardLookingSubTrajectoryBalance(Loss):
    """All pairs of states of a trajectory, weights normalised; the flow of the initial state is Z(c)."""

    needs_flow = True
    own_decay = 0.9
    rewards_of = "partial"

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the weighted mean penalty over the pairs of each trajectory [B], given partials [N + B]."""
        scores = score(policy, trajectories, condition)
        assert scores.log_flow is not None
        n = trajectories.n_transitions
        everyone = torch.arange(len(trajectories), device=log_reward.device)
        ends = (trajectories.lengths, everyone)
        log_z = policy.log_z(condition)
        log_flow = forward_looking_log_flow(trajectories, scores.log_flow, log_reward[:n], log_z)
        table = trajectories.pad(log_flow, extra=1).index_put(ends, log_reward[n:])  # [T + 1, B]
        return pair_penalty(trajectories, table, scores.log_pf - scores.log_reference, self.decay, self.delta)


LOSS = ForwardLookingSubTrajectoryBalance
