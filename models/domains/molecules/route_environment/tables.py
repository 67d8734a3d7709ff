"""Blocks and steps as tensors, looked up by the environment at every step. It knows no state.

Rows of states count blocks and steps from 1, so row 0 of each table is that of nothing.

Letters: N blocks, S steps, G groups.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

    from models.domains.molecules.reactions.chemistry import Reactions

_NEVER = torch.iinfo(torch.int16).max


@final
@dataclass(frozen=True, slots=True)
class RouteTables:
    """Everything of `Reactions` that masks and encodings read."""

    counts: Tensor  # [1 + N, G] of the groups of each block
    change: Tensor  # [1 + S, G] what a step adds to the summed counts
    needs: Tensor  # [S, G] groups that occur once in the growing molecule, as 0 and 1
    forbids: Tensor  # [S, G] groups that do not occur in it, as 0 and 1
    heavy_atoms: Tensor  # [1 + N]
    lost_atoms: Tensor  # [1 + S]
    least_partner: Tensor  # [S] heavy atoms of the smallest partner; 0 without a partner
    needs_partner: Tensor  # [1 + S]
    is_tracked: Tensor  # [1 + S] whether counts follow from `change`
    most_atoms: Tensor  # [] heavy atoms of the largest block
    open_actions: Tensor  # [1 + S + 1, A] possible partners of each step; the last row are first blocks

    def to(self, device: torch.device) -> RouteTables:
        """Return the tables on a device."""
        moved: dict[str, Any] = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return RouteTables(**moved)


def build(reactions: Reactions) -> RouteTables:
    """Return the tables of a campaign's reactions."""
    n_groups, heavy = len(reactions.groups), torch.from_numpy(reactions.heavy_atoms).to(torch.int16)
    partners = torch.from_numpy(np.ascontiguousarray(reactions.partners, dtype=np.bool_))
    needs_partner = torch.tensor([not step.is_unimolecular for step in reactions.steps], dtype=torch.bool)
    return RouteTables(
        counts=_below_nothing(torch.from_numpy(reactions.counts).float()),
        change=_below_nothing(torch.from_numpy(reactions.change).float()),
        needs=torch.from_numpy(reactions.needs).float().reshape(-1, n_groups),
        forbids=torch.from_numpy(reactions.forbids).float().reshape(-1, n_groups),
        heavy_atoms=_below_nothing(heavy),
        lost_atoms=_below_nothing(torch.from_numpy(reactions.lost_atoms).to(torch.int16)),
        least_partner=torch.where(needs_partner, _least(partners, heavy), 0),
        needs_partner=_below_nothing(needs_partner),
        is_tracked=torch.cat(
            [torch.ones(1, dtype=torch.bool), torch.from_numpy(reactions.is_tracked.astype(np.bool_))]
        ),
        most_atoms=heavy.max(),
        open_actions=_open_actions(partners & needs_partner.unsqueeze(1), heavy <= reactions.max_heavy_atoms),
    )


def _open_actions(partners: Tensor, first: Tensor) -> Tensor:
    """Return the masks [1 + S + 1, A] of blocks among all actions: steps, stopping and blocks."""
    rows = torch.cat([torch.zeros_like(first).unsqueeze(0), partners, first.unsqueeze(0)])
    return torch.nn.functional.pad(rows, (len(partners) + 1, 0))


def _below_nothing(table: Tensor) -> Tensor:
    """Return a table with a row of zeros before it."""
    return torch.cat([torch.zeros_like(table[:1]), table])


def _least(partners: Tensor, heavy: Tensor) -> Tensor:
    """Return the fewest heavy atoms of any partner of each step [S]; more than any limit without partners."""
    if not len(partners):
        return torch.zeros(0, dtype=torch.int16)
    # row by row: a table [S, N] of numbers would take twice the memory of the masks
    least = [int(heavy[row].min()) if bool(row.any()) else _NEVER for row in partners]
    return torch.tensor(least, dtype=torch.int16)
