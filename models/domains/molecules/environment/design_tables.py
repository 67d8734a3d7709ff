"""A design as tensors: which words each site of the kept part takes, and what its open sites still cost.

The kept part is the first node of every tree. Its sites have lists of words instead of the rules of
fragments.

Letters: B batch, N nodes, S sites of a fragment, V words, C site classes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

from models.domains.molecules.designs.design import may_bond
from models.domains.molecules.environment.link_tables import LinkTables, build_link
from models.domains.molecules.environment.tree_states import NONE
from models.domains.molecules.environment.validity import pointed_class, words_with_room
from models.domains.molecules.fragments.compatibility import IMPOSSIBLE
from models.domains.molecules.fragments.fragments import MAX_REQUIRED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.tree_states import TreeColumns
    from models.domains.molecules.environment.validity import Requirements, SiteStates, SizeLimits
    from models.domains.molecules.fragments.fragments import Fragment


@dataclass(frozen=True, slots=True)
class DesignTables:
    """What differs from the rules of fragments at the first node, and along a linker."""

    words: Tensor  # [S, V] bool: the words of each site of the kept part
    must: Tensor  # [S] bool: sites that may not stay open
    cost: Tensor  # [S] heavy atoms of the smallest word of each such site
    cheapest: Tensor  # [S, 2, MAX_REQUIRED + 1] least atoms by kind of word and uses it may still require
    root: Tensor  # [] the kept part among the fragments
    link: LinkTables | None

    def to(self, device: torch.device) -> DesignTables:
        """Return the same tables on a device."""
        names = [item.name for item in fields(self) if item.name != "link"]
        link = None if self.link is None else self.link.to(device)
        return DesignTables(**{name: getattr(self, name).to(device) for name in names}, link=link)

    def with_root(self, needs: Requirements, columns: TreeColumns, is_used: Tensor) -> Requirements:
        """Return the missing uses with those of the kept part; `is_used` [B, N, S]."""
        missing = self.must & ~is_used[:, 0] & (columns.fragment[:, :1] != NONE)  # [B, S]
        first = torch.zeros_like(needs.missing)
        first[:, 0] = 1
        saved, satisfies = needs.saved.clone(), needs.satisfies.clone()
        saved[:, 0], satisfies[:, 0] = self.cost[:, None], missing
        return needs._replace(
            missing=needs.missing + first * missing.sum(dim=1, keepdim=True),
            atoms=needs.atoms + first * (missing * self.cost).sum(dim=1, keepdim=True),
            saved=saved,
            satisfies=satisfies,
        )

    def restrict(self, state: SiteStates, columns: TreeColumns, tables: LookupTables) -> SiteStates:
        """Return the state with the sites to point at that this design has."""
        room = state.room_for_fragments[:, 0]  # [B, S]
        allowance = room.clamp(0, MAX_REQUIRED)[:, :, None, None].expand(-1, -1, 2, -1)
        least = self.cheapest.expand(len(room), -1, -1, -1).gather(3, allowance).squeeze(3)  # [B, S, 2]
        has_room = (room >= 0) & (least <= state.room_for_atoms[:, 0]).any(dim=2)
        is_pointable = state.is_pointable.clone()
        is_pointable[:, 0] = state.is_open[:, 0] & has_room
        state = state._replace(is_pointable=is_pointable)
        return state if self.link is None else self.link.restrict(state, columns, tables)

    def fitting_words(self, state: SiteStates, columns: TreeColumns, tables: LookupTables) -> Tensor:
        """Return which words may be attached to the pointed site of each tree [B, V]."""
        n_sites = state.is_open.shape[2]
        slot = columns.pointed.clamp(min=0)
        kind = pointed_class(state, slot)
        own = self.words[slot.clamp(max=n_sites - 1)]
        fits = torch.where((slot < n_sites)[:, None], own, tables.fits[kind])
        if self.link is not None:
            return self.link.fitting_words(fits, kind, columns, tables)
        return fits & words_with_room(state, slot, tables)


def build_design(
    design: Design, fragments: Sequence[Fragment], n_free: int, tables: LookupTables, limits: SizeLimits
) -> DesignTables:
    """Return the tables of a design whose kept part is fragment `n_free`, before its substituents.

    Raises:
        ValueError: if some position has nothing that fits the limits.
    """
    words = _words(design, fragments, n_free, tables)
    kinds = tables.site_class[n_free]  # [S]
    must = torch.zeros(len(words), dtype=torch.bool)
    cost = torch.zeros(len(words), dtype=torch.int64)
    for site, position in enumerate(design.positions):
        if design.linker is None and not position.may_stay_open:
            must[site] = True
            cost[site] = _least(words[site], tables.word_cost[kinds[site]], tables)
    n_musts, atoms = int(must.sum()), int(cost.sum())
    root_atoms = design.root.heavy_atoms
    if design.linker is None and root_atoms + atoms > limits.heavy_atoms:
        raise ValueError(
            f"max_heavy_atoms: the smallest molecule of this design has {root_atoms + atoms} heavy atoms, "
            f"more than {limits.heavy_atoms}"
        )
    if design.linker is None and 1 + n_musts > limits.fragments:
        raise ValueError(f"max_fragments: {n_musts} positions must be filled")
    return DesignTables(
        words=words,
        must=must,
        cost=cost,
        cheapest=_cheapest(words, kinds, tables),
        root=torch.tensor(n_free),
        link=build_link(design, words[0], n_free, tables, limits) if design.linker is not None else None,
    )


def _words(design: Design, fragments: Sequence[Fragment], n_free: int, tables: LookupTables) -> Tensor:
    n_sites, n_words = tables.is_site.shape[1], len(tables.word_fragment)
    words = torch.zeros(n_sites, n_words, dtype=torch.bool)
    owners = list(zip(tables.word_fragment.tolist(), tables.word_site.tolist(), strict=True))
    for site, position in enumerate(design.positions):
        for index, (owner, own_site) in enumerate(owners):
            if position.groups is not None:
                words[site, index] = owner - n_free - 1 in position.groups
            elif owner < n_free and own_site >= 0:
                part = fragments[owner]
                words[site, index] = may_bond(
                    design, site, part.environments[own_site], carbon_only=part.carbon_only[own_site]
                )
        if design.linker is None and not position.may_stay_open and position.groups is None:
            words[site] &= _needs_no_detour(
                words[site], tables.word_cost[tables.site_class[n_free, site]], tables
            )
    return words


def _needs_no_detour(words: Tensor, cost: Tensor, tables: LookupTables) -> Tensor:
    """Return the words [V] that cost no less than the smallest that needs no further fragment.

    What an open site still costs is then one fragment with a known number of atoms, as the masks need it.
    """
    return cost >= _least(words, cost, tables)


def _least(words: Tensor, cost: Tensor, tables: LookupTables) -> int:
    """Return the least heavy atoms of a word that needs no further fragment."""
    fitting = words & (tables.word_required == 0)
    return int(cost[fitting].min()) if bool(fitting.any()) else IMPOSSIBLE


def _cheapest(words: Tensor, kinds: Tensor, tables: LookupTables) -> Tensor:
    cheapest = torch.full((len(words), 2, MAX_REQUIRED + 1), IMPOSSIBLE)
    for site, index in words.nonzero().tolist():
        kind = int(tables.word_is_hetero[index])
        chosen = cheapest[site, kind, int(tables.word_required[index]) :]
        chosen.clamp_(max=int(tables.word_cost[kinds[site], index]))
    return cheapest
