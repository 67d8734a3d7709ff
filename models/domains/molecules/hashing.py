"""64-bit mixing of integers in tensors, and the constants that keep different uses of it apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

PAD, OPEN, POINTED, ARRIVAL, FRAGMENT, POSITION, LEAF, FINAL = (
    0x1F83D9ABFB41BD6B * (2 * index + 1) % 2**62 for index in range(8)
)


def mix(value: Tensor) -> Tensor:
    """Return a mixing of integers (the finaliser of SplitMix64); torch's signed shifts cost it three of 64 bits."""
    value = (value ^ (value >> 30)) * -4658895280553007687
    value = (value ^ (value >> 27)) * -7723592293110705685
    return value ^ (value >> 31)
