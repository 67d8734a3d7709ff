"""Compositions as cards: the formula with subscripts over a bar of atomic fractions. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.materials.charge_balance.elements import element_table
from models.domains.materials.composition.formula import amounts_of
from models.domains.materials.drawing import MARGIN, card_grid, shortened, stacked_bar, text_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEIGHT = 104
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def draw_formulas(texts: Sequence[str], captions: Sequence[str]) -> str:
    """Return one SVG with a card per canonical formula."""
    return card_grid([_card(amounts_of(text)) for text in texts], captions, HEIGHT)


def _card(amounts: Mapping[str, int]) -> str:
    formula = "".join(
        symbol + (str(n).translate(_SUBSCRIPTS) if n > 1 else "") for symbol, n in amounts.items()
    )
    size, longest = 26, 13
    if len(formula) > longest:
        size = max(11, size * longest // len(formula))
    atoms = sum(amounts.values())
    parts = [(amount / atoms, _colour(symbol)) for symbol, amount in amounts.items()]
    shares = "  ".join(f"{symbol} {100 * amount / atoms:.0f} %" for symbol, amount in amounts.items())
    return (
        text_line(MARGIN, 40, shortened(formula, 32), size=size, weight="bold")
        + stacked_bar(56, parts)
        + text_line(MARGIN, 90, shortened(shares, 36), size=10, colour="#555")
    )


def _colour(symbol: str) -> str:
    """Return the element's own colour: hues a golden angle apart, so that neighbours in the table differ."""
    number = element_table()[symbol].atomic_number
    return f"hsl({number * 137.5 % 360:g},58%,{48 + 7 * (number % 3 - 1)}%)"
