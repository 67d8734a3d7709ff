"""Convert fragment trees to SMILES and back; molecules are handled one by one only here.

Knows fragments and rows of integers, but no rule about what may be built.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import torch
from rdkit import Chem, rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import canonical_fixpoint, molecule
from models.domains.molecules.chemistry.normal_form import add_hydrogens, normal_form
from models.domains.molecules.environment.tree_states import NONE
from models.domains.molecules.fragments.fragmentation import cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.fragments.fragmentation import Join
    from models.domains.molecules.fragments.fragments import Fragment


def assemble(row: Sequence[int], fragments: Sequence[Fragment]) -> str:
    """Return the canonical SMILES of a tree given as a row of integers, or "" if it is no molecule."""
    n = (len(row) - 2) // 4
    editable = Chem.RWMol()
    first_atom: list[int] = []
    for node in range(n):
        if row[node] != NONE:
            first_atom.append(editable.GetNumAtoms())
            editable.InsertMol(molecule(fragments[row[node]].core))
    for node in range(len(first_atom)):
        parent, parent_site, own_site = row[n + node], row[2 * n + node], row[3 * n + node]
        if parent != NONE:
            left = first_atom[parent] + fragments[row[parent]].atoms[parent_site]
            right = first_atom[node] + fragments[row[node]].atoms[own_site]
            add_hydrogens((editable.GetAtomWithIdx(left), editable.GetAtomWithIdx(right)), -1)
            editable.AddBond(left, right, Chem.BondType.SINGLE)
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(editable)
        return canonical_fixpoint(Chem.MolToSmiles(normal_form(editable)))
    except (Chem.MolSanitizeException, InvalidObjectError):
        return ""


class Disassembler:
    """Turns molecules into rows of integers over one vocabulary."""

    def __init__(self, fragments: Sequence[Fragment], max_fragments: int) -> None:
        self._fragments = fragments
        self._max_fragments = max_fragments
        self._by_core: dict[str, list[int]] = defaultdict(list)
        for index, fragment in enumerate(fragments):
            self._by_core[fragment.core].append(index)

    def row(self, text: str) -> list[int] | None:
        """Return the finished tree of a molecule, or None where a fragment or one of its sites is missing."""
        pieces = cut(text)
        return self.tree(pieces.cores, pieces.joins, {})

    def tree(
        self, parts: Sequence[str | int], joins: Sequence[Join], fixed: Mapping[int, int]
    ) -> list[int] | None:
        """Return the finished tree of these parts, the first as root, or None where one is missing.

        Args:
            parts: cores, or keys of `fixed`.
            joins: bonds by the atoms of cores, and by the sites of other parts.
            fixed: the fragment of each other part.
        """
        if len(parts) > self._max_fragments:
            return None
        uses: list[list[int]] = [[] for _ in parts]
        for join in joins:
            uses[join.left].append(join.left_atom)
            uses[join.right].append(join.right_atom)
        chosen = [
            fixed[part] if isinstance(part, int) else self._choose(part, Counter(used))
            for part, used in zip(parts, uses, strict=True)
        ]
        result = [index for index in chosen if index is not None]
        if len(result) < len(chosen):
            return None
        is_fixed = [isinstance(part, int) for part in parts]
        free = [
            list(range(len(atoms))) if whole else list(atoms)
            for whole, atoms in zip(is_fixed, (self._fragments[index].atoms for index in result), strict=True)
        ]
        return self._layout(joins, result, free)

    def _choose(self, core: str, used: Counter[int]) -> int | None:
        fitting = (index for index in self._by_core[core] if used <= Counter(self._fragments[index].atoms))
        return next(fitting, None)

    def _layout(self, joins: Sequence[Join], chosen: list[int], free: list[list[int]]) -> list[int]:
        bonds: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for join in joins:
            left_site, right_site = (
                _take(free[join.left], join.left_atom),
                _take(free[join.right], join.right_atom),
            )
            bonds[join.left].append((join.right, left_site, right_site))
            bonds[join.right].append((join.left, right_site, left_site))
        order, rows = [0], [(chosen[0], NONE, NONE, NONE)]
        for piece in order:  # the list grows during iteration: breadth first
            for other, site, other_site in bonds[piece]:
                if other not in order:
                    rows.append((chosen[other], order.index(piece), site, other_site))
                    order.append(other)
        rows += [(NONE, NONE, NONE, NONE)] * (self._max_fragments - len(rows))
        return [*(value for column in zip(*rows, strict=True) for value in column), NONE, 1]


def rows_to_tensor(rows: Sequence[list[int] | None], width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows [N, W], finished but empty where a molecule has no tree, and which have one [N]."""
    blank = [NONE] * (width - 1) + [1]
    tensor = torch.tensor([row or blank for row in rows], dtype=torch.int64).reshape(len(rows), width)
    return tensor, torch.tensor([row is not None for row in rows], dtype=torch.bool)


def _take(free: list[int], atom: int) -> int:
    site = free.index(atom)
    free[site] = NONE
    return site
