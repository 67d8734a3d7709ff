"""Sums of exponentials by group, in log space."""

import torch
from torch import Tensor


def scatter_logsumexp(values: Tensor, index: Tensor, n: int) -> Tensor:
    """Return the log of the summed exp(values) [E] of each of n groups [n]; -inf for an empty one."""
    top = values.detach().new_full((n,), -torch.inf).scatter_reduce(0, index, values.detach(), "amax")
    top = torch.where(top.isinf(), torch.zeros_like(top), top)
    return values.new_zeros(n).index_add(0, index, (values - top[index]).exp()).log() + top
