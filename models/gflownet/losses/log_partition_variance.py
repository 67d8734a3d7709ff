"""Log-partition variance (arXiv:2302.05446): trajectories of one condition agree on an implicit log Z."""

from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, penalty
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class LogPartitionVariance(Loss):
    """The spread of log R + sum log P_B - sum log P_F per condition; log Z(c) keeps its first estimate."""

    needs_log_z = False
    needs_groups = True

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the penalty of each trajectory's distance from its condition's mean [B]."""
        scores = score(policy, trajectories, condition)
        log_z = log_reward + trajectories.total(scores.log_reference - scores.log_pf)
        rows = torch.cat([condition.beta.unsqueeze(1), condition.preference], dim=1)
        if condition.function is not None:
            rows = torch.cat([rows, condition.function.unsqueeze(1).to(rows)], dim=1)
        distinct, group = torch.unique(rows, dim=0, return_inverse=True)
        count = torch.bincount(group, minlength=len(distinct))
        mean = log_z.new_zeros(len(distinct)).index_add(0, group, log_z) / count
        return penalty(log_z - mean[group], self.delta)


LOSS = LogPartitionVariance
