"""Detailed balance (arXiv:2111.09266): log F(s) + log P_F = log F(s') + log P_B, with F(x) = R(x)."""

from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class DetailedBalance(Loss):
    """One residual per transition, averaged over each trajectory; the flow of the initial state is Z(c)."""

    needs_flow = True

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the mean penalty of log F(s) + log P_F - log F(s') - log P_B over each trajectory [B]."""
        scores = score(policy, trajectories, condition)
        log_flow = scores.log_flow
        assert log_flow is not None
        after = torch.cat([log_flow, log_reward])[trajectories.following()]  # [N]
        residual = log_flow + scores.log_pf - after - scores.log_reference
        return trajectories.total(penalty(residual, self.delta)) / trajectories.lengths


LOSS = DetailedBalance
