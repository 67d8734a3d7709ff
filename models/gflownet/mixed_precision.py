"""Hidden layers in bfloat16, for processors with units that multiply it and batches that are large enough to gain.

Factors keep 8 bits of mantissa, sums are single precision, and the weights that learn stay as they are: mixed
precision (arXiv:1710.03740). A kernel is made for every number of rows that was not met before, which takes longer than
many products: rows are padded to a few sizes. It knows no policy and no loss. Letters: N rows, D inputs, H width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAST_WORK = 100_000_000
"""Multiply-adds of one forward pass below which float32 is as fast."""
MOST_BETA = 32.0
"""Up to it exact distributions were compared: logits grow with inverse temperature, and so does their rounding."""
LEAST_PADDING = 64
PADDING_BITS = 4
"""Rows are padded to numbers with so many leading bits: at most an eighth more, and eight sizes to an octave."""


def has_fast_bfloat16(device: torch.device) -> bool:
    """Tell whether products in bfloat16 are known to be faster there: on CPUs with matrix units (AMX)."""
    return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def padded(n: int) -> int:
    """Return the number of rows that n rows are padded to."""
    step = max(LEAST_PADDING, 1 << max(0, n.bit_length() - PADDING_BITS))
    return -(-n // step) * step


def is_worthwhile(n: int, layers: Sequence[nn.Linear]) -> bool:
    """Tell whether n rows are work enough for bfloat16 to be faster."""
    return n * sum(layer.weight.numel() for layer in layers) >= LEAST_WORK


def hidden_layers(parts: Sequence[Tensor], layers: Sequence[nn.Linear]) -> Tensor:
    """Return what layers with rectifiers make of inputs [N, D], given in parts side by side: [N, H] in float32."""
    n = len(parts[0])
    values = parts[0].new_zeros(padded(n), layers[0].in_features, dtype=torch.bfloat16)
    start = 0
    for part in parts:
        values[:n, start : start + part.shape[1]] = part
        start += part.shape[1]
    for layer in layers:
        values = functional.linear(values, layer.weight.bfloat16(), layer.bias.bfloat16()).relu_()
    return values.narrow(0, 0, n).float()
