"""64-bit mixing of integers in tensors, with separate constants per use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

PAD, OPEN, POINTED, ARRIVAL, FRAGMENT, POSITION, LEAF, FINAL = (
    0x1F83D9ABFB41BD6B * (2 * index + 1) % 2**62 for index in range(8)
)


def splitmix64(value: Tensor) -> Tensor:
    """Mix integers by the finaliser of SplitMix64; torch's signed shifts lose three of 64 bits."""
    mixed = (value >> 30).bitwise_xor_(value).mul_(-4658895280553007687)
    mixed.bitwise_xor_(mixed >> 27).mul_(-7723592293110705685)
    return mixed.bitwise_xor_(mixed >> 31)
