"""Properties of peptides that need no assay. Knows notation, no campaign."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from models.domains.contract import ComputedProperty
from models.domains.peptides import residues

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.domains.contract import Floats
    from models.domains.peptides.notation import Peptide

PH = 7.4
_HELIX_TURN = np.deg2rad(100.0)
_BISECTIONS = 40

COMPUTED: Mapping[str, ComputedProperty] = {
    "length": ComputedProperty("number of residues"),
    "molecular_weight": ComputedProperty("average mass of the neutral chain, no disulfides", units="g/mol"),
    "net_charge": ComputedProperty("charge at pH 7.4 (Henderson-Hasselbalch, pK of alanine pentapeptides)", units="e"),
    "isoelectric_point": ComputedProperty("pH without net charge; 7 when nothing can be charged", range=(0.0, 14.0)),
    "hydrophobicity": ComputedProperty("mean Kyte-Doolittle hydropathy (GRAVY)", range=(-4.5, 4.5)),
    "hydrophobic_moment": ComputedProperty("mean helical (100 degrees) moment on Eisenberg's consensus scale"),
    "aromaticity": ComputedProperty("fraction of F, W and Y", range=(0.0, 1.0)),
}

_ACIDS = tuple(residues.ACID_PKA)
_BASES = tuple(residues.BASE_PKA)
_PKA = np.array(
    [*residues.ACID_PKA.values(), residues.C_TERMINUS_PKA, *residues.BASE_PKA.values(), residues.N_TERMINUS_PKA]
)
_SIGN = np.array([-1.0] * (len(_ACIDS) + 1) + [1.0] * (len(_BASES) + 1))


@cache
def _masses() -> dict[str, float]:
    """Return average masses of the residues within a chain, of water, and what each cap adds, in g/mol."""
    from rdkit.Chem import MolFromSequence, MolFromSmiles
    from rdkit.Chem.Descriptors import MolWt  # type: ignore[attr-defined] # defined while importing

    water, ammonia = (float(MolWt(MolFromSmiles(smiles))) for smiles in ("O", "N"))
    acetic_acid = float(MolWt(MolFromSmiles("CC(=O)O")))
    masses = {residue: float(MolWt(MolFromSequence(residue))) - water for residue in residues.RESIDUES}
    return {**masses, "water": water, "acetyl": acetic_acid - water, "amide": ammonia - water, "free": 0.0}


def _molecular_weight(peptides: Sequence[Peptide]) -> Floats:
    mass = _masses()
    parts = ((*peptide.sequence, "water", *peptide.ends) for peptide in peptides)
    return np.array([sum(mass[part] for part in names) for names in parts], dtype=np.float64)


def _ionisable(peptides: Sequence[Peptide]) -> Floats:
    """Return the number of ionisable groups of each kind [N, 9], in the order of the pK table."""
    counts = [
        [
            *(peptide.sequence.count(residue) for residue in _ACIDS),
            peptide.ends.c_terminus == "free",
            *(peptide.sequence.count(residue) for residue in _BASES),
            peptide.ends.n_terminus == "free",
        ]
        for peptide in peptides
    ]
    return np.array(counts, dtype=np.float64).reshape(len(peptides), len(_PKA))


def _charge(groups: Floats, ph: Floats) -> Floats:
    """Return the net charge [N], in elementary charges, of counted groups [N, 9] at each pH [N]."""
    charged = _SIGN / (1.0 + 10.0 ** (_SIGN * (ph[:, None] - _PKA)))  # [N, 9]
    return np.asarray((groups * charged).sum(axis=1), dtype=np.float64)


def charge(peptides: Sequence[Peptide], ph: float) -> Floats:
    """Return net charges [N] at one pH, in elementary charges, by the Henderson-Hasselbalch equation."""
    return _charge(_ionisable(peptides), np.full(len(peptides), ph))


def _isoelectric_point(peptides: Sequence[Peptide]) -> Floats:
    """Return the pH in 0-14 where the charge, which only falls, crosses zero; or the nearer bound."""
    groups = _ionisable(peptides)
    low, high = np.zeros(len(peptides)), np.full(len(peptides), 14.0)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        is_positive = _charge(groups, middle) > 0
        low, high = np.where(is_positive, middle, low), np.where(is_positive, high, middle)
    return np.where(groups.sum(axis=1) > 0, (low + high) / 2, 7.0)


def _moment(sequence: str) -> float:
    values = residues.CONSENSUS_HYDROPHOBICITY[residues.numbers(sequence)]
    turns = np.exp(1j * _HELIX_TURN * np.arange(len(values)))
    return float(abs((values * turns).sum()) / len(values))


def _hydrophobic_moment(peptides: Sequence[Peptide]) -> Floats:
    """Return |sum_n H_n exp(i n 100 degrees)| / L (Eisenberg, Weiss & Terwilliger, PNAS 81:140, 1984)."""
    return np.array([_moment(peptide.sequence) for peptide in peptides], dtype=np.float64)


def _hydrophobicity(peptides: Sequence[Peptide]) -> Floats:
    means = [residues.HYDROPATHY[residues.numbers(peptide.sequence)].mean() for peptide in peptides]
    return np.array(means, dtype=np.float64)


def _aromaticity(peptides: Sequence[Peptide]) -> Floats:
    """Return the relative frequency of F, W and Y (Lobry & Gautier, Nucleic Acids Res. 22:3174, 1994)."""
    shares = [sum(residue in "FWY" for residue in chain.sequence) / len(chain.sequence) for chain in peptides]
    return np.array(shares, dtype=np.float64)


_FUNCTIONS: Mapping[str, Callable[[Sequence[Peptide]], Floats]] = {
    "length": lambda peptides: np.array([len(peptide.sequence) for peptide in peptides], dtype=np.float64),
    "molecular_weight": _molecular_weight,
    "net_charge": lambda peptides: charge(peptides, PH),
    "isoelectric_point": _isoelectric_point,
    "hydrophobicity": _hydrophobicity,
    "hydrophobic_moment": _hydrophobic_moment,
    "aromaticity": _aromaticity,
}


def compute(peptides: Sequence[Peptide], names: Sequence[str]) -> dict[str, Floats]:
    """Return the named properties, each [N].

    Raises:
        KeyError: if a name is not in `COMPUTED`.
    """
    return {name: _FUNCTIONS[name](peptides) for name in names}
