"""The public catalogues of structural alerts that RDKit ships. Torch-free; knows no policy."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdkit import Chem
    from rdkit.Chem.FilterCatalog import FilterCatalog


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


def _plain(description: str) -> str:
    return description.replace("_", " ")


@cache
def _catalogue(name: str) -> FilterCatalog:
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    return FilterCatalog(FilterCatalogParams(getattr(FilterCatalogParams.FilterCatalogs, name)))
