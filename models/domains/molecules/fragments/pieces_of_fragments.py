"""Fragments that the rules cut, as their pieces, and ring systems with one nitrogen more. Torch-free."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rdkit import Chem, rdBase

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.normal_form import CARBON, NITROGEN
from models.domains.molecules.fragments.attachments import OpenCore
from models.domains.molecules.fragments.fragmentation import cut

if TYPE_CHECKING:
    from models.domains.molecules.fragments.rules import Rules


def split_up(opened: OpenCore, rules: Rules) -> list[OpenCore]:
    """Return the pieces of a fragment, with its sites and those where the pieces are joined.

    A configuration is kept where the fragment is one piece.
    """
    pieces = cut(opened.core, rules.name)
    if len(pieces.cores) == 1:
        return [opened]
    return [
        OpenCore(core, +(used + Counter({place: opened.sites[atom] for place, atom in enumerate(members)})))
        for core, used, members in zip(pieces.cores, pieces.uses(), pieces.members, strict=True)
    ]


def aza_analogues(core: str) -> list[str]:
    """Return the cores in which a nitrogen replaces one aromatic CH, in order of the atoms."""
    mol = molecule(core)
    texts: dict[str, None] = {}
    for atom in mol.GetAtoms():
        if atom.GetIsAromatic() and atom.GetAtomicNum() == CARBON and atom.GetTotalNumHs():
            editable = Chem.RWMol(mol)
            editable.GetAtomWithIdx(atom.GetIdx()).SetAtomicNum(NITROGEN)
            editable.GetAtomWithIdx(atom.GetIdx()).SetNumExplicitHs(0)
            with rdBase.BlockLogs():
                if Chem.SanitizeMol(editable, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE:
                    texts[Chem.MolToSmiles(molecule(Chem.MolToSmiles(editable)))] = None
    return list(texts)
