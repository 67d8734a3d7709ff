"""Molecules as canonical SMILES: rules, computed properties and files. Torch-free.

Knows no standardisation of texts (see `reading`), no fragments, features or campaigns.
"""

from __future__ import annotations

import io
import re
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from cachetools import LRUCache, cached
from rdkit import Chem, rdBase

from models.domains.contract import ComputedProperty, FileFormat, InvalidObjectError, Violation
from models.domains.molecules.chemistry.matching import search
from models.domains.molecules.chemistry.normal_form import unlabelled
from models.domains.molecules.chemistry.stereo import write_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.domains.contract import Floats

COLUMN = "smiles"
MAX_TEXT_LENGTH = 2_000
KEPT_BYTES = 256 * 2**20
"""Cache size for molecules: about twelve thousand of usual size."""
_LABEL = re.compile(r"\[\d")
ELEMENTS = frozenset({"B", "Br", "C", "Cl", "F", "H", "I", "N", "O", "P", "S", "Se", "Si"})

COMPUTED = {
    "qed": ComputedProperty("quantitative estimate of drug-likeness (Bickerton 2012)", range=(0.0, 1.0)),
    "sa_score": ComputedProperty("synthetic accessibility, 1 easy to 10 hard (Ertl 2009)", range=(1.0, 10.0)),
    "molecular_weight": ComputedProperty("average molecular weight", units="g/mol"),
    "logp": ComputedProperty("Wildman-Crippen octanol-water log P"),
    "tpsa": ComputedProperty("topological polar surface area", units="angstrom^2"),
    "heavy_atoms": ComputedProperty("atoms other than hydrogen"),
    "rotatable_bonds": ComputedProperty("rotatable bonds"),
    "h_bond_donors": ComputedProperty("hydrogen bond donors"),
    "h_bond_acceptors": ComputedProperty("hydrogen bond acceptors"),
    "rings": ComputedProperty("rings"),
    "aromatic_rings": ComputedProperty("aromatic rings"),
    "fraction_sp3": ComputedProperty("fraction of carbons that are sp3", range=(0.0, 1.0)),
}


GROUPINGS = {"scaffold": "Bemis-Murcko scaffold (1996); molecules without a ring are one group"}


def _bytes_of(mol: Chem.Mol) -> int:
    """Return a molecule's approximate size; RDKit's memory is quadratic, 100 MB for 1,790 atoms."""
    rings = sum(len(ring) ** 2 for ring in mol.GetRingInfo().AtomRings())
    return 2_000 + 800 * mol.GetNumAtoms() + 35 * rings


@cached(LRUCache(KEPT_BYTES, getsizeof=_bytes_of), lock=Lock())
def molecule(text: str) -> Chem.Mol:
    """Return the RDKit molecule of a canonical text; shared, so it must not be changed.

    Raises:
        InvalidObjectError: if the text is no SMILES.
    """
    mol = _read(text)
    if mol is None or mol.GetNumAtoms() == 0:
        raise InvalidObjectError(COLUMN, f"{shown(text)} is not a valid SMILES: {_why_invalid(text)}")
    return mol


def canonical_fixpoint(text: str) -> str:
    """Return the fixed point of parsing and writing a canonical text."""
    # Canonical ranking may change after one cycle of writing and parsing.
    for _ in range(3):
        again = write_groups(molecule(text))
        if again == text:
            break
        text = again
    return text


def check(text: str, max_heavy_atoms: int | None) -> list[Violation]:
    """Return why a molecule may not be proposed: too large, or an unstable or reactive group."""
    from models.domains.molecules.chemistry.structural_alerts import alerts

    mol = molecule(text)
    broken = [Violation(f"alert: {name}", f"contains {name}") for name in alerts(mol)]
    if max_heavy_atoms is not None and mol.GetNumHeavyAtoms() > max_heavy_atoms:
        message = f"has {mol.GetNumHeavyAtoms()} heavy atoms, more than {max_heavy_atoms}"
        broken.insert(0, Violation("max_heavy_atoms", message))
    return broken


def substructure(smarts: str) -> Callable[[str], bool]:
    """Return the predicate on canonical texts for a SMARTS, with or without isotopic labels.

    The predicate raises `matching.TooComplexError` beyond its time limit.

    Raises:
        ValueError: if the SMARTS cannot be read, is empty or too large.
    """
    test = search(smarts)

    def is_match(text: str) -> bool:
        mol = molecule(text)
        forms = (mol, unlabelled(mol)) if _LABEL.search(text) else (mol,)
        return any(test(form) for form in forms)

    return is_match


def properties(texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
    """Return the named computed properties, each [N].

    Raises:
        KeyError: if a name is not in `COMPUTED`.
    """
    functions = _property_functions()
    return {
        name: np.array([functions[name](molecule(text)) for text in texts], dtype=np.float64)
        for name in names
    }


def groups(texts: Sequence[str], name: str) -> list[str]:
    """Return the SMILES of each molecule's scaffold, empty without a ring.

    Raises:
        KeyError: if the name is not in `GROUPINGS`.
    """
    from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol

    if name not in GROUPINGS:
        raise KeyError(name)
    scaffolds = [GetScaffoldForMol(molecule(text)) for text in texts]  # type: ignore[no-untyped-call] # RDKit leaves it untyped
    return [Chem.MolToSmiles(scaffold) for scaffold in scaffolds]


def write_sdf(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return an SDF (V3000, 2D coordinates), one record per row with every column but `object` as data.

    V3000 holds stereo groups and large molecules, which V2000 cannot.
    """
    from rdkit.Chem import rdDepictor

    text = io.StringIO()
    writer = Chem.SDWriter(text)
    writer.SetForceV3000(True)
    for row in rows:
        mol = Chem.Mol(molecule(str(row["object"])))
        rdDepictor.Compute2DCoords(mol)
        mol.SetProp("_Name", str(row.get("candidate_id") or ""))
        for name, value in row.items():
            if name != "object":
                mol.SetProp(name, "" if value is None else " ".join(str(value).split()))
        writer.write(mol)
    writer.close()
    return text.getvalue().encode()


FORMATS = {"sdf": FileFormat("chemical/x-mdl-sdfile", write_sdf)}
MISSING_FORMATS = {"cif": "the crystal structure of a new molecule is unknown; sdf has its atoms and bonds"}


def shown(text: str) -> str:
    """Return a text in quotes for a message, shortened to one line."""
    return repr(text if len(text) <= 80 else text[:77] + "...")  # noqa: PLR2004 - a line


def _read(text: str, *, sanitize: bool = True) -> Chem.Mol | None:
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(text, sanitize=sanitize)


def _why_invalid(text: str) -> str:
    mol = _read(text, sanitize=False)
    if mol is None:
        return "it cannot be read"
    if mol.GetNumAtoms() == 0:
        return "it has no atoms"
    with rdBase.BlockLogs():
        problems = Chem.DetectChemistryProblems(mol)
    return str(problems[0].Message()) if problems else "it cannot be read"


@cache
def _property_functions() -> dict[str, Callable[[Chem.Mol], float]]:
    from rdkit.Chem import QED, rdMolDescriptors

    return {
        "qed": QED.qed,
        "sa_score": _sa_score,
        "molecular_weight": rdMolDescriptors._CalcMolWt,  # noqa: SLF001 - the public name wraps this in a slow module
        "logp": lambda mol: rdMolDescriptors.CalcCrippenDescriptors(mol)[0],
        "tpsa": rdMolDescriptors.CalcTPSA,
        "heavy_atoms": Chem.Mol.GetNumHeavyAtoms,
        "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds,
        "h_bond_donors": rdMolDescriptors.CalcNumHBD,
        "h_bond_acceptors": rdMolDescriptors.CalcNumHBA,
        "rings": rdMolDescriptors.CalcNumRings,
        "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
        "fraction_sp3": rdMolDescriptors.CalcFractionCSP3,
    }


def _sa_score(mol: Chem.Mol) -> float:
    from rdkit.Contrib.SA_Score import sascorer

    return float(sascorer.calculateScore(mol))
