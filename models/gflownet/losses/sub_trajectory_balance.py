"""Sub-trajectory balance (arXiv:2209.12782): balance between any two states, distant pairs weigh less."""

from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, pair_penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class SubTrajectoryBalance(Loss):
    """All pairs i < j of log F_i + log P_F(i:j) - log F_j - log P_B(i:j), normalised per trajectory."""

    needs_flow = True
    own_decay = 0.9
    """Lambda: a pair j - i transitions apart weighs lambda^(j - i)."""

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the weighted mean penalty over the pairs of each trajectory [B]."""
        scores = score(policy, trajectories, condition)
        assert scores.log_flow is not None
        everyone = torch.arange(len(trajectories), device=log_reward.device)
        ends = (trajectories.lengths, everyone)
        log_flow = trajectories.pad(scores.log_flow, extra=1).index_put(ends, log_reward)  # [T + 1, B]
        return pair_penalty(
            trajectories, log_flow, scores.log_pf - scores.log_reference, self.decay, self.delta
        )


LOSS = SubTrajectoryBalance
