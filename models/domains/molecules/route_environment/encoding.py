"""Policy inputs of a route: the groups of its molecule, what may follow, and what its blocks are like.

Counts and sums make it general; a few bits of the state's hash let a policy learn the exceptions of a small
space by heart.

Letters: B batch, T most steps, S steps, G groups, F features of blocks, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import one_hot

from models.domains.molecules.environment.hashing import splitmix64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.domains.molecules.route_environment.rows import RouteColumns

N_SIGNS = 24
_MANY = 3.0
"""Occurrences of a group above which more tell nothing new."""
_PLACES = ("heavy atoms", "atoms to the limit", "has begun", "has stopped", "waits for a partner")


def names(groups: Sequence[str], steps: Sequence[str], features: Sequence[str], max_steps: int) -> list[str]:
    """Return the meaning of each input [D]."""
    return [
        *(f"occurrences of {group}" for group in groups),
        *(f"one {group}" for group in groups),
        *(f"{step} is possible" for step in steps),
        *(f"{step} is pending" for step in steps),
        *(f"{step} was used" for step in steps),
        *(f"first block: {name}" for name in features),
        *(f"last block: {name}" for name in features),
        *(f"all blocks: {name}" for name in features),
        *_PLACES,
        *(f"{number} steps" for number in range(max_steps + 1)),
        *(f"sign {place} of the state" for place in range(N_SIGNS)),
    ]


def encode(
    columns: RouteColumns, counts: Tensor, possible: Tensor, heavy: Tensor, features: Tensor, keys: Tensor
) -> Tensor:
    """Return inputs [B, D].

    Args:
        columns: of the states.
        counts: of the groups [B, G].
        possible: steps that the molecules can take [B, S].
        heavy: atoms, as shares of the limit [B].
        features: of blocks [1 + N, F], the first row those of none.
        keys: of the states [B].
    """
    n_steps = possible.shape[1]
    max_steps = columns.steps.shape[1]
    blocks = torch.cat([columns.first.unsqueeze(1), columns.partners], dim=1)  # [B, 1 + T]
    used = heavy.new_zeros(len(heavy), n_steps + 1)
    used.scatter_add_(1, columns.steps, torch.ones_like(columns.steps, dtype=used.dtype))
    last = (blocks > 0).long().mul(torch.arange(1, max_steps + 2, device=blocks.device)).argmax(dim=1)
    places = [
        heavy,
        1 - heavy,
        (columns.first > 0).float(),
        columns.stopped.float(),
        (columns.pending > 0).float(),
    ]
    shifts = torch.arange(N_SIGNS, device=keys.device) + 7
    return torch.cat(
        [
            counts.clamp(max=_MANY) / _MANY,
            (counts == 1).float(),
            possible.float(),
            one_hot(columns.pending, n_steps + 1)[:, 1:].float(),
            used[:, 1:],
            features[columns.first],
            features[blocks.gather(1, last.unsqueeze(1)).squeeze(1)],
            features[blocks].sum(dim=1),
            torch.stack(places, dim=1),
            one_hot(columns.n_steps, max_steps + 1).float(),
            ((splitmix64(keys).unsqueeze(1) >> shifts) & 1).float() * 2 - 1,
        ],
        dim=1,
    )
