"""Hidden layers in bfloat16, on processors with hardware support and for batches large enough to benefit.

Factors have 8 bits of mantissa, sums and master weights are single precision (mixed precision,
arXiv:1710.03740). A kernel is compiled for every new number of rows, which costs more than many products.
Rows are therefore padded to a few sizes. Knows no policy and no loss. Letters: N rows, D inputs, H width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAST_WORK = 100_000_000
"""Multiply-adds of one forward pass below which float32 is as fast."""
MOST_BETA = 32.0
"""Largest inverse temperature with verified distributions: logits, and their rounding, grow with beta."""
LEAST_PADDING = 64
PADDING_BITS = 4
"""Leading bits of padded row counts: at most an eighth more rows, and eight sizes per octave."""


def has_fast_bfloat16(device: torch.device) -> bool:
    """Return whether bfloat16 products are known to be faster: on CPUs with matrix units (AMX)."""
    return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def padded(n: int) -> int:
    """Return the number of rows that n rows are padded to."""
    step = max(LEAST_PADDING, 1 << max(0, n.bit_length() - PADDING_BITS))
    return -(-n // step) * step


def is_worthwhile(n: int, layers: Sequence[nn.Linear]) -> bool:
    """Return whether n rows are enough work for bfloat16 to be faster."""
    return n * sum(layer.weight.numel() for layer in layers) >= LEAST_WORK


def hidden_layers(parts: Sequence[Tensor], layers: Sequence[nn.Linear]) -> Tensor:
    """Return the output [N, H] (float32) of ReLU layers for inputs [N, D], given in parts side by side."""
    n = len(parts[0])
    values = parts[0].new_zeros(padded(n), layers[0].in_features, dtype=torch.bfloat16)
    start = 0
    for part in parts:
        values[:n, start : start + part.shape[1]] = part
        start += part.shape[1]
    for layer in layers:
        values = functional.linear(values, layer.weight.bfloat16(), layer.bias.bfloat16()).relu_()
    return values.narrow(0, 0, n).float()
