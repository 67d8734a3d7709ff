"""Relative trajectory balance (arXiv:2405.20971): log Z(c) + sum log P_F = log R + sum log p_prior.

It has no backward policy and holds for trajectories of any origin; an object's share of the target is the sum
over its trajectories. On trajectories of the policy itself its gradient is that of KL(P_F || p_prior R / Z).
"""

from typing import final

from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class RelativeTrajectoryBalance(Loss):
    """One residual per trajectory, and log Z(c) learned beside the policy."""

    needs_prior = True

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the penalty of log Z(c) + sum log P_F - log R - sum log p_prior [B]."""
        scores = score(policy, trajectories, condition)
        assert scores.log_prior is not None
        log_ratio = trajectories.total(scores.log_pf - scores.log_prior)
        return penalty(policy.log_z(condition) + log_ratio - log_reward, self.delta)


LOSS = RelativeTrajectoryBalance
