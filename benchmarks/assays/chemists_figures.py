"""Figures of proposed molecules as a medicinal chemist reads them. Knows no campaign.

Ease of synthesis is the score of Ertl & Schuffenhauer (J. Cheminform. 1, 2009), from 1 (easy) to 10, as
RDKit ships it. Alerts are RDKit's catalogues BRENK and PAINS. A stereocentre or double bond counts as
undefined where its neighbours leave two possibilities and the structure names neither.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rdkit.Chem import QED, FilterCatalog, FindPotentialStereo, Mol, MolFromSmiles, RDConfig, StereoSpecified
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Domain

Catalogs = FilterCatalog.FilterCatalogParams.FilterCatalogs
ALERTS = (Catalogs.BRENK, Catalogs.PAINS)
QUARTILES = (0.25, 0.5, 0.75)


@cache
def _synthesis_scorer() -> Any:
    folder = str(Path(RDConfig.RDContribDir) / "SA_Score")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module("sascorer")


@cache
def _alerts() -> FilterCatalog.FilterCatalog:
    parameters = FilterCatalog.FilterCatalogParams()
    for catalog in ALERTS:
        parameters.AddCatalog(catalog)
    return FilterCatalog.FilterCatalog(parameters)


def synthesis_score(molecule: Mol) -> float:
    """Return how hard a molecule looks to make, from 1 to 10."""
    return float(_synthesis_scorer().calculateScore(molecule))


def alert(molecule: Mol) -> str | None:
    """Return the first alert of a molecule, None without any."""
    matches = _alerts().GetMatches(molecule)
    return matches[0].GetDescription() if matches else None


def has_undefined_stereo(molecule: Mol) -> bool:
    """Return whether a stereocentre or double bond is left open."""
    return any(
        item.specified == StereoSpecified.Unspecified
        for item in FindPotentialStereo(molecule, cleanIt=False, flagPossible=True)
    )


def _scaffold(text: str) -> str:
    return str(MurckoScaffoldSmiles(smiles=text))  # type: ignore[no-untyped-call] # RDKit's


def figures(domain: Domain, objects: Sequence[str], measured: Sequence[str]) -> dict[str, float]:
    """Return the figures of objects [N] beside what was measured, N at least 1."""
    molecules = [MolFromSmiles(text) for text in objects]
    nearest = np.asarray(domain.similarity(objects, measured)).max(axis=1)
    low, middle, high = np.quantile(nearest, QUARTILES)
    n = len(objects)
    return {
        "n": n,
        "SA": sum(map(synthesis_score, molecules)) / n,
        "alerts": sum(alert(molecule) is not None for molecule in molecules) / n,
        "open stereo": sum(map(has_undefined_stereo, molecules)) / n,
        "similarity": float(nearest.mean()),
        "lower quartile": float(low),
        "median": float(middle),
        "upper quartile": float(high),
        "scaffolds": len({_scaffold(text) for text in objects}) / n,
        "QED": sum(map(QED.qed, molecules)) / n,
    }


def captions(objects: Sequence[str], nearest: Sequence[float]) -> list[str]:
    """Return what a drawing tells of each object [N] beside its similarity to what was measured [N]."""
    molecules = [MolFromSmiles(text) for text in objects]
    return [
        f"SA {synthesis_score(molecule):.1f}, similarity {similarity:.2f}, {alert(molecule) or 'no alert'}"
        for molecule, similarity in zip(molecules, nearest, strict=True)
    ]
