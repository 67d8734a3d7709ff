"""A cache of properties of states, keyed by their rows.

A rollout uses each state many times (features, masks, backward actions), and batches share states. Each entry
belongs to one exact row of integers, so caching changes no number. Knows neither trees nor rules.

Letters: B batch, W state width, M entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, final

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_BYTES = 512 * 2**20
"""Cache size: some thousand states of a few training steps, which rarely recur later."""

Entries = TypeVar("Entries", bound=NamedTuple)


@final
class StateCache(Generic[Entries]):
    """Cached entries of recent states; a full cache is cleared.

    Args:
        work_out: returns the entries of states [B, W], a tuple of tensors [B, ...]; a row's entry must not
            depend on other rows.
        example: any states [B, W], which define the shape of an entry.
        kept_bytes: capacity in bytes; at least one entry is kept.
    """

    def __init__(
        self, work_out: Callable[[Tensor], Entries], example: Tensor, kept_bytes: int = KEPT_BYTES
    ) -> None:
        self._compute = work_out
        shapes = work_out(example[:1])
        size = sum(part.element_size() * part.numel() for part in shapes)
        self.capacity = max(1, kept_bytes // size)
        with torch.inference_mode(mode=False):  # inference tensors could not be modified outside
            self._kept = tuple(part.new_empty(self.capacity, *part.shape[1:]) for part in shapes)
        self._index: dict[bytes, int] = {}
        self._fields = shapes._fields

    def get(self, states: Tensor, field: str) -> Tensor:
        """Return one field of the entries of states [B, W], as a new tensor [B, ...]."""
        kept = self._kept[self._fields.index(field)]
        parts = [kept.index_select(0, self._indices(part)) for part in torch.split(states, self.capacity)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _indices(self, states: Tensor) -> Tensor:
        """Return the cache indices of states [B, W]; B is at most the capacity."""
        rows = _names(states)
        indices = list(map(self._index.get, rows))
        if None in indices:
            new = {row: index for index, row in enumerate(rows) if indices[index] is None}
            if len(self._index) + len(new) > self.capacity:
                self._index.clear()
                new = {row: index for index, row in enumerate(rows)}
            self._learn(new, states)
            indices = list(map(self._index.get, rows))
        return torch.tensor(indices, dtype=torch.int64, device=states.device)

    def _learn(self, new: dict[bytes, int], states: Tensor) -> None:
        start = len(self._index)
        chosen = states[torch.tensor(list(new.values()), device=states.device)]
        for kept, part in zip(self._kept, self._compute(chosen), strict=True):
            kept[start : start + len(new)] = part
        self._index.update(zip(new, range(start, start + len(new)), strict=True))


def _names(states: Tensor) -> list[bytes]:
    """Return the content of each row; fragments, slots and nodes are far below 2³¹."""
    content = states.to("cpu", torch.int32).contiguous().numpy()
    return content.view(f"V{content.shape[1] * content.itemsize}").ravel().tolist()
