"""The best distinct objects so far, in order, and how often an object of each rank is drawn.

Only final states are kept, on the CPU. Letters: B observed objects, W state width, L kept objects, n draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from models.gflownet.environment import Environment
    from models.specs.behaviour import RankWeights

RANK_COEFFICIENT = 0.01
"""The k of reciprocal weights, as published (arXiv:2402.05961): half of the draws are of the best 9 %."""


def rank_quantiles(uniform: Tensor, weights: RankWeights, power: Tensor | float) -> Tensor:
    """Return the quantiles [n] of ranks, 0 for the best, of uniform numbers [n]; `power` [n] is of "power".

    With rank r = L q, the quantile q = k ((1 + 1 / k)^u - 1) has a density in proportion to 1 / (k L + r).
    """
    if weights == "power":
        return uniform.pow(power)
    k = RANK_COEFFICIENT
    quantiles: Tensor = k * ((1 + 1 / k) ** uniform - 1)
    return quantiles


def first_of_each(keys: Tensor) -> Tensor:
    """Return the indices [U], in order, at which each distinct key [L] first occurs."""
    distinct, group = torch.unique(keys, return_inverse=True)
    indices = torch.arange(len(keys), device=keys.device)
    first = torch.full((len(distinct),), len(keys), device=keys.device).scatter_reduce(
        0, group, indices, "amin"
    )
    return first.sort().values


@final
class Archive:
    """The best distinct objects by their highest observed log-reward, all of one inverse temperature.

    A log-reward holds terms that beta does not scale, so dividing by beta would compare nothing.

    Args:
        state_width: W.
        capacity: how many objects are kept.

    Raises:
        ValueError: if the capacity is not positive.
    """

    def __init__(self, state_width: int, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self.capacity = capacity
        self.best = torch.empty(0, state_width, dtype=torch.int64)
        self.keys = torch.empty(0, dtype=torch.int64)
        self.priority = torch.empty(0)

    def __len__(self) -> int:
        return len(self.best)

    def at(self, quantiles: Tensor) -> Tensor:
        """Return the final states [n, W] at these quantiles [n] of the order, the best at 0."""
        return self.best[(quantiles * len(self.best)).long().clamp_max(len(self.best) - 1)]

    def draw(self, n: int, weights: RankWeights, device: torch.device, generator: Generator) -> Tensor:
        """Return n objects [n, W], the better ones more often; there must be one."""
        uniform = torch.rand(n, generator=generator, device=device).cpu()
        return self.at(rank_quantiles(uniform, weights, 2.0)).to(device)

    def observe(self, environment: Environment, final_states: Tensor, log_reward: Tensor) -> None:
        """Keep the best `capacity` distinct objects of those kept and those observed [B]."""
        if len(self.keys) == self.capacity:
            promising = (log_reward > self.priority[-1].to(log_reward.device)).nonzero().squeeze(1)
            if not len(promising):
                return
            final_states, log_reward = final_states[promising], log_reward[promising]
        keys = torch.cat([self.keys, environment.key(final_states).cpu()])
        states = torch.cat([self.best, final_states.cpu()])
        priority, order = torch.cat([self.priority, log_reward.cpu()]).sort(descending=True, stable=True)
        kept = first_of_each(keys[order])[: self.capacity]
        self.priority = priority[kept]
        self.keys = keys[order][kept]
        self.best = states[order][kept]

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects, the best ones in order."""
        return {"best": self.best, "keys": self.keys, "priority": self.priority}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept objects."""
        self.best, self.keys, self.priority = state["best"], state["keys"], state["priority"]
