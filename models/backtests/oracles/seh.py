"""The published sEH docking proxy (Bengio et al. 2021, arXiv:2106.04399) as a forward pass over given arrays.

A message-passing network after Gilmer et al. (arXiv:1704.01212): one linear layer, twelve steps of
edge-conditioned mean messages into a gated recurrent unit, three steps of Set2Set attention
(arXiv:1511.06391), one linear layer. About 4 for ordinary drug-like molecules and 8 for very good ones. The
published weight of an atom's own state multiplies from the right, an old convention; used as a linear layer,
it gives another function. Knows RDKit molecules, but no location of the arrays. Letters: A atoms, D = 64
channels, E kinds of bond, F = 71 atom features, N molecules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np
import torch
from rdkit import Chem
from torch.nn.functional import leaky_relu

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rdkit.Chem import Atom, Mol
    from torch import Tensor

    from models.domains.contract import Floats

STEPS = 12
READ_STEPS = 3
SYMBOLS = ("H", "C", "N", "O", "F")
IS_AROMATIC = 9
HYBRIDS_FROM = 10
HYDROGENS = 13
ELEMENTS_FROM = 14
N_FEATURES = 71
HYBRIDS = (Chem.HybridizationType.SP, Chem.HybridizationType.SP2, Chem.HybridizationType.SP3)
BONDS = {Chem.BondType.SINGLE: 0, Chem.BondType.DOUBLE: 1, Chem.BondType.TRIPLE: 2, Chem.BondType.AROMATIC: 3}
N_ARRAYS = 22
CHUNK = 256
"""Molecules per batch."""


@final
class SehProxy:
    """The network, by its arrays `p00` to `p21` in the order of the published file.

    Raises:
        ValueError: if an array is missing or the first one has another shape.
    """

    def __init__(self, arrays: Mapping[str, Floats]) -> None:
        names = [f"p{index:02d}" for index in range(N_ARRAYS)]
        if missing := [name for name in names if name not in arrays]:
            raise ValueError(f"the proxy's arrays lack {', '.join(missing)}")
        p = [torch.from_numpy(np.asarray(arrays[name], dtype=np.float32)) for name in names]
        if p[0].shape[1] != N_FEATURES:
            raise ValueError(f"p00 must have {N_FEATURES} columns, not {p[0].shape[1]}")
        self._first, self._last = p[0:2], p[20:22]
        self._root, self._bias = p[2], p[3]
        width = len(self._bias)
        kinds = leaky_relu(torch.eye(len(BONDS)) @ p[4].T + p[5]) @ p[6].T + p[7]
        self._messages = kinds.view(len(BONDS), width, width)  # [E, D, D]
        self._recurrent = _cell(torch.nn.GRUCell(width, width), p[8:12])
        self._reader = _cell(torch.nn.LSTMCell(2 * width, width), p[16:20])

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return the values [N] of molecules given as SMILES."""
        parts = [self._values(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK)]
        return torch.cat(parts).double().numpy() if parts else np.zeros(0)

    def _values(self, texts: Sequence[str]) -> Tensor:
        molecules = [Chem.MolFromSmiles(text) for text in texts]
        owner = torch.cat([torch.full((mol.GetNumAtoms(),), row) for row, mol in enumerate(molecules)])  # [A]
        bonds, degree = _bonds(molecules)
        state = leaky_relu(_features(molecules) @ self._first[0].T + self._first[1])  # [A, D]
        for _ in range(STEPS):
            heard = torch.zeros_like(state)
            for (hearing, heard_of), kind in zip(bonds, self._messages, strict=True):
                heard.index_add_(0, hearing, state[heard_of] @ kind)
            message = leaky_relu(heard / degree + state @ self._root + self._bias)
            state = self._recurrent(message, state)
        return self._read(state, owner, len(texts))

    def _read(self, state: Tensor, owner: Tensor, n: int) -> Tensor:
        """Return values [N] of atoms' final states [A, D] that belong to molecules [A]."""
        width = state.shape[1]
        question, memory = torch.zeros(n, width), torch.zeros(n, width)
        read = torch.zeros(n, 2 * width)
        for _ in range(READ_STEPS):
            question, memory = self._reader(read, (question, memory))
            energy = (state * question[owner]).sum(dim=1)  # [A]
            highest = torch.full((n,), -torch.inf).scatter_reduce(0, owner, energy, "amax")
            weight = (energy - highest[owner]).exp()
            share = weight / torch.zeros(n).index_add(0, owner, weight)[owner]
            seen = torch.zeros(n, width).index_add(0, owner, share.unsqueeze(1) * state)
            read = torch.cat([question, seen], dim=1)  # [N, 2 D]
        return (read @ self._last[0].T + self._last[1]).squeeze(1)


def _cell(cell: torch.nn.RNNCellBase, arrays: Sequence[Tensor]) -> torch.nn.RNNCellBase:
    """Return a recurrent cell with the given weights: of the input, of the state, and their biases."""
    for name, array in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), arrays, strict=True):
        getattr(cell, name).data = array
    return cell


def _features(molecules: Sequence[Mol]) -> Tensor:
    """Return atom features [A, F]; columns of donors, acceptors and the stem mask stay 0, as published."""
    rows = [_atom(atom) for mol in molecules for atom in mol.GetAtoms()]
    return torch.tensor(np.array(rows, dtype=np.float32))


def _atom(atom: Atom) -> Floats:
    row = np.zeros(N_FEATURES)
    symbol, number = atom.GetSymbol(), atom.GetAtomicNum()
    row[SYMBOLS.index(symbol) if symbol in SYMBOLS else len(SYMBOLS)] = 1.0
    row[IS_AROMATIC] = atom.GetIsAromatic()
    row[HYBRIDS_FROM : HYBRIDS_FROM + len(HYBRIDS)] = [atom.GetHybridization() == kind for kind in HYBRIDS]
    row[HYDROGENS] = atom.GetTotalNumHs(includeNeighbors=True)
    row[ELEMENTS_FROM + number - 1] = 1.0
    return row


def _bonds(molecules: Sequence[Mol]) -> tuple[list[Tensor], Tensor]:
    """Return the edges [2, B] of each of E kinds of bond, and the degree of every atom [A, 1], at least 1."""
    ends: list[tuple[int, int, int]] = []
    first = 0
    for mol in molecules:
        for bond in mol.GetBonds():
            one, other = first + bond.GetBeginAtomIdx(), first + bond.GetEndAtomIdx()
            kind = BONDS.get(bond.GetBondType(), 0)
            ends += [(kind, one, other), (kind, other, one)]
        first += mol.GetNumAtoms()
    table = torch.tensor(ends, dtype=torch.int64).reshape(-1, 3)
    degree = torch.zeros(first, 1).index_add(0, table[:, 1], torch.ones(len(table), 1)).clamp_min(1)
    return [table[table[:, 0] == kind][:, 1:].T for kind in range(len(BONDS))], degree
