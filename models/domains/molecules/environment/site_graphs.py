"""Fragment trees as graphs of sites, for a policy that passes messages between them.

Letters: B batch, N nodes, S sites of a fragment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.domains.molecules.environment.tree_states import NONE, neighbour_slots
from models.gflownet.structures import Graph

if TYPE_CHECKING:
    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.environment.tree_states import TreeColumns

N_SITE_STATES = 3
"""A site is open, attached or pointed at."""


def graph_of(columns: TreeColumns, tables: LookupTables) -> Graph:
    """Return the graphs of trees [B]."""
    exists, fragment = columns.fragment != NONE, columns.fragment.clamp(min=0)
    across = neighbour_slots(columns, tables.is_site.shape[1])  # [B, N, S]
    is_site = tables.is_site[fragment] & exists[..., None]
    n, n_sites = across.shape[1:]
    slots = torch.arange(n * n_sites, device=across.device).view(n, n_sites)
    is_pointed = slots == columns.pointed[:, None, None]
    holds = (across != NONE).long() + 2 * is_pointed
    kinds = 1 + N_SITE_STATES * tables.word_of_site[fragment] + holds
    return Graph(
        nodes=columns.fragment + 1,
        sites=torch.where(is_site, kinds, 0),
        across=across + 1,
        relations=tables.relation[fragment] * exists[..., None, None],
    )
