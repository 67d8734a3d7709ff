"""Policy inputs of a tree and its slots, invariant to node numbering and site symmetry.

Sums, counts and substitution patterns over the tree make it general; a few bits of the invariant hashes let
a policy learn the exceptions of a small space by heart.

Letters: B batch, N nodes, S sites of a fragment, K = N · S slots, D and E widths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.domains.molecules.environment import patterns
from models.domains.molecules.environment.hashing import splitmix64
from models.domains.molecules.environment.lookup_tables import N_DESCRIPTORS
from models.domains.molecules.environment.tree_states import NONE, RootedHashes, TreeColumns, count_nodes

if TYPE_CHECKING:
    from torch import Tensor

    from models.domains.molecules.environment.leaves import Leaves
    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.patterns import Patterns
    from models.domains.molecules.environment.validity import SiteStates, SizeLimits

N_STATE_BITS = 16
N_SLOT_BITS = 8
N_COUNTS = 8
SLOT_SIGNS = slice(-patterns.SLOT_WIDTH - N_SLOT_BITS, -patterns.SLOT_WIDTH)
SLOT_PATTERNS = slice(-patterns.SLOT_WIDTH, None)
"""Columns of a slot's features."""


def slot_width(n_environments: int) -> int:
    """Return E."""
    return 2 + 2 * N_DESCRIPTORS + n_environments + 1 + 3 + N_SLOT_BITS + patterns.SLOT_WIDTH


def encoding_width(n_fragments: int, n_environments: int) -> int:
    """Return D."""
    return (
        n_fragments
        + 2 * N_DESCRIPTORS
        + 3 * n_environments
        + 1
        + N_COUNTS
        + N_SLOT_BITS
        + patterns.WIDTH
        + N_STATE_BITS
    )


def columns(n_fragments: int, n_environments: int) -> dict[str, slice]:
    """Return which columns of D hold patterns and which signs of hashes, by name."""
    end = encoding_width(n_fragments, n_environments)
    signs = end - N_STATE_BITS
    start = signs - patterns.WIDTH
    return {
        "signs of the pointed site": slice(start - N_SLOT_BITS, start),
        "patterns": slice(start, signs),
        "signs of the state": slice(signs, end),
    }


def bits(hashes: Tensor, n: int) -> Tensor:
    """Return n pseudo-random signs of each hash [..., n]."""
    shifts = torch.arange(n, device=hashes.device)
    return ((splitmix64(hashes)[..., None] >> (shifts + 7)) & 1).float() * 2 - 1


def encode_states(
    columns: TreeColumns,
    seen: RootedHashes,
    sites_state: SiteStates,
    tables: LookupTables,
    limits: SizeLimits,
    found: Patterns,
) -> Tensor:
    """Return the policy's input without the signs of the state, and without the descriptors of `finish`."""
    counts = torch.zeros(len(columns.final), len(tables.heavy_atoms), device=columns.final.device)
    counts.scatter_add_(1, columns.fragment.clamp(min=0), (columns.fragment != NONE).float())
    n_nodes = count_nodes(columns)
    numbers = [
        n_nodes / limits.fragments,
        1 - sites_state.heavy_atoms / limits.heavy_atoms,
        sites_state.heavy_atoms / 20,
        sites_state.is_open.flatten(1).sum(dim=1) / 10,
        sites_state.required / 2,
        (n_nodes == 0).float(),
        (columns.pointed != NONE).float(),
        columns.final.float(),
    ]
    return torch.cat(
        [
            counts,
            counts.new_zeros(len(counts), N_DESCRIPTORS),
            _environment_counts(sites_state.site_class, sites_state.neighbours != NONE, tables),
            _environment_counts(sites_state.site_class, sites_state.is_pointable, tables),
            torch.stack(numbers, dim=1),
            _pointed_site(columns, seen, sites_state, tables),
            found.tree / 2,
        ],
        dim=1,
    )


def with_signs(encoded: Tensor, names: Tensor) -> Tensor:
    """Return what `encode_states` returned with the signs of the states' names [B] beside it [B, D]."""
    return torch.cat([encoded, bits(names, N_STATE_BITS)], dim=1)


def finish(encoded: Tensor, tables: LookupTables) -> Tensor:
    """Add the descriptors summed over the tree to encodings [B, D] in place, and return it.

    Only this product may round a row differently in another batch, so it is not cached per row.
    """
    n_fragments = len(tables.descriptors)
    counts = encoded[:, :n_fragments].contiguous()
    encoded[:, n_fragments : n_fragments + N_DESCRIPTORS] = counts @ tables.descriptors / 3
    return encoded


def _pointed_site(
    columns: TreeColumns, seen: RootedHashes, sites_state: SiteStates, tables: LookupTables
) -> Tensor:
    slot = columns.pointed.clamp(min=0)
    rows = torch.arange(len(slot), device=slot.device)
    fragment = columns.fragment.clamp(min=0)[rows, slot // seen.site.shape[2]]
    kind, view = sites_state.site_class.flatten(1)[rows, slot], seen.site.flatten(1)[rows, slot]
    features = torch.cat(
        [tables.descriptors[fragment], tables.class_features[kind], bits(view, N_SLOT_BITS)], dim=1
    )
    return features * (columns.pointed != NONE)[:, None]


def encode_slots(
    columns: TreeColumns,
    seen: RootedHashes,
    sites_state: SiteStates,
    leaves: Leaves,
    tables: LookupTables,
    found: Patterns,
) -> Tensor:
    """Return the features of every open site and of every leaf's attachment [B, K, E]; zeros elsewhere."""
    exists = columns.fragment != NONE
    fragment = columns.fragment.clamp(min=0)
    used = sites_state.neighbours != NONE
    n_sites = used.shape[2]
    hangs = leaves.site[..., None] == torch.arange(n_sites, device=used.device)
    at_leaf = leaves.exists[..., None] & hangs  # [B, N, S]
    descriptors = tables.descriptors[fragment] * exists[..., None]  # [B, N, E]
    neighbour = sites_state.neighbours.clamp(min=0) // n_sites
    around = descriptors.gather(1, neighbour.flatten(1)[..., None].expand(-1, -1, N_DESCRIPTORS))
    around = (around.reshape(*used.shape, N_DESCRIPTORS) * used[..., None]).sum(dim=2)  # [B, N, E]
    identity = torch.where(at_leaf, leaves.signature[..., None], seen.site)
    numbers = torch.stack(
        [sites_state.degree / 3, tables.required[fragment] / 2, sites_state.is_pointable.sum(dim=2) / 5],
        dim=2,
    )
    whole = torch.cat([descriptors, around, numbers], dim=2)[:, :, None].expand(-1, -1, n_sites, -1)
    flags = torch.stack([sites_state.is_open, at_leaf], dim=3).float()
    features = torch.cat(
        [
            flags,
            whole,
            tables.class_features[sites_state.site_class],
            bits(identity, N_SLOT_BITS),
            found.slots,
        ],
        dim=3,
    )
    return (features * (sites_state.is_open | at_leaf)[..., None]).flatten(1, 2)


def _environment_counts(kind: Tensor, counted: Tensor, tables: LookupTables) -> Tensor:
    counts = torch.zeros(len(kind), tables.n_environments, device=kind.device)
    return counts.scatter_add_(1, kind.flatten(1) // 2, counted.flatten(1).float() / 2)
