"""Sums of exponentials by group, in log space."""

import torch
from torch import Tensor


def scatter_logsumexp(values: Tensor, index: Tensor, n: int) -> Tensor:
    """Return log of the sum of exp(values) [E] that fall into each of n groups [n]; -inf for an empty group."""
    top = values.detach().new_full((n,), -torch.inf).scatter_reduce(0, index, values.detach(), "amax")
    top = torch.where(top.isinf(), torch.zeros_like(top), top)
    return values.new_zeros(n).index_add(0, index, (values - top[index]).exp()).log() + top
