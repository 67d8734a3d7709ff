"""Sub-trajectory balance (arXiv:2209.12782): balance between any two states, distant pairs weigh less."""

from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories

DECAY = 0.9
"""Lambda: a pair j - i transitions apart weighs lambda^(j - i)."""


@final
class SubTrajectoryBalance(Loss):
    """All pairs i < j of log F_i + log P_F(i:j) - log F_j - log P_B(i:j), weights normalised per trajectory."""

    needs_flow = True

    def __call__(self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition) -> Tensor:
        """Return the weighted mean penalty over the pairs of each trajectory [B]."""
        scores = score(policy, trajectories, condition)
        assert scores.log_flow is not None
        everyone = torch.arange(len(trajectories), device=log_reward.device)
        ends = (trajectories.lengths, everyone)
        log_flow = trajectories.pad(scores.log_flow, extra=1).index_put(ends, log_reward)  # [T + 1, B]
        walked = trajectories.pad(scores.log_pf - scores.log_pb).cumsum(dim=0)  # [T, B]
        potential = log_flow - torch.cat([walked.new_zeros(1, len(trajectories)), walked])  # [T + 1, B]
        place = torch.arange(len(potential), device=log_reward.device)
        apart = place.unsqueeze(0) - place.unsqueeze(1)  # [T + 1, T + 1], j - i
        is_pair = (apart > 0).unsqueeze(2) & (place.unsqueeze(1) <= trajectories.lengths)  # [T + 1, T + 1, B]
        weight = (DECAY ** apart.clamp_min(0)).unsqueeze(2) * is_pair
        residual = potential.unsqueeze(1) - potential.unsqueeze(0)
        return (weight * penalty(residual, self.delta)).sum(dim=(0, 1)) / weight.sum(dim=(0, 1))


LOSS = SubTrajectoryBalance
