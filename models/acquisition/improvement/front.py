"""The incumbents' front and the space beyond it, decomposed into boxes. Knows no posterior or preference.

Letters: I incumbents, M objectives, F members of the front, C cells, K coordinates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from botorch.utils.multi_objective.box_decompositions.non_dominated import FastNondominatedPartitioning
from botorch.utils.multi_objective.pareto import is_non_dominated

if TYPE_CHECKING:
    from torch import Tensor

MARGIN = 0.1
"""Distance of the reference point below the front when no incumbent beats 0 in every objective."""


def front_of(incumbents: Tensor) -> Tensor:
    """Return the distinct non-dominated incumbents [F, M]."""
    return incumbents[is_non_dominated(incumbents)] if len(incumbents) else incumbents


def reference_point(front: Tensor) -> Tensor:
    """Return the reference point [M] of the hypervolume: 0 once an incumbent is better in every objective.

    Before that, it lies below the front. Otherwise a campaign with ambitious ranges would see no progress at
    all.
    """
    origin = front.new_zeros(front.shape[1])
    if len(front) == 0 or bool((front > 0).all(dim=1).any()):
        return origin
    return torch.minimum(origin, front.amin(dim=0) - MARGIN)


@dataclass(frozen=True, slots=True)
class Cells:
    """Disjoint boxes that cover the non-dominated space.

    Box c spans `coordinates[lower[c, m], m]` to `coordinates[upper[c, m], m]` in objective m, with `lower`
    and `upper` [C, M] and `coordinates` [K, M]; -inf and inf are its open sides.
    """

    coordinates: Tensor
    lower: Tensor
    upper: Tensor


def cells_beyond(front: Tensor) -> Cells:
    """Return the space beyond a front [F, M] in exact boxes (Lacour et al., Comput. Oper. Res. 88, 2017).

    About 2 F boxes with three objectives; with four and 200 members about 2,000.
    """
    m = front.shape[1]
    if len(front) == 0:
        bounds = front.new_tensor([[[-math.inf] * m], [[math.inf] * m]])
    elif m == 1:
        bounds = torch.stack([front.amax(dim=0, keepdim=True), front.new_full((1, 1), math.inf)])
    else:
        below = front.amin(dim=0) - 1
        bounds = FastNondominatedPartitioning(below, front).get_hypercell_bounds()  # [2, C, M]
        bounds[0] = torch.where(bounds[0] <= below, -math.inf, bounds[0])
    coordinates = front.new_full((2 * bounds.shape[1], m), math.inf)
    indices = torch.empty(bounds.shape, dtype=torch.int64)
    for objective in range(m):
        result, inverse = torch.unique(bounds[..., objective], return_inverse=True)
        coordinates[: len(result), objective] = result
        indices[..., objective] = inverse
    used = int(indices.max()) + 1
    return Cells(coordinates[:used], indices[0], indices[1])
