"""Molecules as canonical SMILES: rules and computed properties. Torch-free.

Knows no standardisation of texts (see `reading`), no files, fragments, features or campaigns.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache, cached
from rdkit import Chem, rdBase

from models.domains.contract import InvalidObjectError, Violation
from models.domains.molecules.chemistry.ionisation import ionisation
from models.domains.molecules.chemistry.matching import search
from models.domains.molecules.chemistry.normal_form import unlabelled
from models.domains.molecules.chemistry.properties import function_of
from models.domains.molecules.chemistry.stereo import write_groups
from models.domains.molecules.chemistry.structural_alerts import ALERTS, blocking_alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.domains.contract import Floats
    from models.domains.molecules.chemistry.alert_policy import AlertPolicy

COLUMN = "smiles"
MAX_TEXT_LENGTH = 2_000
KEPT_BYTES = 256 * 2**20
"""Cache size for molecules: about twelve thousand of usual size."""
KEPT_ALERTS = 200_000
"""Molecules whose blocking alerts are kept: some 50 MB."""
_LABEL = re.compile(r"\[\d")
ELEMENTS = frozenset({"B", "Br", "C", "Cl", "F", "H", "I", "N", "O", "P", "S", "Se", "Si"})

GROUPINGS = {
    "scaffold": "Bemis-Murcko scaffold (1996); molecules without a ring are one group",
    "ionisation": "acid, base, zwitterion or neutral at pH 7.4 (see charge_at_ph_7.4)",
}


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


def check(text: str, max_heavy_atoms: int | None, policy: AlertPolicy) -> list[Violation]:
    """Return why a molecule may not be proposed: too large, or a group that is unstable or unwanted."""
    mol = molecule(text)
    broken = [
        Violation(f"alert: {name}", f"contains {name}", is_policy=name not in ALERTS)
        for name in _blocking_alerts(text, policy)
    ]
    if max_heavy_atoms is not None and mol.GetNumHeavyAtoms() > max_heavy_atoms:
        message = f"has {mol.GetNumHeavyAtoms()} heavy atoms, more than {max_heavy_atoms}"
        broken.insert(0, Violation("max_heavy_atoms", message))
    return broken


@cached(LRUCache(KEPT_ALERTS), lock=Lock())
def _blocking_alerts(text: str, policy: AlertPolicy) -> tuple[str, ...]:
    return blocking_alerts(molecule(text), policy)


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
    functions = {name: function_of(name) for name in names}
    return {
        name: np.array([function(molecule(text)) for text in texts], dtype=np.float64)
        for name, function in functions.items()
    }


def groups(texts: Sequence[str], name: str) -> list[str]:
    """Return the group of each molecule: its scaffold's SMILES (empty without a ring), or its ionisation.

    Raises:
        KeyError: if the name is not in `GROUPINGS`.
    """
    return [_GROUPS[name](molecule(text)) for text in texts]


def _scaffold(mol: Chem.Mol) -> str:
    from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol

    return Chem.MolToSmiles(GetScaffoldForMol(mol))  # type: ignore[no-untyped-call] # RDKit leaves it untyped


_GROUPS: Mapping[str, Callable[[Chem.Mol], str]] = {"scaffold": _scaffold, "ionisation": ionisation}


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
