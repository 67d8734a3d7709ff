"""Convert fragment trees to SMILES and back; molecules are handled one by one only here.

Knows fragments and rows of integers, but no rule about what may be built.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import torch
from rdkit import Chem, rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import canonical_fixpoint, molecule
from models.domains.molecules.chemistry.normal_form import add_hydrogens, normal_form
from models.domains.molecules.environment.tree_states import NONE
from models.domains.molecules.fragments.configuration import (
    Centre,
    core_neighbours,
    has_configuration,
    write_configuration,
)
from models.domains.molecules.fragments.fragmentation import Pieces, cut
from models.domains.molecules.fragments.placement import Place, Places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.fragments.fragments import Fragment
    from models.domains.molecules.fragments.rules import RulesName


def assemble(row: Sequence[int], fragments: Sequence[Fragment]) -> str:
    """Return the canonical SMILES of a tree given as a row of integers, or "" if it is no molecule."""
    n = (len(row) - 2) // 4
    editable = Chem.RWMol()
    first_atom: list[int] = []
    for node in range(n):
        if row[node] != NONE:
            first_atom.append(editable.GetNumAtoms())
            editable.InsertMol(molecule(fragments[row[node]].core))
    held: dict[tuple[int, int], int] = {}
    for node in range(len(first_atom)):
        parent, parent_site, own_site = row[n + node], row[2 * n + node], row[3 * n + node]
        if parent != NONE:
            left = first_atom[parent] + fragments[row[parent]].atoms[parent_site]
            right = first_atom[node] + fragments[row[node]].atoms[own_site]
            add_hydrogens((editable.GetAtomWithIdx(left), editable.GetAtomWithIdx(right)), -1)
            editable.AddBond(left, right, Chem.BondType.SINGLE)
            held[parent, parent_site], held[node, own_site] = right, left
    centres = [
        set_centre(editable, first_atom[node], fragments[row[node]], centre, _held_by(held, node))
        for node in range(len(first_atom))
        for centre in fragments[row[node]].centres
    ]
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(editable)
        return _written(editable, centres)
    except (Chem.MolSanitizeException, InvalidObjectError):
        return ""


def _held_by(held: Mapping[tuple[int, int], int], node: int) -> dict[int, int]:
    return {site: atom for (owner, site), atom in held.items() if owner == node}


def set_centre(
    editable: Chem.RWMol, first: int, fragment: Fragment, centre: Centre, held: Mapping[int, int]
) -> int:
    """Set the configuration of a centre whose sites hold these atoms, and return its atom."""
    order = [first + other for other in core_neighbours(fragment.core, centre.atom)]
    order += [atom for site, atom in sorted(held.items()) if fragment.atoms[site] == centre.atom]
    atom = editable.GetAtomWithIdx(first + centre.atom)
    write_configuration(atom, order, is_counter_clockwise=centre.is_counter_clockwise)
    return first + centre.atom


def _written(editable: Chem.RWMol, centres: Sequence[int]) -> str:
    """Return the canonical SMILES, or "" where an atom is no centre, since two of its branches are equal.

    The fragment without configuration makes that molecule.
    """
    if centres:
        Chem.AssignStereochemistry(editable, cleanIt=True, force=True)
        if not all(has_configuration(editable.GetAtomWithIdx(atom)) for atom in centres):
            return ""
    text = canonical_fixpoint(Chem.MolToSmiles(normal_form(editable)))
    kept = sum(map(has_configuration, molecule(text).GetAtoms())) if centres else 0
    return text if kept == len(centres) else ""


class Disassembler:
    """Turns molecules into rows of integers over one vocabulary."""

    def __init__(self, fragments: Sequence[Fragment], max_fragments: int) -> None:
        self._places = Places(fragments)
        self._max_fragments = max_fragments

    def row(self, text: str) -> list[int] | None:
        """Return the finished tree of a molecule, or None where a fragment or one of its sites is missing."""
        pieces = cut(text, self._places.rules)
        return self.tree(pieces, {})

    @property
    def rules(self) -> RulesName:
        """The rules by which molecules are cut."""
        return self._places.rules

    def tree(self, pieces: Pieces, given: Mapping[int, Place], root: int = 0) -> list[int] | None:
        """Return the finished tree of pieces from a root, or None where a fragment or a site is missing.

        `given` are the places of some pieces; the others are placed onto the vocabulary.
        """
        if len(pieces.cores) > self._max_fragments:
            return None
        found = self._places.of(pieces) if len(given) < len(pieces.cores) else [None] * len(given)
        places = [given.get(index, place) for index, place in enumerate(found)]
        result = [place for place in places if place is not None]
        return self._layout(pieces, result, root) if len(result) == len(places) else None

    def _layout(self, pieces: Pieces, places: list[Place], root: int) -> list[int]:
        bonds: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for join in pieces.joins:
            left_site, right_site = (
                places[join.left].take(join.left_atom),
                places[join.right].take(join.right_atom),
            )
            bonds[join.left].append((join.right, left_site, right_site))
            bonds[join.right].append((join.left, right_site, left_site))
        order, rows = [root], [(places[root].fragment, NONE, NONE, NONE)]
        for piece in order:  # the list grows during iteration: breadth first
            for other, site, other_site in bonds[piece]:
                if other not in order:
                    rows.append((places[other].fragment, order.index(piece), site, other_site))
                    order.append(other)
        rows += [(NONE, NONE, NONE, NONE)] * (self._max_fragments - len(rows))
        return [*(value for column in zip(*rows, strict=True) for value in column), NONE, 1]


def rows_to_tensor(rows: Sequence[list[int] | None], width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows [N, W], finished but empty where a molecule has no tree, and which have one [N]."""
    blank = [NONE] * (width - 1) + [1]
    tensor = torch.tensor([row or blank for row in rows], dtype=torch.int64).reshape(len(rows), width)
    return tensor, torch.tensor([row is not None for row in rows], dtype=torch.bool)
