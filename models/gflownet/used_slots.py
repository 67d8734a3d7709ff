"""Features of the slots in use: most slots of a state hold nothing, so only the others are stored.

Letters: U states, K slots of each, M slots in use, S features of a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


@final
@dataclass(frozen=True, slots=True)
class UsedSlots:
    """Which slots are in use, and their features by state, then by slot."""

    is_used: Tensor
    """[U, K] bool: slots with any feature other than zero."""
    values: Tensor
    """[M, S]"""

    @staticmethod
    def of(slots: Tensor) -> UsedSlots:
        """Return what features of all slots [U, K, S] hold."""
        is_used = slots.any(dim=2)
        return UsedSlots(is_used, slots[is_used])

    @property
    def number(self) -> Tensor:
        """Return the row of `values` of each slot in use [U, K]; anything elsewhere."""
        return self.is_used.flatten().cumsum(0).view_as(self.is_used) - 1

    def at(self, rows: Tensor | slice) -> UsedSlots:
        """Return the slots of the given states."""
        is_used = self.is_used[rows]
        return UsedSlots(is_used, self.values[self.number[rows][is_used]])


def join_slots(parts: Sequence[UsedSlots]) -> UsedSlots:
    """Return the slots of all states of several parts."""
    is_used, values = (
        torch.cat(tensors) for tensors in zip(*((p.is_used, p.values) for p in parts), strict=True)
    )
    return UsedSlots(is_used, values)
