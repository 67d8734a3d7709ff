"""Leaves of trees: their orbits under symmetry, and the slot by which each may be removed.

Letters: B batch, N nodes, S sites of a fragment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from models.domains.molecules.environment.hashing import splitmix64
from models.domains.molecules.environment.tree_states import NONE, attachment_sites, first_of_each

if TYPE_CHECKING:
    from torch import Tensor

    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.tree_states import RootedHashes, TreeColumns
    from models.domains.molecules.environment.validity import SiteStates


class Leaves(NamedTuple):
    """The leaves of a batch of trees."""

    exists: Tensor  # [B, N] bool
    first: Tensor  # [B, N] bool: the first leaf of each orbit
    site: Tensor  # [B, N] the site by which each node, leaf or not, hangs on the rest; 0 where there is none
    slot: Tensor  # [B, N] its slot
    signature: (
        Tensor  # [B, N] hashes that are equal exactly for leaves whose removal gives the same pointed tree
    )


def find_leaves(
    columns: TreeColumns,
    seen: RootedHashes,
    sites_state: SiteStates,
    tables: LookupTables,
    *,
    keeps_root: bool = False,
) -> Leaves:
    """Return the leaves of a batch of trees, with `keeps_root` without the first node."""
    exists = (columns.fragment != NONE) & (sites_state.degree <= 1)
    if keeps_root:
        exists[:, 0] = False
    site = attachment_sites(columns).clamp(min=0)
    rest = seen.beyond.gather(2, site[..., None]).squeeze(2)
    signature = splitmix64(rest + tables.word_hash[tables.word_of_site[columns.fragment.clamp(min=0), site]])
    n, n_sites = seen.site.shape[1:]
    slot = torch.arange(0, n * n_sites, n_sites, device=site.device) + site
    return Leaves(exists, first_of_each(signature, exists), site, slot, signature)
