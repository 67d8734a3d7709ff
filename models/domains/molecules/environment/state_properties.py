"""All properties of a state that an environment needs, computed together because they share hashes.

Letters: B batch, N nodes, S sites of a fragment, K = N · S slots, A forward and R backward actions, D and E
widths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn.functional import pad

from models.domains.molecules.environment import encoding, tree_states
from models.domains.molecules.environment.leaves import Leaves, find_leaves
from models.domains.molecules.environment.patterns import find_patterns
from models.domains.molecules.environment.tree_states import NONE, RootedHashes, TreeColumns, split
from models.domains.molecules.environment.validity import SiteStates, analyse_sites, fitting_words

if TYPE_CHECKING:
    from torch import Tensor

    from models.domains.molecules.environment.design_tables import DesignTables
    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.validity import SizeLimits


class StateProperties(NamedTuple):
    """Properties of each state of a batch; a row depends on that row alone, to the last bit."""

    name: Tensor  # [B] 64-bit, up to isomorphism
    forward_mask: Tensor  # [B, A] bool
    backward_mask: Tensor  # [B, R] bool
    encoding: Tensor  # [B, D] without what `encoding.finish` adds
    slots: Tensor  # [B, K, E]
    last_added_slot: Tensor  # [B] the slot that stands for removing the node added last
    open_view: Tensor  # [B, K] the tree rooted at each open site, zero elsewhere


def compute(
    states: Tensor,
    tables: LookupTables,
    limits: SizeLimits,
    first_words: Tensor,
    design: DesignTables | None = None,
) -> StateProperties:
    """Return the properties of states [B, W], given the words that may begin a molecule [V]."""
    whole = split(states)
    # Rows of a batch grow together, so late nodes are mostly empty.
    columns = whole.first(max(1, int((whole.fragment != NONE).any(dim=0).sum())))
    missing_nodes = whole.fragment.shape[1] - columns.fragment.shape[1]
    n_missing = missing_nodes * tables.is_site.shape[1]
    seen = tree_states.rooted_hashes(columns, tables)
    sites_state = analyse_sites(columns, tables, limits, design)
    name = tree_states.name(columns, seen, missing_nodes)
    leaves = find_leaves(columns, seen, sites_state, tables, keeps_root=design is not None)
    found = find_patterns(columns, sites_state.neighbours, tables)
    encoded = encoding.encode_states(columns, seen, sites_state, tables, limits, found)
    slots = encoding.encode_slots(columns, seen, sites_state, leaves, tables, found)
    return StateProperties(
        name=name,
        forward_mask=_forward_mask(columns, seen, sites_state, tables, (first_words, design), n_missing),
        backward_mask=_backward_mask(columns, leaves, sites_state, n_missing),
        encoding=encoding.with_signs(encoded, name),
        slots=pad(slots, (0, 0, 0, n_missing)),
        last_added_slot=_last_added_slot(columns, leaves),
        open_view=pad((seen.site * sites_state.is_open).flatten(1), (0, n_missing)),
    )


def _forward_mask(
    columns: TreeColumns,
    seen: RootedHashes,
    sites_state: SiteStates,
    tables: LookupTables,
    beginning: tuple[Tensor, DesignTables | None],
    n_missing: int,
) -> Tensor:
    """Return one open site per orbit, the words that fit, stopping [B, A]."""
    first_words, design = beginning
    is_empty, is_pointed, is_final = (
        columns.fragment[:, 0] == NONE,
        columns.pointed != NONE,
        columns.final == 1,
    )
    is_growing = ~is_empty & ~is_pointed & ~is_final
    slots = tree_states.first_of_each(seen.site.flatten(1), sites_state.is_pointable.flatten(1))
    if design is None:
        words = fitting_words(sites_state, columns.pointed.clamp(min=0), tables)
    else:
        words = design.fitting_words(sites_state, columns, tables)
    words = torch.where((is_empty & ~is_final)[:, None], first_words, words & is_pointed[:, None])
    stop = is_growing & (sites_state.required == 0)
    return torch.cat([pad(slots & is_growing[:, None], (0, n_missing)), words, stop[:, None]], dim=1)


def _backward_mask(columns: TreeColumns, leaves: Leaves, sites_state: SiteStates, n_missing: int) -> Tensor:
    """Return one leaf per orbit, or the last step [B, R]."""
    is_pointed, is_final = columns.pointed != NONE, columns.final == 1
    slots = torch.zeros_like(sites_state.is_open.flatten(1))
    slots.scatter_(1, leaves.slot, leaves.first & ~(is_pointed | is_final)[:, None])
    is_built = columns.fragment[:, 0] != NONE
    last = [is_pointed[:, None], (is_final & is_built)[:, None]]
    return torch.cat([pad(slots, (0, n_missing)), *last], dim=1)


def _last_added_slot(columns: TreeColumns, leaves: Leaves) -> Tensor:
    node = (tree_states.count_nodes(columns) - 1).clamp(min=0)
    is_same = leaves.first & (leaves.signature == leaves.signature.gather(1, node[:, None]))
    slot = leaves.slot.gather(1, is_same.long().argmax(dim=1)[:, None]).squeeze(1)
    return torch.where(node == 0, 0, slot)
