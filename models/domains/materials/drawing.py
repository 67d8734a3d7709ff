"""Cards in a grid, as one SVG: the common frame of both spaces. Torch-free; knows no object."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, GAP, PER_ROW = 220, 12, 4
CAPTION_HEIGHT, MARGIN = 22, 14
PALETTE = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#ee8866",
    "#44bb99", "#332288", "#ddcc77", "#882255", "#99ddff", "#117733", "#ffaabb", "#777777",
)  # fmt: skip
"""Colours that colour-blind readers can distinguish (Paul Tol's bright, light and muted sets)."""


def text_line(x: float, y: float, content: str, *, size: int = 12, weight: str = "normal", colour: str = "#222") -> str:
    """Return one line of text; characters that XML reserves are escaped."""
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(content)}</text>'


def shortened(content: str, length: int) -> str:
    """Return the text, cut with an ellipsis when it is longer than `length`."""
    return content if len(content) <= length else content[: length - 1] + "…"


def stacked_bar(y: float, parts: Sequence[tuple[float, str]], *, height: int = 16) -> str:
    """Return a bar over the card's inner width; each part is (fraction, colour)."""
    x, inner, pieces = float(MARGIN), WIDTH - 2 * MARGIN, []
    for fraction, colour in parts:
        width = fraction * inner
        pieces.append(f'<rect x="{x:.2f}" y="{y:g}" width="{width:.2f}" height="{height}" fill="{colour}"/>')
        x += width
    return "".join(pieces)


def card_grid(cards: Sequence[str], captions: Sequence[str], height: int) -> str:
    """Return one SVG with a card of `height` above each caption.

    Args:
        cards: the inside of each card, drawn in (0, 0) to (WIDTH, height).
        captions: one line for each card.
        height: of a card without its caption, in pixels.
    """
    step = height + CAPTION_HEIGHT + GAP
    columns = max(1, min(PER_ROW, len(cards)))
    rows = -(-len(cards) // PER_ROW)
    total_width, total_height = columns * (WIDTH + GAP) + GAP, rows * step + GAP
    pieces = []
    for index, (card, caption) in enumerate(zip(cards, captions, strict=True)):
        x, y = GAP + index % PER_ROW * (WIDTH + GAP), GAP + index // PER_ROW * step
        frame = f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#fff" stroke="#ccc"/>'
        label = text_line(MARGIN, height + 15, shortened(caption, 36), size=11, colour="#555")
        pieces.append(f'<g transform="translate({x},{y})">{frame}{card}{label}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width}" height="{total_height}" '
        f'viewBox="0 0 {total_width} {total_height}" font-family="Helvetica, Arial, sans-serif">'
        f'<rect width="100%" height="100%" fill="#fafafa"/>{"".join(pieces)}</svg>'
    )
