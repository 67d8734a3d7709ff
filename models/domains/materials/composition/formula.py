"""Formulas: any spelling in, one canonical text out. Torch-free; knows no campaign.

The canonical text is the reduced formula: integer amounts with greatest common divisor 1 (an amount of 1 is not
written), elements in ascending formal electronegativity, which is the sequence of IUPAC's Red Book (2005, table VI) and
the way formulas are printed: CuInSe2, PbTe, NH3. So `As Ga`, `Ga2As2` and `GaAs` are
all `GaAs`, and `Al0.5Ga0.5As` is `GaAlAs2`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError
from models.domains.materials.composition.elements import element_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COLUMN = "formula"
MAX_TEXT = 200
MAX_ATOMS = 10_000
SIMPLE_MULTIPLES = (*range(1, 21), 100, 1000)
AMOUNT_TOLERANCE = 5e-4
"""Formula amounts are written with three decimals at best: 0.333 is a third."""
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_HYDRATE = re.compile(r"\.\d*H2O$")
_TERM = re.compile(r"([A-Z][a-z]?)(\d*)")


def canonical(text: str) -> str:
    """Return the canonical formula of any spelling that pymatgen reads.

    Raises:
        InvalidObjectError: if the text is no chemical formula, or not one of integer ratios.
    """
    return write(_integers(_read(text), text))


def write(amounts: Mapping[str, int]) -> str:
    """Return the canonical text of positive integer amounts, in any order and multiple."""
    divisor = math.gcd(*amounts.values())
    terms = [(symbol, amounts[symbol] // divisor) for symbol in element_table() if symbol in amounts]
    return "".join(symbol + (str(amount) if amount > 1 else "") for symbol, amount in terms)


def amounts_of(text: str) -> dict[str, int]:
    """Return the integer amounts of a canonical text, in its order."""
    return {symbol: int(amount or 1) for symbol, amount in _TERM.findall(text)}


def matching(pattern: str) -> Callable[[str], bool]:
    """Return the test of canonical texts for a pattern: elements that must all be there, or one whole formula.

    Raises:
        ValueError: if the pattern is neither.
    """
    from pymatgen.core import Element

    terms = {term.strip() for term in pattern.split(",")}
    if all(Element.is_valid_symbol(term) for term in terms):
        return lambda text: terms <= amounts_of(text).keys()
    if len(terms) > 1:
        raise ValueError(f"{pattern!r}: a list may hold element symbols only")
    formula = canonical(pattern)
    return lambda text: text == formula


def _read(text: str) -> dict[str, float]:
    from pymatgen.core import Composition, Element

    spelled = text.strip().translate(_SUBSCRIPTS)
    if len(spelled) > MAX_TEXT:
        raise InvalidObjectError(COLUMN, f"the formula is longer than {MAX_TEXT} characters")
    if _HYDRATE.search(spelled):
        raise InvalidObjectError(COLUMN, f"{text!r}: write water of crystallisation in brackets, as in CaSO4(H2O)2")
    try:
        items = dict(Composition(spelled).items())
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidObjectError(COLUMN, f"{text!r} is no chemical formula") from error
    if not items:
        raise InvalidObjectError(COLUMN, f"{text!r} names no element")
    for species in items:
        symbol = getattr(species, "symbol", str(species))
        if not isinstance(species, Element):
            raise InvalidObjectError(COLUMN, f"{text!r}: {symbol!r} is no element (Fe2O3, not FE2O3)")
        if symbol not in element_table():
            raise InvalidObjectError(COLUMN, f"{text!r}: no electronegativity is known for {symbol}")
    return {species.symbol: float(amount) for species, amount in items.items()}


def _integers(amounts: Mapping[str, float], text: str) -> dict[str, int]:
    """Return the smallest integer amounts in the same ratio.

    Multiples up to 20 find simple ratios from rounded decimals (0.333 is a third); 100 and 1000 read the rest as the
    decimals they are.
    """
    if not all(math.isfinite(amount) and amount <= MAX_ATOMS for amount in amounts.values()):
        raise InvalidObjectError(COLUMN, f"{text!r} has more than {MAX_ATOMS} atoms in its formula unit")
    for multiple in SIMPLE_MULTIPLES:
        whole = {symbol: round(amount * multiple) for symbol, amount in amounts.items()}
        errors = (abs(amount - whole[symbol] / multiple) for symbol, amount in amounts.items())
        if min(whole.values()) > 0 and max(errors) <= AMOUNT_TOLERANCE:
            divisor = math.gcd(*whole.values())
            if sum(whole.values()) // divisor > MAX_ATOMS:
                raise InvalidObjectError(COLUMN, f"{text!r} has more than {MAX_ATOMS} atoms in its formula unit")
            return {symbol: amount // divisor for symbol, amount in whole.items()}
    raise InvalidObjectError(
        COLUMN, f"{text!r}: amounts below 0.0005 or with more than three decimals are not resolved"
    )
