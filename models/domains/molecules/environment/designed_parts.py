"""Trees of a design as molecules, and molecules as trees; their listed parts keep their stereochemistry.

Molecules are handled one by one here. Knows no mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from rdkit import Chem, rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import canonical_fixpoint, molecule
from models.domains.molecules.chemistry.normal_form import add_hydrogens, normal_form
from models.domains.molecules.chemistry.stereo import write_groups
from models.domains.molecules.designs.decomposition import ROOT, decompositions
from models.domains.molecules.environment.tree_states import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.environment.assembly import Disassembler
    from models.domains.molecules.fragments.fragments import Fragment


@final
class DesignedParts:
    """The parts of one design among the fragments of an environment, the kept part at `n_free`."""

    def __init__(self, design: Design, fragments: Sequence[Fragment], n_free: int) -> None:
        self._design = design
        self._fragments = fragments
        structures = (design.root_structure, *design.group_structures)
        self._structures = {n_free + index: structure for index, structure in enumerate(structures)}
        self._fixed = {ROOT: n_free, **{index: n_free + 1 + index for index in range(len(design.groups))}}

    def assemble(self, row: Sequence[int]) -> str:
        """Return the canonical SMILES of a tree given as a row of integers, or "" if it is no molecule."""
        n = (len(row) - 2) // 4
        bonds: dict[int, dict[int, int]] = {node: {} for node in range(n) if row[node] != NONE}
        for node in bonds:
            if row[n + node] != NONE:
                bonds[row[n + node]][row[2 * n + node]] = node
                bonds[node][row[3 * n + node]] = node
        whole = Chem.RWMol()
        for node, used in bonds.items():
            whole.InsertMol(self._with_stars(row[node], used))
        try:
            with rdBase.BlockLogs():
                joined = Chem.molzip(whole.GetMol()) if len(bonds) > 1 else whole.GetMol()
                mol = Chem.RemoveHs(joined)
            return canonical_fixpoint(write_groups(normal_form(mol)))
        except (Chem.MolSanitizeException, InvalidObjectError):
            return ""

    def rows(self, text: str, disassembler: Disassembler) -> list[list[int]]:
        """Return the distinct finished trees that may be a molecule, valid or not."""
        found: dict[tuple[int, ...], None] = {}
        for parts, joins in decompositions(text, self._design):
            row = disassembler.tree(parts, joins, self._fixed)
            if row is not None and self.assemble(row) == text:
                found[tuple(row)] = None
        return [list(row) for row in found]

    def _with_stars(self, index: int, used: Mapping[int, int]) -> Chem.Mol:
        """Return a fragment with [*:n] at each used site, n being the number of the bond and not 0."""
        structure = self._structures.get(index)
        if structure is not None:
            editable = Chem.RWMol(structure.mol)
            for site, mark in enumerate(structure.marks):
                star = editable.GetAtomWithIdx(mark.star)
                star.SetIsotope(0)
                if site in used:
                    star.SetAtomMapNum(used[site])
                else:
                    star.SetAtomicNum(1)
            return editable.GetMol()
        fragment = self._fragments[index]
        editable = Chem.RWMol(molecule(fragment.core))
        for site, bond in used.items():
            atom = fragment.atoms[site]
            add_hydrogens([editable.GetAtomWithIdx(atom)], -1)
            star = Chem.Atom(0)
            star.SetAtomMapNum(bond)
            editable.AddBond(atom, editable.AddAtom(star), Chem.BondType.SINGLE)
        return editable.GetMol()
