"""What a state consists of, beside its encoding: the tokens of a sequence, or the graph of a tree.

Trunks that share weights between places read it. Letters: N states, U rows, L tokens, M nodes, S sites of a
node, K = M · S slots.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True, slots=True)
class Tokens:
    """N states as beginnings of sequences: state i is the first `lengths[i]` tokens of `ids[rows[i]]`.

    `ids` [U, L] are numbers from 1, and 0 after the end. States of one trajectory share a row, so that a
    causal network reads all of them at once.
    """

    ids: Tensor
    rows: Tensor
    lengths: Tensor

    @staticmethod
    def of(ids: Tensor) -> "Tokens":
        """Return whole sequences [N, L], a state each."""
        return Tokens(ids, torch.arange(len(ids), device=ids.device), (ids > 0).sum(dim=1))

    def at(self, states: Tensor | slice) -> "Tokens":
        """Return the given states."""
        return Tokens(self.ids, self.rows[states], self.lengths[states])


@final
@dataclass(frozen=True, slots=True)
class Graph:
    """N trees of nodes, joined at sites.

    Nothing in it depends on the order of nodes, and of sites only what `across` points at. All numbers count
    from 0 with 0 for none.
    """

    nodes: Tensor
    """[N, M]: the kind of each node, empty ones last."""
    sites: Tensor
    """[N, M, S]: the kind of each site, with its state; sites related by a symmetry of the node have one."""
    across: Tensor
    """[N, M, S]: 1 + the slot at the other end of the bond."""
    relations: Tensor
    """[N, M, S, S]: the kind of each pair of sites of a node, up to its symmetries."""

    def at(self, states: Tensor | slice) -> "Graph":
        """Return the given trees."""
        return Graph(self.nodes[states], self.sites[states], self.across[states], self.relations[states])

    def without_empty_nodes(self) -> "Graph":
        """Return the trees without the last nodes that are empty in all of them, but at least one node."""
        n = max(1, int((self.nodes > 0).any(dim=0).sum()))
        return Graph(self.nodes[:, :n], self.sites[:, :n], self.across[:, :n], self.relations[:, :n])


Structure = Tokens | Graph


def join_structures(parts: Sequence[Structure]) -> Structure:
    """Return several structures of one kind in one.

    Raises:
        TypeError: if they are of several kinds.
    """
    graphs = [part for part in parts if isinstance(part, Graph)]
    tokens = [part for part in parts if isinstance(part, Tokens)]
    if graphs and tokens:
        raise TypeError("tokens and graphs cannot be joined")
    if graphs:
        names = ("nodes", "sites", "across", "relations")
        return Graph(*(torch.cat([getattr(part, name) for part in graphs]) for name in names))
    return _join_tokens(tokens)


def _join_tokens(parts: Sequence[Tokens]) -> Tokens:
    """Return the states of several parts in one; parts of the same sequences go on sharing them."""
    kept: dict[int, tuple[int, Tensor]] = {}
    rows, n_rows = [], 0
    for part in parts:
        if id(part.ids) not in kept:
            kept[id(part.ids)] = (n_rows, part.ids)
            n_rows += len(part.ids)
        rows.append(part.rows + kept[id(part.ids)][0])
    ids = torch.cat([ids for _, ids in kept.values()])
    return Tokens(ids, torch.cat(rows), torch.cat([part.lengths for part in parts]))
