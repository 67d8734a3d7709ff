"""Structural alerts: our own list of unstable groups, and the public catalogues of a campaign's policy.

Torch-free. Our list is deliberately short, holds for every proposal and contains what a chemist would not
make. Public catalogues (RDKit's FilterCatalog) name what interferes with assays or is a liability; they are
no hazard lists.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from cachetools import LRUCache, cached
from rdkit import Chem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rdkit.Chem.FilterCatalog import FilterCatalog

    from models.domains.molecules.alert_policy import AlertPolicy

ALERTS = {
    "a peroxide": "[OX2][OX2]",
    "an acyl halide": "[CX3](=[O,S])[F,Cl,Br,I]",
    "a sulfonyl halide": "[SX4](=O)(=O)[F,Cl,Br,I]",
    "an anhydride": "[CX3](=O)[OX2;!R][CX3](=O)",
    "an isocyanate": "[NX2]=[CX2]=[O,S]",
    "an azide": "[NX1]~[NX2]~[NX2,NX1]",
    "a diazo group": "[#6]=[N+]=[N-]",
    "a diazonium": "[#6][N+]#N",
    "a strained ring with a leaving group": "[OX2r3,NX3r3,SX2r3]",
    "an aldehyde": "[CX3H1](=O)[#6]",
    "a nitrogen-halogen bond": "[#7][F,Cl,Br,I]",
    "an oxygen-halogen bond": "[#8][F,Cl,Br,I]",
    "a sulfur-halogen bond": "[SX2][F,Cl,Br,I]",
    "a carbamic acid": "[NX3][CX3](=O)[OX2H]",
    "a carbonic acid": "[OX2][CX3](=O)[OX2H]",
    "a cyanohydrin": "[OX2H][CX4]C#N",
    "an aminonitrile": "[NX3;!$(N[C,S]=[O,S]);!$(N[#6]=,:*)][CX4]C#N",
    "a hemiaminal": "[OX2H][CX4;!$(C(F)(F)F)][NX3;!$(N[C,S]=[O,S])]",
    "a geminal diol": "[OX2H][CX4][OX2H]",
    "a geminal halogen and heteroatom": "[CX4;!$(C(F)(F)F);!$(C(F)F)]([Cl,Br,I,F])[N,O,S]",
    "an imidic acid": "[OX2H,SX2H][CX3]=[NX2]",
    "a free enol": "[OX2H][CX3;!R]=[CX3]",
    "a thiol ester of a thioacid": "[CX3](=S)[SX2]",
    "an N-nitroso group": "[NX3][NX2]=O",
    "a triazane": "[NX3][NX3][NX3]",
    "an alkyl hydrazine": "[NX3;H2][NX3][CX4]",
    "an activated ester": "[CX3](=O)[OX2][NX3]",
    "a sulfonate ester": "[SX4](=O)(=O)[OX2][CX4]",
    "an allene or ketene": "[CX3]=[CX2]=[CX3,O]",
}


@cache
def _patterns() -> Mapping[str, Chem.Mol]:
    return {name: Chem.MolFromSmarts(smarts) for name, smarts in ALERTS.items()}


def alerts(mol: Chem.Mol) -> list[str]:
    """Return the names of the unstable or reactive groups that a molecule contains."""
    return [name for name, pattern in _patterns().items() if mol.HasSubstructMatch(pattern)]


MOST_KEPT = 200_000
"""Molecules whose blocking alerts are kept: some 50 MB."""


class FoundAlerts(NamedTuple):
    """Names of the alerts of one molecule, by what the policy does about them."""

    blocking: tuple[str, ...]
    flagged: tuple[str, ...]


def alerts_of(mol: Chem.Mol, policy: AlertPolicy) -> FoundAlerts:
    """Return the alerts of a molecule or fragment under a policy; our own list always blocks.

    An alert of a catalogue is written with its catalogue: `BRENK: nitro group`.
    """
    return FoundAlerts(
        (*alerts(mol), *_named(mol, policy.block, policy.ignore)), _named(mol, policy.flag, policy.ignore)
    )


def blocking_alerts(text: str, policy: AlertPolicy) -> tuple[str, ...]:
    """Return the alerts for which a policy refuses a molecule, by its canonical text; values are cached."""
    return _blocking(text, policy.block, policy.ignore)


@cached(LRUCache(MOST_KEPT), lock=Lock())
def _blocking(text: str, block: tuple[str, ...], ignore: tuple[str, ...]) -> tuple[str, ...]:
    from models.domains.molecules.chemistry.molecules import molecule

    mol = molecule(text)
    return (*alerts(mol), *_named(mol, block, ignore))


def catalogue_alerts(mol: Chem.Mol, catalogue: str) -> list[str]:
    """Return the distinct names of the alerts of one catalogue that a molecule has."""
    matches = _catalogue(catalogue).GetMatches(mol)
    return list(dict.fromkeys(_plain(match.GetDescription()) for match in matches))


@cache
def alert_names(catalogue: str) -> frozenset[str]:
    """Return the names of all alerts of a catalogue, as `catalogue_alerts` writes them."""
    entries = _catalogue(catalogue)
    names = (entries.GetEntryWithIdx(index).GetDescription() for index in range(entries.GetNumEntries()))
    return frozenset(map(_plain, names))


def _named(mol: Chem.Mol, catalogues: Sequence[str], ignore: Sequence[str]) -> tuple[str, ...]:
    named = (f"{name}: {alert}" for name in catalogues for alert in catalogue_alerts(mol, name))
    return tuple(name for name in named if name not in ignore)


def _plain(description: str) -> str:
    return description.replace("_", " ")


@cache
def _catalogue(name: str) -> FilterCatalog:
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    return FilterCatalog(FilterCatalogParams(getattr(FilterCatalogParams.FilterCatalogs, name)))
