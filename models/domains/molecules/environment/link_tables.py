"""Linkers: chains of fragments from one end to the other, with masks that never run into a dead end.

Each fragment of the chain is bonded at two of its sites, so a molecule is built in one order only, from the
kept end. Whether a site can still be reached from is a table over the fragments and atoms that are left.

Letters: B batch, N nodes, S sites of a fragment, V words, C site classes, L fragments of a linker.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

from models.domains.molecules.designs.design import joins_end
from models.domains.molecules.environment.tree_states import NONE, count_nodes
from models.domains.molecules.fragments.compatibility import IMPOSSIBLE, is_hetero_class
from models.domains.molecules.fragments.rules import RULES

if TYPE_CHECKING:
    from torch import Tensor

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.tree_states import TreeColumns
    from models.domains.molecules.environment.validity import SiteStates, SizeLimits


@dataclass(frozen=True, slots=True)
class LinkTables:
    """What the next fragment of a linker costs with the cheapest rest, by the fragments that are there."""

    is_hetero: Tensor  # [C] 1 where sites of a class are heteroatoms, else 0
    end: Tensor  # [] the other end among the fragments
    end_word: Tensor  # [] the word that attaches it
    takes_end: Tensor  # [C] bool: which sites of a linker it is bonded to
    cost: Tensor  # [L + 1, 2, V] linker atoms of a word and the rest, by fragments before it and its partner
    site_cost: Tensor  # [L + 1, C] the same of the cheapest word at a site
    root_cost: Tensor  # [] the same at the kept end
    min_fragments: Tensor  # []
    atoms: Tensor  # [] most heavy atoms of the linker

    def to(self, device: torch.device) -> LinkTables:
        """Return the same tables on a device."""
        return LinkTables(**{item.name: getattr(self, item.name).to(device) for item in fields(self)})

    def restrict(self, state: SiteStates, columns: TreeColumns, tables: LookupTables) -> SiteStates:
        """Return the state with the sites of the last fragment from which the other end can be reached."""
        n_before, left, is_linked = self._progress(columns, tables)
        batch, n, n_sites = state.is_open.shape
        last = torch.arange(n, device=left.device) == n_before[:, None]  # [B, N]
        step = n_before.clamp(max=len(self.cost) - 1)
        least = self.site_cost[step[:, None], state.site_class.flatten(1)].view(batch, n, n_sites)
        least = torch.where((n_before == 0)[:, None, None], self.root_cost, least)
        ends_here = self.takes_end[state.site_class] | (n_before == 0)[:, None, None]
        ends_here &= (n_before >= self.min_fragments)[:, None, None]
        reaches = (least <= left[:, None, None]) | ends_here
        passes = last[..., None] & self._passes(state, columns, tables)
        may_point = state.is_open & reaches & passes & ~is_linked[:, None, None]
        return state._replace(is_pointable=may_point, required=(~is_linked).long())

    def fitting_words(self, fits: Tensor, kind: Tensor, columns: TreeColumns, tables: LookupTables) -> Tensor:
        """Return the words [B, V] at pointed sites of these classes [B], of those that fit them [B, V]."""
        n_before, left, _ = self._progress(columns, tables)
        partner = self.is_hetero[kind]
        cost = self.cost[n_before.clamp(max=len(self.cost) - 1), partner]  # [B, V]
        words = fits & (cost <= left[:, None])
        ends_here = (self.takes_end[kind] | (n_before == 0)) & (n_before >= self.min_fragments)
        words[:, self.end_word] = ends_here
        return words

    def _progress(self, columns: TreeColumns, tables: LookupTables) -> tuple[Tensor, Tensor, Tensor]:
        """Return the linker's fragments [B], the atoms it may still have [B], and if the end is there [B]."""
        is_linked = (columns.fragment == self.end).any(dim=1)
        n_before = (count_nodes(columns) - 1 - is_linked.long()).clamp(min=0)
        exists = columns.fragment != NONE
        exists[:, 0] = False
        atoms = (tables.heavy_atoms[columns.fragment.clamp(min=0)] * exists).sum(dim=1)
        atoms = atoms - is_linked * tables.heavy_atoms[self.end]
        return n_before, self.atoms - atoms, is_linked

    @staticmethod
    def _passes(state: SiteStates, columns: TreeColumns, tables: LookupTables) -> Tensor:
        """Return the sites [B, N, S] whose use is the last that their fragment requires."""
        fragment = columns.fragment.clamp(min=0)
        countable = tables.countable[fragment]
        used = ((state.neighbours != NONE) & countable).sum(dim=2)
        return (tables.required[fragment] - used)[..., None] <= countable.long()


def build_link(
    design: Design, first: Tensor, n_free: int, tables: LookupTables, limits: SizeLimits
) -> LinkTables:
    """Return the tables of a linker whose first fragments are the words `first` [V] at the kept end.

    Raises:
        ValueError: if no linker fits the limits.
    """
    linker = design.linker
    assert linker is not None
    end = n_free + 1
    atoms = min(linker.max_atoms, limits.heavy_atoms - design.root.heavy_atoms - design.groups[0].heavy_atoms)
    rules = RULES[design.root.rules]
    kinds = range(rules.n_classes)
    hetero = torch.tensor([int(is_hetero_class(kind, rules)) for kind in kinds])
    takes_end = torch.tensor([joins_end(design, kind) for kind in kinds])
    by_length, sites_by_length = _costs((takes_end, hetero), linker.max_fragments, n_free, tables)
    n_words = len(tables.word_fragment)
    cost = torch.full((linker.max_fragments + 1, 2, n_words), IMPOSSIBLE)
    site_cost = torch.full((linker.max_fragments + 1, rules.n_classes), IMPOSSIBLE)
    for before in range(linker.max_fragments):
        lengths = slice(max(0, linker.min_fragments - before - 1), linker.max_fragments - before)
        cost[before] = by_length[lengths].amin(dim=0)
        site_cost[before] = sites_by_length[lengths.start + 1 : lengths.stop + 1].amin(dim=0)
    root_hetero = int(hetero[tables.site_class[n_free, 0]])
    root_cost = cost[0, root_hetero][first].min() if bool(first.any()) else torch.tensor(IMPOSSIBLE)
    if (int(root_cost) > atoms and linker.min_fragments > 0) or atoms < 0:
        raise ValueError(
            "link: no linker of these fragments joins the ends within max_fragments, max_atoms and "
            "max_heavy_atoms"
        )
    return LinkTables(
        is_hetero=hetero,
        end=torch.tensor(end),
        end_word=tables.first_word[end],
        takes_end=takes_end,
        cost=cost,
        site_cost=site_cost,
        root_cost=root_cost,
        min_fragments=torch.tensor(linker.min_fragments),
        atoms=torch.tensor(atoms),
    )


def _costs(
    classes: tuple[Tensor, Tensor], most: int, n_free: int, tables: LookupTables
) -> tuple[Tensor, Tensor]:
    """Return least linker atoms with exactly k fragments: after a word [L, 2, V], from a site [L + 1, C].

    The word itself is counted and is followed by k more.
    """
    by_length = torch.full((most, 2, len(tables.word_fragment)), IMPOSSIBLE)
    takes_end, hetero = classes
    sites = torch.full((most + 1, len(hetero)), IMPOSSIBLE)
    sites[0][takes_end] = 0
    for length in range(most):
        for partner in (0, 1):
            by_length[length, partner] = _words_then(sites[length], partner, n_free, tables)
        offered = torch.where(tables.fits, by_length[length][hetero], IMPOSSIBLE)  # [C, V]
        sites[length + 1] = offered.amin(dim=1)
    return by_length, sites


def _words_then(rest: Tensor, partner: int, n_free: int, tables: LookupTables) -> Tensor:
    """Return the atoms of each word [V] with the cheapest rest [C] at another of its sites."""
    fragment, own = tables.word_fragment, tables.word_site.clamp(min=0)
    rows = torch.arange(len(fragment))
    kinds, is_site = tables.site_class[fragment], tables.is_site[fragment].clone()
    is_site[rows, own] = False
    flips = tables.is_sp3[fragment] & tables.same_atom[fragment, own] & bool(partner)
    countable = tables.countable[fragment].long()
    missing = tables.required[fragment][:, None] - countable[rows, own][:, None] - countable
    is_way = is_site & (missing <= 0)
    least = torch.where(is_way, rest[kinds | flips], IMPOSSIBLE).amin(dim=1)
    is_free = (tables.word_site >= 0) & (fragment < n_free)
    total = tables.heavy_atoms[fragment] + least
    return torch.where(is_free, total.clamp(max=IMPOSSIBLE), IMPOSSIBLE)
