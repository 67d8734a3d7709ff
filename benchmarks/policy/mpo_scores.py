"""The seven multi-property scores of PMO (arXiv:2206.12411) as GuacaMol defines them (arXiv:1811.09621).

Each is the geometric mean of parts between 0 and 1. PMO's own code counts the atoms of sitagliptin's and
zaleplon's formula in the text of the SMILES; here, as GuacaMol writes, all atoms count, hydrogens included.
Fingerprints are sparse counts. Knows RDKit molecules and no campaign.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

Part = Callable[[Chem.Mol], float]
_FEATURES = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
FINGERPRINTS = {
    "ECFP4": rdFingerprintGenerator.GetMorganGenerator(radius=2),
    "ECFP6": rdFingerprintGenerator.GetMorganGenerator(radius=3),
    "FCFP4": rdFingerprintGenerator.GetMorganGenerator(radius=2, atomInvariantsGenerator=_FEATURES),
    "AP": rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=10),
}
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"


def gaussian(x: float, mu: float, sigma: float) -> float:
    """Return 1 at mu, and less on both sides."""
    return math.exp(-0.5 * ((x - mu) / sigma) ** 2)


def at_most(x: float, mu: float, sigma: float) -> float:
    """Return 1 up to mu, and less above it."""
    return gaussian(max(x, mu), mu, sigma)


def at_least(x: float, mu: float, sigma: float) -> float:
    """Return 1 from mu on, and less below it."""
    return gaussian(min(x, mu), mu, sigma)


def similarity(mol: Chem.Mol, target: str, fingerprint: str) -> float:
    """Return the Tanimoto similarity to a molecule given as SMILES."""
    counts = FINGERPRINTS[fingerprint].GetSparseCountFingerprint(mol)
    return float(DataStructs.TanimotoSimilarity(counts, _target(target, fingerprint)))


@cache
def _target(smiles: str, fingerprint: str) -> Any:
    return FINGERPRINTS[fingerprint].GetSparseCountFingerprint(Chem.MolFromSmiles(smiles))


def clipped_similarity(mol: Chem.Mol, target: str, fingerprint: str, upper: float) -> float:
    """Return the similarity over `upper`, at most 1."""
    return min(similarity(mol, target, fingerprint) / upper, 1.0)


def formula(mol: Chem.Mol, wanted: str) -> float:
    """Return how near a molecule is to a formula such as C16H15F6N5O, by element and in all."""
    elements = {name: int(n or 1) for name, n in re.findall(r"([A-Z][a-z]?)(\d*)", wanted)}
    symbols = [atom.GetSymbol() for atom in Chem.AddHs(mol).GetAtoms()]
    parts = [gaussian(symbols.count(name), n, 1.0) for name, n in elements.items()]
    return geometric_mean([*parts, gaussian(len(symbols), sum(elements.values()), 2.0)])


def geometric_mean(parts: Sequence[float]) -> float:
    """Return the geometric mean; 0 if a part is 0."""
    return math.pow(math.prod(parts), 1 / len(parts))


def log_p(mol: Chem.Mol) -> float:
    """Return Crippen's estimate of the partition coefficient."""
    return float(rdMolDescriptors.CalcCrippenDescriptors(mol)[0])


def osimertinib(mol: Chem.Mol) -> float:
    """Like osimertinib but not too much so, more polar and less lipophilic."""
    return geometric_mean(
        [
            clipped_similarity(mol, OSIMERTINIB, "FCFP4", 0.8),
            at_most(similarity(mol, OSIMERTINIB, "ECFP6"), 0.85, 0.1),
            at_least(rdMolDescriptors.CalcTPSA(mol), 100, 10),
            at_most(log_p(mol), 1, 1),
        ]
    )


def fexofenadine(mol: Chem.Mol) -> float:
    """Like fexofenadine, more polar and less lipophilic."""
    return geometric_mean(
        [
            clipped_similarity(mol, FEXOFENADINE, "AP", 0.8),
            at_least(rdMolDescriptors.CalcTPSA(mol), 90, 10),
            at_most(log_p(mol), 4, 1),
        ]
    )


def ranolazine(mol: Chem.Mol) -> float:
    """Like ranolazine, more lipophilic and more polar, with one fluorine."""
    n_fluorine = sum(atom.GetSymbol() == "F" for atom in mol.GetAtoms())
    return geometric_mean(
        [
            clipped_similarity(mol, RANOLAZINE, "AP", 0.7),
            at_least(log_p(mol), 7, 1),
            at_least(rdMolDescriptors.CalcTPSA(mol), 95, 20),
            gaussian(n_fluorine, 1, 1),
        ]
    )


def perindopril(mol: Chem.Mol) -> float:
    """Like perindopril, with two aromatic rings."""
    rings = rdMolDescriptors.CalcNumAromaticRings(mol)
    return geometric_mean([similarity(mol, PERINDOPRIL, "ECFP4"), gaussian(rings, 2, 0.5)])


def amlodipine(mol: Chem.Mol) -> float:
    """Like amlodipine, with three rings."""
    rings = rdMolDescriptors.CalcNumRings(mol)
    return geometric_mean([similarity(mol, AMLODIPINE, "ECFP4"), gaussian(rings, 3, 0.5)])


@cache
def _properties(smiles: str) -> tuple[float, float]:
    mol = Chem.MolFromSmiles(smiles)
    return log_p(mol), float(rdMolDescriptors.CalcTPSA(mol))


def sitagliptin(mol: Chem.Mol) -> float:
    """Unlike sitagliptin, with its formula, lipophilicity and polarity."""
    lipophilic, polar = _properties(SITAGLIPTIN)
    return geometric_mean(
        [
            gaussian(similarity(mol, SITAGLIPTIN, "ECFP4"), 0, 0.1),
            gaussian(log_p(mol), lipophilic, 0.2),
            gaussian(rdMolDescriptors.CalcTPSA(mol), polar, 5),
            formula(mol, "C16H15F6N5O"),
        ]
    )


def zaleplon(mol: Chem.Mol) -> float:
    """Like zaleplon, with another formula."""
    return geometric_mean([similarity(mol, ZALEPLON, "ECFP4"), formula(mol, "C19H17N3O2")])


def _of_smiles(part: Part, smiles: str) -> float:
    return part(Chem.MolFromSmiles(smiles))


SCORES: Mapping[str, Callable[[str], float]] = {
    part.__name__: partial(_of_smiles, part)
    for part in (osimertinib, fexofenadine, ranolazine, perindopril, amlodipine, sitagliptin, zaleplon)
}
"""Scores of SMILES by name."""
