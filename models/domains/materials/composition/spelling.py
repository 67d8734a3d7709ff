"""Tokenise formulas as people write them into amounts of elements, or explain why not. Torch-free.

Every character must have a meaning. Text that looks like a name, a phase or two formulas is refused, even if
its letters spell elements. pymatgen multiplies brackets out. Knows no canonical text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from models.domains.contract import InvalidObjectError
from models.domains.materials.charge_balance.elements import element_table, in_order
from models.domains.materials.composition.adducts import Part, split_adduct
from models.domains.materials.composition.typing_slips import COMMON_WORDS, why_letter_o, why_other_elements

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

COLUMN = "formula"
MAX_TEXT = 200
LARGEST_MOLECULE = 19
"""Largest amount of a lone element, carbon excepted: 20 may be 2 and O, and 100 means at %."""
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_TOKEN = re.compile(r"(?P<symbol>[A-Z][a-z]?)|(?P<number>\d+(?:\.\d+)?|\.\d+)|[()\[\]{}]")
_SYMBOL = re.compile(r"[A-Z][a-z]?")
_TERM = re.compile(r"[A-Z][a-z]?(?:\d+(?:\.\d+)?|\.\d+)?")
_PHASE = re.compile(
    r"(?:\(?[a-z\u03b1-\u03c9][a-z'\u2032]*\)?|[A-Z]?[a-z]{3,})[\s-]+(?P<rest>[A-Z(\[{].*)"
    r"|(?P<first>.+[\d)A-Za-z])[\s-]+[a-z]{3,}"
)
_REMARK = re.compile(r"(?<=.)[(\[{][A-Z][a-z]?\d{2,}[)\]}]$")
"""A product's name such as P25 in the last brackets."""
_HYDROGEN = re.compile(r"(?:^|[.\u00b7\u2022*]\s*\d*\s*)H20$")
_WORD = re.compile(r"(?:[A-Z][a-z])*(?P<letters>[A-Z]{2,})(?P<grade>\d{3,})?")
_ABBREVIATIONS = frozenset(("BCN", "CNF", "COF", "YBCO"))
"""Names whose letters are in the order of a canonical formula."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """A parsed text: amounts by symbol, with warnings."""

    amounts: Mapping[str, float]
    warnings: tuple[str, ...]


def read_spelling(text: str, elements: Collection[str] = ()) -> Spelled:
    """Read a formula in any usual spelling.

    `elements` are those of the campaign: a word in capital letters that consists of them alone is a formula
    (`KIO`).

    Raises:
        InvalidObjectError: if the text is no formula of known elements, or is ambiguous.
    """
    plain = text.strip().translate(_SUBSCRIPTS)
    if len(plain) > MAX_TEXT:
        raise InvalidObjectError(COLUMN, f"the formula is longer than {MAX_TEXT} characters")
    _refuse_by_sight(plain, text)
    try:
        parts, warnings = split_adduct(plain)
    except ValueError as error:
        raise InvalidObjectError(COLUMN, f"{text!r}: {error}") from error
    total: dict[str, float] = {}
    for part in parts:
        for symbol, amount in _amounts(part, text, elements).items():
            total[symbol] = total.get(symbol, 0.0) + part.coefficient * amount
    if any("D" in _SYMBOL.findall(part.formula) for part in parts):
        warnings = (*warnings, "isotopes are not kept apart: deuterium was read as hydrogen")
    _check_lone_element(total, text)
    return Spelled(total, warnings)


def _refuse(text: str, why: str) -> NoReturn:
    raise InvalidObjectError(COLUMN, f"{text!r} {why}" if why.startswith("is ") else f"{text!r}: {why}")


def _refuse_by_sight(plain: str, text: str) -> None:
    if "," in plain:
        _refuse(text, "a comma is not read: write amounts with a decimal point, and one formula in a cell")
    if phase := _PHASE.fullmatch(plain):
        bare = (phase["rest"] or phase["first"]).strip(" -")
        _refuse(
            text,
            f"a phase, a form or a name beside a formula is no part of a composition: write {bare} alone, "
            "and keep the phase in a comment",
        )
    if re.search(r"\s[(\[{]", plain):
        _refuse(text, "a blank before a bracket: write one formula without blanks and without remarks")
    if _HYDROGEN.search(plain):
        _refuse(text, "H20 is twenty atoms of hydrogen: write water with the letter O")
    if _REMARK.search(plain):
        _refuse(text, "a remark in brackets: write the formula alone")


def _amounts(part: Part, text: str, elements: Collection[str]) -> Mapping[str, float]:
    """Return the amounts of each element in one part."""
    from pymatgen.core import Composition

    _check_blanks(part.formula, text)
    formula = "".join(part.formula.split())
    symbols = _symbols(formula, text)
    for word in re.split(r"[()\[\]{}]", formula):
        _check_word(word, text, elements)
    if why := why_other_elements(formula, elements) or why_letter_o(formula, elements):
        _refuse(text, f"is not a formula of one meaning: {why}")
    known = {"D", *element_table()}
    for symbol in symbols:
        if symbol not in known:
            _refuse(text, _why_unknown(symbol))
    try:
        items = Composition(_SYMBOL.sub(lambda symbol: "H" if symbol[0] == "D" else symbol[0], formula)).items()
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidObjectError(COLUMN, f"{text!r} is no chemical formula") from error
    return {str(species.symbol): float(amount) for species, amount in items}


def _symbols(formula: str, text: str) -> list[str]:
    """Return the symbols of a formula that consists of symbols, amounts and brackets alone."""
    position, symbols, last = 0, [], "number"
    for token in _TOKEN.finditer(formula):
        is_number = token["number"] is not None
        if token.start() != position or (is_number and last == "number"):
            break
        if is_number and float(token[0]) == 0:
            _refuse(text, "an amount of zero: leave out what is not there")
        position, last = token.end(), token.lastgroup or token[0]
        symbols += [token[0]] if token["symbol"] else []
    if position < len(formula) or not symbols:
        odd = f"{formula[position : position + 12]!r} is neither; " if formula[position:] else ""
        _refuse(text, f"is no chemical formula: {odd}write element symbols and amounts, as in Fe2O3 or Al0.3Ga0.7As")
    return symbols


def _check_blanks(formula: str, text: str) -> None:
    words = formula.split()
    if any(word[0].isdigit() or word[0] == "." for word in words[1:]):
        _refuse(text, "a blank before a number: write amounts behind their symbols, water as CuSO4·5H2O")
    if len(words) > 1 and not all(_TERM.fullmatch(word) for word in words):
        _refuse(text, "two formulas, or a formula and a name: write one formula without blanks")


def _check_word(word: str, text: str, elements: Collection[str]) -> None:
    """Refuse capital letters that look like an abbreviation or a grade (ITO, PVDF, SS316)."""
    match = _WORD.fullmatch(word)
    if match is None:
        return
    letters = match["letters"]
    if "T" in letters:
        _refuse(text, f"{_why_unknown('T')}; {letters} looks like an abbreviation")
    repeats = len(set(letters)) < len(letters)
    is_printed_so = letters in COMMON_WORDS or (len(letters) == 2 and not repeats)  # noqa: PLR2004 - KI, BN, CO
    is_canonical = letters == "".join(in_order(letters)) and letters not in _ABBREVIATIONS
    is_ours = set(letters) <= set(elements) and not repeats
    if is_canonical or is_ours or (is_printed_so and match["grade"] is None):
        return
    hint = "; write the composition"
    if match["grade"] is None and set(letters) <= set(element_table()):
        hint += f", with every amount if it is meant so ({''.join(f'{letter}1' for letter in letters)})"
    _refuse(text, f"is not a formula: {word!r} looks like an abbreviation or a grade{hint}")


def _why_unknown(symbol: str) -> str:
    from pymatgen.core import Element

    if symbol == "T":
        return "T is no element here (isotopes are not kept apart: write H for tritium)"
    if Element.is_valid_symbol(symbol):
        return f"no electronegativity is known for {symbol}"
    return f"{symbol!r} is no element (Fe2O3, not FE2O3)"


def _check_lone_element(amounts: Mapping[str, float], text: str) -> None:
    (symbol, amount), *others = amounts.items()
    if not others and symbol != "C" and amount > LARGEST_MOLECULE and amount != 100:  # noqa: PLR2004 - at %
        what = "a grade, a product's name or an oxide with a zero for the letter O"
        _refuse(text, f"is not a formula: {amount:g} atoms of {symbol} alone look like {what}")
