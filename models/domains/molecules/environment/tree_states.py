"""Fragment trees as rows of integers: layout, growing, pruning, and hashing up to symmetry.

A row holds, for each of N nodes, its fragment, its parent node, the parent's site and its own site (-1 where
there is none), then the slot pointed at (-1) and whether the molecule is finished. Nodes are ordered so that
every parent precedes its children. A slot is a site of a node: node · S + site. Knows no rule of chemistry.

Letters: B batch, N nodes, S sites of a fragment, K = N · S slots, P permutations, W = 4 N + 2 columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from models.domains.molecules.environment.hashing import ARRIVAL, FINAL, OPEN, PAD, POINTED, splitmix64

if TYPE_CHECKING:
    from models.domains.molecules.environment.lookup_tables import LookupTables

NONE = -1


class TreeColumns(NamedTuple):
    """The parts of a row, as views."""

    fragment: Tensor  # [B, N]
    parent: Tensor  # [B, N]
    parent_site: Tensor  # [B, N]
    own_site: Tensor  # [B, N]
    pointed: Tensor  # [B]
    final: Tensor  # [B]

    def first(self, n: int) -> TreeColumns:
        """Return the columns of the first n nodes; the others must be empty."""
        return TreeColumns(*(column[:, :n] for column in self[:4]), self.pointed, self.final)


class RootedHashes(NamedTuple):
    """Hashes that are equal exactly for parts related by a symmetry of the tree (up to collisions)."""

    site: Tensor
    """[B, N, S]: the tree rooted at each site."""
    beyond: Tensor
    """[B, N, S]: what is attached at each site."""
    node: Tensor
    """[B, N]: the tree rooted at each node."""


def split(states: Tensor) -> TreeColumns:
    """Return the parts of rows [B, W]."""
    n = (states.shape[1] - 2) // 4
    fragment, parent, parent_site, own_site = (states[:, start * n : (start + 1) * n] for start in range(4))
    return TreeColumns(fragment, parent, parent_site, own_site, states[:, -2], states[:, -1])


def merge(columns: TreeColumns) -> Tensor:
    """Return rows [B, W]: the inverse of `split`."""
    blocks = torch.cat([columns.fragment, columns.parent, columns.parent_site, columns.own_site], dim=1)
    return torch.cat([blocks, columns.pointed[:, None], columns.final[:, None]], dim=1)


def count_nodes(columns: TreeColumns) -> Tensor:
    """Return the number of nodes [B]."""
    return (columns.fragment != NONE).sum(dim=1)


def neighbour_slots(columns: TreeColumns, n_sites: int) -> Tensor:
    """Return, for every slot, the slot across its bond [B, N, S], or -1 for an open site or none."""
    batch, n = columns.fragment.shape
    child = columns.parent != NONE  # [B, N]
    own = torch.arange(n, device=child.device) * n_sites + columns.own_site
    up = columns.parent * n_sites + columns.parent_site
    spare = n * n_sites
    table = torch.full((batch, spare + 1), NONE, device=child.device)
    table.scatter_(1, torch.where(child, own, spare), torch.where(child, up, NONE))
    table.scatter_(1, torch.where(child, up, spare), torch.where(child, own, NONE))
    return table[:, :spare].reshape(batch, n, n_sites)


def attachment_sites(columns: TreeColumns) -> Tensor:
    """Return the site that attaches each node [B, N]; for the root, the site of its first child."""
    first_child = columns.parent_site[:, 1] if columns.fragment.shape[1] > 1 else columns.own_site[:, 0]
    return torch.cat([first_child[:, None], columns.own_site[:, 1:]], dim=1)


def grow(states: Tensor, fragment: Tensor, site: Tensor, n_sites: int) -> Tensor:
    """Return the trees with a fragment [B] attached by its site [B] to the pointed slot, or as root."""
    states = states.clone()
    columns = split(states)
    rows = torch.arange(len(states), device=states.device)
    # A full tree also passes through when its row takes another action; the result is discarded.
    node = count_nodes(columns).clamp(max=columns.fragment.shape[1] - 1)
    is_first = node == 0
    columns.fragment[rows, node] = fragment
    columns.parent[rows, node] = torch.where(is_first, NONE, columns.pointed // n_sites)
    columns.parent_site[rows, node] = torch.where(is_first, NONE, columns.pointed % n_sites)
    columns.own_site[rows, node] = torch.where(is_first, NONE, site)
    columns.pointed[:] = NONE
    return states


def prune(states: Tensor, node: Tensor, n_sites: int) -> Tensor:
    """Return the trees without a leaf [B], pointing at its former slot.

    When the root is removed, its only neighbour (always node 1, since parents precede children) becomes the
    root.
    """
    columns = split(states)
    n = columns.fragment.shape[1]
    rows = torch.arange(len(states), device=states.device)
    is_root = node == 0
    has_rest = count_nodes(columns) > 1
    next_node = min(1, n - 1)
    kept_node = torch.where(is_root, 0, columns.parent[rows, node])
    kept_site = torch.where(is_root, columns.own_site[:, next_node], columns.parent_site[rows, node])
    order = torch.arange(n, device=states.device).expand(len(states), n)
    source = order + (order >= node[:, None])
    is_past = source >= n
    blocks = torch.stack(columns[:4], dim=1)  # [B, 4, N]
    blocks = blocks.gather(2, source.clamp(max=n - 1)[:, None].expand(-1, 4, -1))
    blocks = torch.where(is_past[:, None], NONE, blocks)
    fragment, parent, parent_site, own_site = blocks.unbind(1)
    parent = parent - (parent > node[:, None]).long()
    becomes_root = is_root[:, None] & (order == 0)
    parent, parent_site, own_site = (
        torch.where(becomes_root, NONE, c) for c in (parent, parent_site, own_site)
    )
    kept_node = kept_node - (kept_node > node).long()
    pointed = torch.where(has_rest, kept_node * n_sites + kept_site, NONE)
    return merge(TreeColumns(fragment, parent, parent_site, own_site, pointed, columns.final))


def rooted_hashes(columns: TreeColumns, tables: LookupTables) -> RootedHashes:
    """Return the hashes of every tree, in two passes over the bonds: towards the root, then away from it."""
    fragment = columns.fragment
    exists, index = fragment != NONE, fragment.clamp(min=0)
    position, arrival = tables.position[index], tables.arrival[index]  # [B, N, P, S]
    colour = tables.colour[fragment]  # [B, N]
    content = _attached(columns, position, colour, tables)
    terms = splitmix64(content[:, :, None, :] + position)  # [B, N, P, S]
    whole = terms.sum(dim=3, keepdim=True) + colour[:, :, None, None]
    site = splitmix64(whole - terms + arrival).amin(dim=2)  # [B, N, S]
    node = torch.where(exists, splitmix64(whole.squeeze(3)).amin(dim=2), 0)  # [B, N]
    return RootedHashes(site, content, node)


def _attached(columns: TreeColumns, position: Tensor, colour: Tensor, tables: LookupTables) -> Tensor:
    """Return the hash of the attachment at every site [B, N, S]: a branch, an open end, or none."""
    batch, n = columns.fragment.shape
    exists = columns.fragment != NONE
    content = torch.where(tables.is_site[columns.fragment.clamp(min=0)] & exists[..., None], OPEN, PAD)
    n_sites = content.shape[2]
    spare = n * n_sites
    slots = torch.arange(spare, device=colour.device).reshape(n, n_sites)
    content = torch.where(slots == columns.pointed[:, None, None], POINTED, content)
    # An extra slot absorbs the writes of rows without this node.
    flat = torch.nn.functional.pad(content.flatten(1), (0, 1))
    content = flat[:, :spare].view(batch, n, n_sites)
    child = columns.parent != NONE  # [B, N]
    up, up_site = columns.parent.clamp(min=0), columns.parent_site.clamp(min=0)
    own_site = columns.own_site.clamp(min=0)
    own = torch.where(child, torch.arange(0, spare, n_sites, device=up.device) + own_site, spare)
    above = torch.where(child, up * n_sites + up_site, spare)

    def seen(inside: Tensor, site: Tensor, position: Tensor, colour: Tensor) -> Tensor:
        inside = inside.scatter(1, site, ARRIVAL)  # [B, S]
        terms = splitmix64(inside[:, None, :] + position)  # [B, P, S]
        return splitmix64(terms.sum(dim=2) + colour).amin(dim=1, keepdim=True)

    for node in range(n - 1, 0, -1):
        here = slice(node, node + 1)
        branch = seen(content[:, node], own_site[:, here], position[:, node], colour[:, here])
        flat.scatter_(1, above[:, here], branch)
    rows = torch.arange(batch, device=colour.device)
    for node in range(1, n):
        here, parent = slice(node, node + 1), (rows, up[:, node])
        rest = seen(content[parent], up_site[:, here], position[parent], colour[parent][:, None])
        flat.scatter_(1, own[:, here], rest)
    return content


def name(columns: TreeColumns, seen: RootedHashes, n_missing: int) -> Tensor:
    """Return a 64-bit key of each state [B], invariant to node numbering and site symmetry.

    `n_missing` nodes, which every row leaves empty, are not among the columns.
    """
    parts = [
        torch.nn.functional.pad(seen.node, (0, n_missing)) + FINAL,
        (columns.final + FINAL)[:, None],
        count_nodes(columns)[:, None],
    ]
    return splitmix64(splitmix64(torch.cat(parts, dim=1)).sum(dim=1))


def first_of_each(signature: Tensor, allowed: Tensor) -> Tensor:
    """Return which allowed entries [B, K] are the first with their signature."""
    equal = signature[:, :, None] == signature[:, None, :]
    return allowed & ~(equal & allowed[:, None, :]).tril_(-1).any(dim=2)
