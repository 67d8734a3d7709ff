"""Molecules as one SVG grid. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from models.domains.molecules.chemistry.molecules import molecule

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
        # RDKit's captions support ASCII only: blank ones reserve the space for ours.
        drawer.DrawMolecules([_depicted(text) for text in texts], legends=[" "] * len(texts))
    drawer.FinishDrawing()
    drawing = str(drawer.GetDrawingText()).split("?>", 1)[-1].strip()
    words = [_caption(caption, *divmod(index, columns)) for index, caption in enumerate(captions)]
    return drawing.replace("</svg>", "".join(words) + "</svg>\n")


def _caption(caption: str, row: int, column: int) -> str:
    x, y = (column + 0.5) * PANEL[0], (row + 1) * PANEL[1] - 8
    style = "text-anchor='middle' font-family='sans-serif' font-size='14' fill='#333333'"
    return f"<text x='{x:g}' y='{y:g}' {style}>{escape(caption)}</text>\n"


def _depicted(text: str) -> Chem.Mol:
    mol = Chem.Mol(molecule(text))
    rdDepictor.Compute2DCoords(mol)
    return rdMolDraw2D.PrepareMolForDrawing(mol)
