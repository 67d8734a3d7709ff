"""Counts of configured centres and double bonds as features: what tells stereoisomers apart. Torch-free.

Each stereogenic centre or double bond is an element: its surroundings at two radii and its configuration by
the Cahn-Ingold-Prelog rules. One whose configuration is open counts half for both, so a mixture lies midway
between its isomers. Elements are folded like other counts.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from cachetools import LRUCache, cached
from rdkit import Chem, rdBase
from rdkit.Chem import StereoGroupType, rdCIPLabeler

from models.domains.contract import FeatureGroup
from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Floats

N_CONFIGURATIONS = 256
WEIGHTS = {1: 2, 2: 4}
"""Counts of a configured element by the radius of its surroundings: together as much as an inverted centre
changes in Morgan fingerprints with chirality."""
MOST_STEPS = 20_000
"""Limit of the ranking of substituents; beyond it an element counts as open."""
KEPT = 50_000
MOST_SHOWN = 24
"""Configurations that a comparison names."""
_UNSETTLED = (StereoGroupType.STEREO_AND, StereoGroupType.STEREO_OR)


class Element(NamedTuple):
    """A stereogenic centre or double bond: its surroundings as SMILES, by radius, and its configuration."""

    surroundings: tuple[tuple[int, str], ...]
    label: str | None
    """R, S (of pseudoasymmetric centres as well), E or Z; None where it is open."""
    is_centre: bool


@cached(LRUCache(KEPT), lock=Lock())
def elements(text: str) -> tuple[Element, ...]:
    """Return the stereogenic elements of a molecule."""
    mol = Chem.Mol(molecule(text))
    with rdBase.BlockLogs():
        found = list(Chem.FindPotentialStereo(mol))
        if not found:
            return ()
        _label(mol)
    mixed = {
        atom.GetIdx()
        for group in mol.GetStereoGroups()
        if group.GetGroupType() in _UNSETTLED
        for atom in group.GetAtoms()
    }
    flat = Chem.Mol(mol)
    Chem.RemoveStereochemistry(flat)
    result = []
    for info in found:
        if info.type == Chem.StereoType.Atom_Tetrahedral:
            label = None if info.centeredOn in mixed else _label_of(mol.GetAtomWithIdx(info.centeredOn))
            result.append(Element(_surroundings(flat, (info.centeredOn,)), label, is_centre=True))
        elif info.type == Chem.StereoType.Bond_Double:
            bond = mol.GetBondWithIdx(info.centeredOn)
            ends = (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
            result.append(Element(_surroundings(flat, ends), _label_of(bond), is_centre=False))
    return tuple(result)


def _label_of(holder: Chem.Atom | Chem.Bond) -> str | None:
    return holder.GetProp("_CIPCode").upper() if holder.HasProp("_CIPCode") else None


def columns_of(element: Element) -> dict[int, int]:
    """Return the counts of one element, by column from 0."""
    counts: Counter[int] = Counter()
    pair = ("R", "S") if element.is_centre else ("E", "Z")
    labels = pair if element.label is None else (element.label,)
    for radius, surroundings in element.surroundings:
        for label in labels:
            column = zlib.crc32(f"{label} {surroundings}".encode()) % N_CONFIGURATIONS
            counts[column] += WEIGHTS[radius] // len(labels)
    return counts


def write_configurations(texts: Sequence[str], zeros: Floats) -> None:
    """Write the folded counts of stereogenic elements into zeros [N, 256]."""
    for row, text in zip(zeros, texts, strict=True):
        for element in elements(text):
            for column, count in columns_of(element).items():
                row[column] += count


def parts_of(texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
    """Return the configured elements that vary among molecules, most even first; columns count from 0.

    Columns that vary together are one part.
    """
    counts = np.zeros((len(texts), N_CONFIGURATIONS))
    write_configurations(texts, counts)
    names: dict[int, str] = {}
    for element in dict.fromkeys(element for text in texts for element in elements(text) if element.label):
        names |= {column: _name(element) for column in columns_of(element)}
    groups: dict[bytes, list[int]] = defaultdict(list)
    for column in sorted(names):
        if (counts[:, column] != counts[0, column]).any():
            groups[(counts[:, column] / counts[:, column].max()).tobytes()].append(column)
    spread = {columns[0]: float(counts[:, columns[0]].var()) for columns in groups.values()}
    taken: set[str] = set()
    parts = []
    for columns in sorted(groups.values(), key=lambda group: -spread[group[0]])[:MOST_SHOWN]:
        name = names[columns[0]]
        name = f"{name} (column {columns[0]})" if name in taken else name
        taken.add(name)
        parts.append(FeatureGroup(name, tuple(columns)))
    return tuple(parts)


def _name(element: Element) -> str:
    """Return a name for people: the configuration and the widest surroundings."""
    return f"{element.label} at {element.surroundings[-1][1]}"


def _label(mol: Chem.Mol) -> None:
    try:
        rdCIPLabeler.AssignCIPLabels(mol, maxRecursiveIterations=MOST_STEPS)
    except RuntimeError:  # its limit was reached
        for holder in (*mol.GetAtoms(), *mol.GetBonds()):
            holder.ClearProp("_CIPCode")


def _surroundings(mol: Chem.Mol, ends: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
    """Return the SMILES of what surrounds some atoms, without configurations, by radius in bonds."""
    result = []
    atoms = set(ends)
    for radius in sorted(WEIGHTS):
        atoms |= {other.GetIdx() for index in atoms for other in mol.GetAtomWithIdx(index).GetNeighbors()}
        smiles = Chem.MolFragmentToSmiles(mol, sorted(atoms), isomericSmiles=False)
        result.append((radius, smiles))
    return tuple(result)
