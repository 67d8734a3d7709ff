"""Parse any spelling of a formula into one canonical text. Torch-free; knows no campaign.

The canonical text is the reduced formula: integer amounts with greatest common divisor 1 (an amount of 1 is
not written), elements in ascending formal electronegativity, which is the sequence of IUPAC's Red Book (2005,
table VI) and of printed formulas: CuInSe2, PbTe, NH3. Thus `As Ga`, `Ga2As2` and `GaAs` are all `GaAs`, and
`Al0.5Ga0.5As` is `GaAlAs2`. Decimals count as rounded to three digits, and percent to one:
`Fe66.7Ni33.3`, `Fe0.667Ni0.333` and `Fe2Ni` are one.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError, ParsedObject
from models.domains.materials.charge_balance.elements import element_table
from models.domains.materials.composition.spelling import COLUMN, Spelled, read_spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

MAX_ATOMS = 10_000
SIMPLE_MULTIPLES = (*range(1, 21), 100, 1000)
AMOUNT_TOLERANCE = 7e-4
"""Formula amounts have at most three decimals: a third is 0.333, or 0.334 to make the sum 1."""
PERCENT, PERCENT_TOLERANCE = 100, 0.2
"""The sum of amounts in percent, and its rounding tolerance."""
_TERM = re.compile(r"([A-Z][a-z]?)(\d*)")


def parse_formula(text: str, elements: Collection[str] = ()) -> ParsedObject:
    """Return the canonical formula of any usual spelling, with warnings.

    `elements` are the campaign's; they distinguish a formula in capital letters from an abbreviation.

    Raises:
        InvalidObjectError: if the text is no chemical formula, or not one of integer ratios.
    """
    spelled = read_spelling(text, elements)
    return ParsedObject(write(_integers(spelled, text)), spelled.warnings)


def canonical(text: str) -> str:
    """Return the canonical formula alone; raises what `parse_formula` raises."""
    return parse_formula(text).text


def write(amounts: Mapping[str, int]) -> str:
    """Return the canonical text of positive integer amounts, in any order and multiple."""
    divisor = math.gcd(*amounts.values())
    terms = [(symbol, amounts[symbol] // divisor) for symbol in element_table() if symbol in amounts]
    return "".join(symbol + (str(amount) if amount > 1 else "") for symbol, amount in terms)


def amounts_of(text: str) -> dict[str, int]:
    """Return the integer amounts of a canonical text, in its order."""
    return {symbol: int(amount or 1) for symbol, amount in _TERM.findall(text)}


def matching(pattern: str) -> Callable[[str], bool]:
    """Return the predicate for a pattern: a list of elements that must all be present, or one whole formula.

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


def _integers(spelled: Spelled, text: str) -> dict[str, int]:
    """Return the smallest integer amounts in the same ratio.

    Multiples up to 20 recover simple ratios from rounded decimals (0.333 is a third); 100 and 1000 take the
    remaining decimals literally. Decimals that sum to 100 are percent, so that Fe66.7Ni33.3 is
    Fe0.667Ni0.333.
    """
    amounts = spelled.amounts
    if not all(math.isfinite(amount) and amount <= MAX_ATOMS for amount in amounts.values()):
        raise InvalidObjectError(COLUMN, f"{text!r} has more than {MAX_ATOMS} atoms in its formula unit")
    has_decimals = any(amount % 1 for amount in amounts.values())
    if has_decimals and abs(sum(amounts.values()) - PERCENT) <= PERCENT_TOLERANCE:
        amounts = {symbol: amount / PERCENT for symbol, amount in amounts.items()}
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
