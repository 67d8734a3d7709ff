"""Prefix sub-trajectory balance (arXiv:2310.04363): with stops, F(s) = R(s stopped) / P_F(stop | s).

There is no flow head, and no Z unless the initial state cannot stop; its flow is then the learned Z(c). Meant
for append-only environments, where P_B = 1; with P_B it also holds where a state has several parents
(arXiv:2202.13903). The log-reward of every visited prefix is evaluated: at most one proxy call per
transition. The policy is evaluated twice per state, for the actions taken and for stopping. Pairs are of
prefixes alone, as in the paper: the state after a stop would repeat the prefix that stopped.
"""

from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.losses.contract import Loss, pair_penalty
from models.gflownet.policy import Policy, masked_log_softmax
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories


@final
class PrefixSubTrajectoryBalance(Loss):
    """All pairs of states; log Z(c) stays at its first estimate where the initial state may stop."""

    rewards_of = "stopped"
    own_decay = 1.0
    """Lambda: all pairs weigh the same, as in the paper."""

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the mean penalty over pairs of each trajectory [B], given rewards of stopping [N + B]."""
        scores = score(policy, trajectories, condition)
        n = trajectories.n_transitions
        can_stop = log_reward[:n].isfinite()
        stopped = log_reward[:n].masked_fill(~can_stop, 0.0) - _log_stop(policy, trajectories, condition)
        log_flow = torch.where(can_stop, stopped, policy.log_z(condition)[trajectories.trajectory])  # [N]
        ends = (trajectories.lengths, torch.arange(len(trajectories), device=log_reward.device))
        table = trajectories.pad(log_flow, extra=1).index_put(ends, log_reward[n:])  # [T + 1, B]
        last = trajectories.lengths - _is_stopped(trajectories).long()
        return pair_penalty(
            trajectories, table, scores.log_pf - scores.log_reference, self.decay, self.delta, last
        )


def _is_stopped(trajectories: Trajectories) -> Tensor:
    """Return which trajectories [B] (bool) end by stopping, not by reaching a state that is final itself."""
    stop = trajectories.environment.stop_action
    assert stop is not None
    is_stop = trajectories.actions.eq(stop)
    stopped = torch.zeros(len(trajectories), dtype=torch.bool, device=is_stop.device)
    return stopped.index_fill(0, trajectories.trajectory[is_stop], value=True)


def _log_stop(policy: Policy, trajectories: Trajectories, condition: Condition) -> Tensor:
    """Return log P_F(stop) before each transition [N], less that of a prior; 0 where one may not stop."""
    stop = trajectories.environment.stop_action
    assert stop is not None
    features = trajectories.features.at(slice(0, trajectories.n_transitions))
    context = policy.context(condition).at(trajectories.trajectory)
    logits = policy.forward_logits(policy.hidden(features, context), features, context)
    log_pf = masked_log_softmax(logits, trajectories.forward_mask)[:, stop]
    if features.log_prior is not None:
        log_pf = log_pf - features.spread(features.log_prior)[:, stop]
    return torch.where(trajectories.forward_mask[:, stop], log_pf, 0.0)


LOSS = PrefixSubTrajectoryBalance
