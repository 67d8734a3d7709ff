"""The loss interface. A loss knows trajectories, log-rewards and a policy, but not their origin."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.policy import Policy
from models.gflownet.trajectories import Trajectories


class Loss(ABC):
    """A loss whose minimum over every trajectory makes the policy sample in proportion to the reward."""

    needs_flow: bool = False
    """Whether the policy must have a log-flow head."""
    needs_log_z: bool = True
    """Whether log Z(c) is learned."""
    needs_prior: bool = False
    """Whether the policy must have a prior."""
    allows_prior: bool = True
    """Whether it balances trajectories against a prior where the policy has one."""
    needs_groups: bool = False
    """Whether trajectories of one condition are compared, so that each condition must occur several times."""
    rewards_of: Literal["final", "stopped", "partial"] = "final"
    """Log-rewards that the loss takes: of final states [B], or of all `trajectories.states` [N + B].

    In the latter case they are of the object that stopping there gives (-inf where stopping is not allowed),
    or the partial log-reward.
    """

    own_decay: float = 1.0
    """Lambda of sub-trajectory balance where none is chosen."""

    def __init__(self, delta: float | None, decay: float | None = None) -> None:
        self.delta = delta
        self.decay = self.own_decay if decay is None else decay

    @abstractmethod
    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return losses [B] for log-rewards [B], or [N + B] by `rewards_of`, and conditions [B]."""


def penalty(residual: Tensor, delta: float | None) -> Tensor:
    """Return half the squared residual, linear beyond `delta` (Huber) unless that is None."""
    if delta is None:
        return 0.5 * residual.square()
    return torch.nn.functional.huber_loss(residual, torch.zeros_like(residual), reduction="none", delta=delta)


def pair_penalty(
    trajectories: Trajectories,
    log_flow: Tensor,
    log_ratio: Tensor,
    decay: float,
    delta: float | None,
    last: Tensor | None = None,
) -> Tensor:
    """Return the weighted mean penalty of balance between all pairs of states of each trajectory [B].

    A pair j - i transitions apart weighs decay^(j - i) (sub-trajectory balance, arXiv:2209.12782).

    Args:
        trajectories: B of them, the longest of T transitions.
        log_flow: of each trajectory's states in order [T + 1, B].
        log_ratio: log P_F - log P_B of each transition [N].
        decay: lambda.
        delta: of `penalty`.
        last: index [B] of each trajectory's last state that pairs include; its final state by default.
            A trajectory without any pair has no penalty.
    """
    last = trajectories.lengths if last is None else last
    sums = trajectories.pad(log_ratio).cumsum(dim=0)  # [T, B]
    potential = log_flow - torch.cat([sums.new_zeros(1, len(trajectories)), sums])  # [T + 1, B]
    index = torch.arange(len(potential), device=log_flow.device)
    apart = index.unsqueeze(0) - index.unsqueeze(1)  # [T + 1, T + 1], j - i
    is_pair = (apart > 0).unsqueeze(2) & (index.unsqueeze(1) <= last)  # [T + 1, T + 1, B]
    weight = (decay ** apart.clamp_min(0)).unsqueeze(2) * is_pair
    residual = potential.unsqueeze(1) - potential.unsqueeze(0)
    total = weight.sum(dim=(0, 1))
    return (weight * penalty(residual, delta)).sum(dim=(0, 1)) / total.masked_fill(total == 0, 1.0)


def forward_looking_log_flow(
    trajectories: Trajectories, log_flow: Tensor, partial: Tensor, log_z: Tensor
) -> Tensor:
    """Return log F~(s) + partial log-reward before transitions [N]; log Z(c) at the start (arXiv:2302.01687).

    log F~ falls from log Z(c) to 0 on the way. The head learns the difference to a straight line between the
    two. That line counts steps, so every path to a state must have the same length; this holds where a state
    determines the number of steps.

    Args:
        trajectories: with N transitions.
        log_flow: log Z(c) plus the flow head's value [N].
        partial: partial log-rewards [N].
        log_z: of each trajectory [B].
    """
    progress = trajectories.time / trajectories.environment.max_steps
    ahead = log_flow - log_z[trajectories.trajectory] * progress
    return ahead + partial.masked_fill(trajectories.time == 0, 0.0)
