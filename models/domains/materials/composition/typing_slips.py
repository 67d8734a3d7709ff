"""Formulas that typing habits make ambiguous: capital letters alone (`SIO2`), and a zero for the letter O (`Ti02`).

Tells why a formula may mean another compound. Knows texts and symbols, no canonical forms. Torch-free.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_TITLE_CASE = re.compile(r"[A-Z][a-z]")
_PAIRS = ("Bi", "Co", "Cs", "Cu", "Hf", "Ho", "In", "Nb", "Ni", "Np", "Os", "Pb", "Pu", "Sb", "Sc", "Si", "Sn", "Yb")
"""Elements that samples hold and whose letters in capitals are two elements as well."""
_CAPITALS = re.compile(f"(?=({'|'.join(map(str.upper, _PAIRS))}))")
COMMON_WORDS = frozenset(
    (
        *("COO", "COOH", "CSO", "HCHO", "HCN", "HCO", "HCOO", "HCOOH", "HDO", "HNC", "HNCO", "HNCS", "HNO", "HOCN"),
        *("HOF", "HOI", "HOOC", "HOOH", "HSCN", "KCN", "KHS", "KNCO", "KNCS", "KOCN", "KOH", "KSCN", "KSH", "NCO"),
        *("NCS", "NNO", "NOF", "OCHO", "OCN", "OCO", "OCS", "ONO", "OOCH", "OOH", "SCN", "SCO"),
    )
)
"""Molecules and groups that are printed in capital letters alone."""
_PRINTED = (COMMON_WORDS - {"COO"}) | {"CO", "CO2", "CO(NH2)2", "CS2", "HF", "NH4HF2", "K2CS3", "H2CS3"}
_PRINTED_WITHIN = re.compile(r"(?:(?<=[HK(])|(?<=[HK)]2))CO(?=3(?![0-9A-Z]))|(?<=CH3)CO|(?<=[CK])HF|(?<=[BCKNP])HO")
"""Pairs that are two elements where they stand so: carbonates, carboxyl groups, CHF3, KHF2, and KHO for KOH."""
_LONE = frozenset(("CO", "HF"))
"""Molecules that are the names of metals in capitals."""
_LETTER_O = re.compile(r"(?<![\d.])0\d")
"""An amount that begins with a zero."""
_ZERO_WITHIN = re.compile(r"(?<![\d.])[1-9]\d*0+[1-9]\d*(?![\d.])")
_ROUND_TOTALS = (100.0, 1000.0)
"""What amounts in percent and in thousandths sum to."""


def why_other_elements(formula: str, elements: Collection[str]) -> str | None:
    """Return why a formula in capital letters alone may be one of other elements.

    The campaign's `elements` decide where they hold the two single letters and not the pair.
    """
    if _TITLE_CASE.search(formula):
        return None
    for match in _CAPITALS.finditer(formula):
        pair, symbol = match[1], match[1].capitalize()
        is_capitals = {*pair} <= set(elements)
        is_usual = formula in _PRINTED or _PRINTED_WITHIN.match(formula, match.start()) is not None
        if (symbol not in elements and is_capitals) or (is_usual and not (symbol in elements and formula in _LONE)):
            continue
        meant, explicit = formula.replace(pair, symbol), with_every_amount(formula)
        return (
            f"in capital letters alone {pair} may be {symbol}, or {pair[0]} and {pair[1]}: write {meant}, or every "
            f"amount as in {explicit}"
        )
    return None


def with_every_amount(formula: str) -> str:
    """Return a formula that no habit makes ambiguous: amounts of 1 are written, and those with a zero as decimals."""
    written = re.sub(r"([A-Z][a-z]?)(?![a-z\d.])", r"\g<1>1", formula)
    return _ZERO_WITHIN.sub(r"\g<0>.0", written)


def why_letter_o(formula: str, elements: Collection[str]) -> str | None:
    """Return why a zero in an amount may be the letter O.

    A zero within an amount is one where the formula has its oxygen elsewhere, the campaign has none, it is a
    hydrocarbon's, or amounts sum to 100 or 1000.
    """
    if first := _LETTER_O.search(formula):
        return f"the amount {first[0]!r} begins with a zero: write oxygen with the letter O"
    symbols = set(re.findall(r"[A-Z][a-z]?", formula))
    if "O" in symbols or (elements and "O" not in elements) or symbols == {"C", "H"}:
        return None
    within = _ZERO_WITHIN.search(formula)
    total = sum(float(amount or 1) for amount in re.findall(r"[A-Z][a-z]?(\d+(?:\.\d+)?|\.\d+)?", formula))
    if within is None or total in _ROUND_TOTALS:
        return None
    return (
        f"the zero in {within[0]!r} may be the letter O: write oxygen with the letter, or the amount as {within[0]}.0"
    )
