"""Name fingerprint columns of molecules by the atom environments that set them. Torch-free.

The fingerprint is folded, so several environments may set one column. The most frequent one names it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from models.domains.contract import MOST_PARTS, FeatureGroup
from models.domains.molecules.chemistry.fingerprints import N_COUNTS, RADIUS, count_fingerprints
from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.contract import Floats

MOST_READ = 25
"""Molecules in which the environments of a column are read."""

Environment = tuple[str, int, int]
"""A molecule's text, the atom in the middle, and the radius in bonds."""


def parts_of(texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
    """Return the environments that split the molecules most evenly into those with and without.

    Columns that are set in the same molecules are one part, named by their widest environment.
    """
    if not texts:
        return ()
    groups = _groups(count_fingerprints(texts))[:MOST_PARTS]
    environments = _environments(texts, {column for group in groups for column in group})
    taken: set[str] = set()
    parts = []
    for group in groups:
        name = _name(group, environments, taken)
        taken.add(name)
        parts.append(FeatureGroup(name, group))
    return tuple(parts)


def _groups(counts: Floats) -> list[tuple[int, ...]]:
    """Return count columns [N, 2048] grouped by the molecules that set them, by discrimination."""
    is_set = counts > 0
    share = is_set.mean(axis=0)
    varies = (counts != counts[0]).any(axis=0)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for column in np.flatnonzero(varies).tolist():
        groups[is_set[:, column].tobytes()].append(column)
    evenness = share * (1 - share)
    return [tuple(group) for group in sorted(groups.values(), key=lambda group: -float(evenness[group[0]]))]


def _environments(texts: Sequence[str], columns: set[int]) -> Mapping[int, list[Environment]]:
    """Return the environments that set each column, in the first molecules that do."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=N_COUNTS)
    result: dict[int, list[Environment]] = defaultdict(list)
    read: Counter[int] = Counter()
    for text in texts:
        output = rdFingerprintGenerator.AdditionalOutput()
        output.AllocateBitInfoMap()
        generator.GetCountFingerprint(molecule(text), additionalOutput=output)
        for column, occurrences in output.GetBitInfoMap().items():
            if column in columns and read[column] < MOST_READ:
                read[column] += 1
                result[column] += [(text, atom, radius) for atom, radius in occurrences]
    return result


def _name(group: Sequence[int], environments: Mapping[int, list[Environment]], taken: set[str]) -> str:
    """Return a unique name: plain, else in detail, else with its column."""
    column = max(group, key=lambda item: max(radius for *_, radius in environments[item]))
    for is_detailed in (False, True):
        smiles = Counter(_said(occurrence, is_detailed=is_detailed) for occurrence in environments[column])
        name = smiles.most_common(1)[0][0]
        if name not in taken:
            return name
    return f"{name} (column {column})"


def _said(occurrence: Environment, *, is_detailed: bool) -> str:
    """Return the SMILES of an environment, in detail with hydrogens and the context of a single atom."""
    text, atom, radius = occurrence
    mol = molecule(text)
    bonds = list(Chem.FindAtomEnvironmentOfRadiusN(mol, radius, atom)) if radius else []
    ends = [
        (mol.GetBondWithIdx(bond).GetBeginAtomIdx(), mol.GetBondWithIdx(bond).GetEndAtomIdx())
        for bond in bonds
    ]
    atoms = sorted({atom, *(end for pair in ends for end in pair)})
    is_explicit = is_detailed or not bonds
    smiles: str = Chem.MolFragmentToSmiles(mol, atomsToUse=atoms, bondsToUse=bonds, allHsExplicit=is_explicit)
    return f"{smiles} {_around(mol.GetAtomWithIdx(atom))}" if is_detailed and not bonds else smiles


def _around(atom: Chem.Atom) -> str:
    n = atom.GetDegree()
    return f"with {n} neighbour{'' if n == 1 else 's'} in a {'ring' if atom.IsInRing() else 'chain'}"
