"""Substitution patterns of a tree: what is attached where around a fragment, as counts a network can share.

Three kinds of pattern are counted: both ends of a bond; two attachments of one fragment with their relation
(ortho, meta, para); and both ends of a bond, each with what else its fragment holds. A pattern is a sum of
hashes over what it consists of, so neither numbering nor symmetry matters. Counts are hashed into a fixed
width with random signs (feature hashing, arXiv:0902.2206): equal patterns always meet in one number.

Letters: B batch, N nodes, S sites of a fragment, K = N · S slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from models.domains.molecules.environment.hashing import ARRIVAL, LEAF, POINTED, POSITION, splitmix64
from models.domains.molecules.environment.tree_states import NONE

if TYPE_CHECKING:
    from torch import Tensor

    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.tree_states import TreeColumns

N_BONDS = 64
N_PAIRS = 128
N_SURROUNDINGS = 64
WIDTH = N_BONDS + N_PAIRS + N_SURROUNDINGS
SLOT_WIDTH = 24


class Patterns(NamedTuple):
    """Patterns of each tree, and of each of its slots."""

    tree: Tensor
    """[B, WIDTH]."""
    slots: Tensor
    """[B, N, S, SLOT_WIDTH]: what else the fragment of each site holds, by its relation to the site."""


def find_patterns(columns: TreeColumns, neighbours: Tensor, tables: LookupTables) -> Patterns:
    """Return the patterns of trees with these slots at the other ends of bonds [B, N, S], -1 for none."""
    n, n_sites = neighbours.shape[1:]
    fragment = columns.fragment.clamp(min=0)
    word = splitmix64(tables.site_hash[fragment] + LEAF)  # [B, N, S]
    is_attached = neighbours != NONE
    partner = word.flatten(1).gather(1, neighbours.clamp(min=0).flatten(1)).view_as(neighbours)
    slots = torch.arange(n * n_sites, device=fragment.device).view(n, n_sites)
    is_pointed = slots == columns.pointed[:, None, None]
    held = torch.where(is_pointed, POINTED, partner)  # [B, N, S]
    is_held = is_attached | is_pointed
    relation = tables.relation[fragment]  # [B, N, S, S]
    seen = splitmix64(splitmix64(relation + POSITION) + held[:, :, None, :])  # site t as site s sees it
    apart = ~torch.eye(n_sites, dtype=torch.bool, device=fragment.device)
    is_seen = is_held[:, :, None, :] & apart  # [B, N, S, S]
    is_pair = is_seen & is_held[..., None] & apart.triu()
    view = splitmix64(seen + held[..., None])
    pair = view + view.transpose(2, 3)
    around = torch.where(is_seen, seen, 0).sum(dim=3)  # [B, N, S]
    end = splitmix64(splitmix64(word + around) + ARRIVAL)
    beyond = end.flatten(1).gather(1, neighbours.clamp(min=0).flatten(1)).view_as(neighbours)
    beyond = torch.where(is_pointed, POINTED, beyond)
    tree = [
        counts(splitmix64(word + held).flatten(1), is_held.flatten(1), N_BONDS),
        counts(splitmix64(pair).flatten(1), is_pair.flatten(1), N_PAIRS),
        counts(splitmix64(end + beyond).flatten(1), is_held.flatten(1), N_SURROUNDINGS),
    ]
    of_slots = counts(seen, is_seen, SLOT_WIDTH)
    return Patterns(torch.cat(tree, dim=1), of_slots)


def counts(hashes: Tensor, is_counted: Tensor, width: int) -> Tensor:
    """Return signed counts [..., width] of hashes [..., n]."""
    index = (hashes >> 8).remainder(width)
    sign = ((hashes >> 7) & 1) * 2 - 1
    total = torch.zeros(*hashes.shape[:-1], width, device=hashes.device)
    return total.scatter_add_(-1, index, (sign * is_counted).float())
