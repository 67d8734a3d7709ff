"""Base measures: log-densities of objects that are added to the policy's log-reward.

The policy's target is prior(x) * R(x | c): the inverse temperature does not scale the prior, and ranking uses
the reward alone. A prior is any function of final states, so a learned one can replace the one by size.
Letters: B objects, W state width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, final

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.gflownet.environment import Environment


class LogPrior(Protocol):
    """The log-density of objects, the same for every condition; up to a constant, which only moves log Z."""

    def __call__(self, final_states: Tensor) -> Tensor:
        """Return finite log-densities [B] (float32) of final states [B, W]."""


@final
class SizePrior:
    """A log-density that depends only on the size of an object.

    Args:
        environment: defines sizes.
        log_densities: of one object of each size, from size 0; larger objects have the last one.
    """

    def __init__(self, environment: Environment, log_densities: Sequence[float]) -> None:
        self._environment = environment
        self._table = torch.tensor(log_densities, dtype=torch.float32, device=environment.device)

    def __call__(self, final_states: Tensor) -> Tensor:
        """Return log-densities [B] of final states [B, W]."""
        return self._table[self._environment.size(final_states).clamp_max(len(self._table) - 1)]
