"""Peptides as an SVG grid of coloured residue boxes. Knows notation, no campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.peptides.notation import Peptide

_BOX = 18
_ROW = 20
_CAPTION = 18
_LETTER = 7
_MARGIN = 8
_PER_LINE = 20
_COLUMNS = 3

_CLASSES = {
    "#f2c14e": "AVILM",
    "#b08bd0": "FWY",
    "#6aa9e9": "KRH",
    "#ef7674": "DE",
    "#8fcf9f": "STNQ",
    "#e3e3dc": "G",
    "#d9a679": "P",
    "#f4e04d": "C",
}
"""Aliphatic, aromatic, basic, acidic, polar, and the three special residues."""
_COLOUR = {residue: colour for colour, members in _CLASSES.items() for residue in members}
_END_COLOUR = "#ffffff"


def _boxes(peptide: Peptide) -> list[tuple[str, str]]:
    """Return label and colour of every box of one peptide."""
    ends = peptide.ends
    return [
        *([("Ac", _END_COLOUR)] if ends.n_terminus == "acetyl" else []),
        *((residue, _COLOUR[residue]) for residue in peptide.sequence),
        *([("NH\u2082", _END_COLOUR)] if ends.c_terminus == "amide" else []),
    ]


def _cell(peptide: Peptide, caption: str, left: int, top: int) -> str:
    middle, side = _BOX // 2, _BOX - 1
    parts = [f'<text x="{left}" y="{top + 12}" class="caption">{escape(caption)}</text>']
    for index, (label, colour) in enumerate(_boxes(peptide)):
        x = left + index % _PER_LINE * _BOX
        y = top + _CAPTION + index // _PER_LINE * _ROW
        shape = f'x="{x}" y="{y}" width="{side}" height="{side}" rx="3"'
        parts.append(f'<rect {shape} fill="{colour}" stroke="#999"/>')
        size = 11 if len(label) == 1 else 7
        parts.append(f'<text x="{x + middle}" y="{y + 13}" font-size="{size}" text-anchor="middle">{label}</text>')
    return "".join(parts)


def draw(peptides: Sequence[Peptide], captions: Sequence[str]) -> str:
    """Return one SVG with the peptides in a grid, a caption above each.

    Raises:
        ValueError: if there is not one caption per peptide.
    """
    lengths = [len(_boxes(peptide)) for peptide in peptides]
    lines = max((-(-length // _PER_LINE) for length in lengths), default=0)
    widest_text = _LETTER * max(map(len, captions), default=0)
    width = max(min(max(lengths, default=0), _PER_LINE) * _BOX, widest_text) + 2 * _MARGIN
    height = _CAPTION + lines * _ROW + _MARGIN
    columns = max(1, min(_COLUMNS, len(peptides)))
    cells = [
        _cell(peptide, caption, index % columns * width + _MARGIN, index // columns * height + _MARGIN)
        for index, (peptide, caption) in enumerate(zip(peptides, captions, strict=True))
    ]
    wide, high = columns * width, -(-len(cells) // columns) * height + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        'font-family="sans-serif"><style>.caption{font-size:11px;fill:#333}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(cells)}</svg>'
    )
