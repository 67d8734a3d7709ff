"""Validity of attachments, for the masks. Knows trees and tables, but no symmetry and no action numbers.

A state is valid only if it can still be finished, so every count below includes the needs of required sites.

Letters: B batch, N nodes, S sites of a fragment, V words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch

from models.domains.molecules.environment.tree_states import NONE, count_nodes, neighbour_slots
from models.domains.molecules.fragments.fragments import MAX_REQUIRED

if TYPE_CHECKING:
    from torch import Tensor

    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.tree_states import TreeColumns


class SizeLimits(NamedTuple):
    """The largest tree that may be built."""

    fragments: int
    heavy_atoms: int


class SiteStates(NamedTuple):
    """State of every site of a batch of trees, for the validity rules."""

    is_open: Tensor  # [B, N, S] bool
    neighbours: Tensor  # [B, N, S] slot at the other end of the bond, or -1
    degree: Tensor  # [B, N] bonds of each node
    site_class: Tensor  # [B, N, S] including attachments to the same atom
    required: Tensor  # [B] uses of required sites still missing
    heavy_atoms: Tensor  # [B]
    room_for_fragments: Tensor  # [B, N, S] required uses that a fragment attached here may still have
    room_for_atoms: Tensor  # [B, N, S, 2] heavy atoms it may bring, by whether it joins with a heteroatom
    is_pointable: Tensor  # [B, N, S] bool: some word fits
    is_stable: Tensor  # [B] bool: no sp3 carbon holds two heteroatoms


class _Bonds(NamedTuple):
    is_site: Tensor  # [B, N, S] bool
    neighbours: Tensor  # [B, N, S]
    is_used: Tensor  # [B, N, S] bool
    to_hetero: Tensor  # [B, N, S] bool
    n_hetero: Tensor  # [B, N, S] heteroatoms attached to the site's atom


class Requirements(NamedTuple):
    """Uses of sites that are still missing."""

    missing: Tensor  # [B, N] required uses
    atoms: Tensor  # [B, N] heavy atoms that meeting them takes at least
    saved: Tensor  # [B, N, S, 2] of them once one more use is met there, by whether with a heteroatom
    satisfies: Tensor  # [B, N, S] bool: using this site meets one


class SiteRules(Protocol):
    """What a design changes about the sites of a tree."""

    def with_root(self, needs: Requirements, columns: TreeColumns, is_used: Tensor) -> Requirements:
        """Return the missing uses with those of the kept part."""
        ...

    def restrict(self, state: SiteStates, columns: TreeColumns, tables: LookupTables) -> SiteStates:
        """Return the state with the sites to point at that the design has."""
        ...


def analyse_sites(
    columns: TreeColumns, tables: LookupTables, limits: SizeLimits, design: SiteRules | None = None
) -> SiteStates:
    """Return the state of every site of a batch of states; a design has rules of its own."""
    state = _free_sites(columns, tables, limits, design)
    return state if design is None else design.restrict(state, columns, tables)


def _free_sites(
    columns: TreeColumns, tables: LookupTables, limits: SizeLimits, design: SiteRules | None
) -> SiteStates:
    exists = columns.fragment != NONE
    fragment = columns.fragment.clamp(min=0)
    bonds = _bonds(columns, tables)
    needs = _needs(columns, bonds, tables)
    if design is not None:
        needs = design.with_root(needs, columns, bonds.is_used)
    heavy_atoms = (tables.heavy_atoms[fragment] * exists).sum(dim=1)
    atoms_left = limits.heavy_atoms - heavy_atoms - needs.atoms.sum(dim=1)
    fragments_left = limits.fragments - count_nodes(columns) - needs.missing.sum(dim=1)
    room_for_atoms = atoms_left[:, None, None, None] + needs.saved * needs.satisfies[..., None]
    room_for_fragments = fragments_left[:, None, None] - 1 + needs.satisfies
    is_sp3, fresh_class = tables.is_sp3[fragment], tables.site_class[fragment]
    site_class = fresh_class | (is_sp3 & (bonds.n_hetero > 0))
    allowance = room_for_fragments.clamp(0, MAX_REQUIRED)[..., None, None]
    cheapest = tables.cheapest[site_class].gather(4, allowance.expand(-1, -1, -1, 2, -1)).squeeze(4)
    has_room = (room_for_fragments >= 0) & (cheapest <= room_for_atoms).any(dim=3)
    is_open = bonds.is_site & ~bonds.is_used
    is_broken = bonds.is_used & is_sp3 & ((bonds.n_hetero > 1) | ((fresh_class % 2 == 1) & bonds.to_hetero))
    return SiteStates(
        is_open=is_open,
        neighbours=bonds.neighbours,
        degree=bonds.is_used.sum(dim=2),
        site_class=site_class,
        required=needs.missing.sum(dim=1),
        heavy_atoms=heavy_atoms,
        room_for_fragments=room_for_fragments,
        room_for_atoms=room_for_atoms,
        is_pointable=is_open & has_room,
        is_stable=~is_broken.any(dim=2).any(dim=1),
    )


def _bonds(columns: TreeColumns, tables: LookupTables) -> _Bonds:
    fragment = columns.fragment.clamp(min=0)
    is_site = tables.is_site[fragment] & (columns.fragment != NONE)[..., None]
    neighbours = neighbour_slots(columns, is_site.shape[2])
    is_used = neighbours != NONE
    is_hetero = tables.is_hetero[fragment].flatten(1)
    to_hetero = is_used & is_hetero.gather(1, neighbours.flatten(1).clamp(min=0)).view_as(is_used)
    n_hetero = (tables.same_atom[fragment] & to_hetero[:, :, None, :]).sum(dim=3)
    return _Bonds(is_site, neighbours, is_used, to_hetero, n_hetero)


def _needs(columns: TreeColumns, bonds: _Bonds, tables: LookupTables) -> Requirements:
    fragment = columns.fragment.clamp(min=0)
    countable = tables.countable[fragment] & bonds.is_site
    required = tables.required[fragment] * (columns.fragment != NONE)
    missing = (required - (bonds.is_used & countable).sum(dim=2)).clamp(min=0)
    least, extra = tables.least_cost[fragment], tables.extra_cost[fragment]
    has_hetero = (bonds.to_hetero & countable).any(dim=2)

    def to_complete(missing: Tensor, has_hetero: Tensor) -> Tensor:
        return missing * least + extra * ((missing > 1) | ((missing > 0) & has_hetero))

    atoms = to_complete(missing, has_hetero)
    one_less = (missing - 1).clamp(min=0)
    after = [to_complete(one_less, has_hetero), to_complete(one_less, torch.ones_like(has_hetero))]
    saved = torch.stack([atoms - left for left in after], dim=2)
    saved = saved[:, :, None].expand(-1, -1, countable.shape[2], -1)
    return Requirements(missing, atoms, saved, countable & (missing > 0)[..., None])


def fitting_words(sites_state: SiteStates, slot: Tensor, tables: LookupTables) -> Tensor:
    """Return which words may be attached to one slot [B] of each tree [B, V]."""
    kind = pointed_class(sites_state, slot)
    return tables.fits[kind] & words_with_room(sites_state, slot, tables)


def pointed_class(sites_state: SiteStates, slot: Tensor) -> Tensor:
    """Return the class of one slot [B] of each tree."""
    return sites_state.site_class.flatten(1)[torch.arange(len(slot), device=slot.device), slot]


def words_with_room(sites_state: SiteStates, slot: Tensor, tables: LookupTables) -> Tensor:
    """Return which words keep to the limits at one slot [B] of each tree [B, V], whatever fits there."""
    rows = torch.arange(len(slot), device=slot.device)
    kind = pointed_class(sites_state, slot)
    room_for_fragments = sites_state.room_for_fragments.flatten(1)[rows, slot]
    room_for_atoms = sites_state.room_for_atoms.flatten(1, 2)[rows, slot]  # [B, 2]
    return (tables.word_required <= room_for_fragments[:, None]) & (
        tables.word_cost[kind] <= room_for_atoms[:, tables.word_is_hetero.long()]
    )


def first_words(tables: LookupTables, limits: SizeLimits) -> Tensor:
    """Return which words may begin a molecule [V]."""
    fragment = tables.word_fragment
    fits = (1 + tables.required <= limits.fragments) & (tables.first_cost <= limits.heavy_atoms)
    return tables.word_is_first & fits[fragment]
