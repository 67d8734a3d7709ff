"""Molecules as one SVG grid. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from models.domains.molecules.objects import molecule

if TYPE_CHECKING:
    from collections.abc import Sequence

PANEL = (260, 210)
COLUMNS = 4


def draw(texts: Sequence[str], captions: Sequence[str]) -> str:
    """Return an SVG with one captioned panel per molecule, four to a row."""
    columns = min(COLUMNS, max(1, len(texts)))
    rows = max(1, -(-len(texts) // columns))
    drawer = rdMolDraw2D.MolDraw2DSVG(columns * PANEL[0], rows * PANEL[1], *PANEL)
    if texts:
        drawer.DrawMolecules([_depicted(text) for text in texts], legends=list(captions))
    drawer.FinishDrawing()
    return str(drawer.GetDrawingText())


def _depicted(text: str) -> Chem.Mol:
    mol = Chem.Mol(molecule(text))
    rdDepictor.Compute2DCoords(mol)
    return rdMolDraw2D.PrepareMolForDrawing(mol)
