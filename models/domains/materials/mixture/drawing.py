"""Recipes as cards: a bar of fractions with its legend, and the process variables in words. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.materials.drawing import MARGIN, PALETTE, card_grid, shortened, stacked_bar, text_line
from models.domains.materials.mixture.recipe import in_words, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.materials.spec import MixtureSpec

LINE, MAX_LINES = 17, 12


def draw_recipes(spec: MixtureSpec, texts: Sequence[str], captions: Sequence[str]) -> str:
    """Return one SVG with a card per canonical recipe; all cards have the height of the longest one."""
    lines = max((len(in_words(spec, text)) for text in texts), default=1)
    bar = 30 if spec.components else 0
    height = 2 * MARGIN + bar + LINE * min(lines, MAX_LINES)
    return card_grid([_card(spec, text) for text in texts], captions, height)


def _card(spec: MixtureSpec, text: str) -> str:
    values, y, pieces = read(text), MARGIN, []
    colours = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(spec.components)}
    present = [name for name in spec.components if name in values]
    if spec.components:
        total = sum(values[name] for name in present)
        pieces.append(stacked_bar(y, [(values[name] / total, colours[name]) for name in present]))
        y += 30
    phrases = in_words(spec, text)
    shown = (
        phrases
        if len(phrases) <= MAX_LINES
        else [*phrases[: MAX_LINES - 1], f"and {len(phrases) - MAX_LINES + 1} more"]
    )
    for index, phrase in enumerate(shown):
        baseline = y + LINE * (index + 1) - 5
        if index < len(present):
            colour = colours[present[index]]
            pieces.append(f'<rect x="{MARGIN}" y="{baseline - 9}" width="9" height="9" fill="{colour}"/>')
        indent = MARGIN + (14 if present else 0)
        pieces.append(text_line(indent, baseline, shortened(phrase, 32)))
    return "".join(pieces)
