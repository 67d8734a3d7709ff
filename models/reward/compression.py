"""Compression of large numbers: strictly increasing, so that no two of them tie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def root_compressed(value: Tensor, start: Tensor | float) -> Tensor:
    """Return values [N] unchanged up to `start`, and what exceeds it as a root that starts with slope 1."""
    beyond = (value - start).clamp_min(0.0)
    return value - beyond + ((1 + 2 * beyond).sqrt() - 1)
