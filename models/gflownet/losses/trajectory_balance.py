"""Trajectory balance (arXiv:2201.13259): log Z(c) + sum log P_F = log R + sum log P_B per trajectory."""

from typing import final

from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class TrajectoryBalance(Loss):
    """One residual per trajectory, and log Z(c) learned beside the policy."""

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the penalty of log Z(c) + sum log P_F - log R - sum log P_B [B]."""
        scores = score(policy, trajectories, condition)
        log_ratio = trajectories.total(scores.log_pf - scores.log_reference)
        return penalty(policy.log_z(condition) + log_ratio - log_reward, self.delta)


LOSS = TrajectoryBalance
