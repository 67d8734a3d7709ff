"""Formulas with ambiguous typing slips: wrong capitals (`SIO2`, `COFe2O4`), and a zero for the letter O.

Explains why a formula may mean another compound. Knows texts and symbols, no canonical forms. Torch-free.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_TITLE_CASE = re.compile(r"[A-Z][a-z]")
_PAIRS = ("Bi", "Co", "Cs", "Cu", "Hf", "Ho", "In", "Nb", "Ni", "Np", "Os", "Pb", "Pu", "Sb", "Sc", "Si", "Sn", "Yb")
"""Elements of usual samples whose letters in capitals are also two elements."""
_WITH_DEUTERIUM = ("Cd", "Dy", "Nd", "Pd")
"""Elements whose letters in capitals are deuterium and another."""
_CAPITALS = re.compile(f"(?=({'|'.join(map(str.upper, (*_PAIRS, *_WITH_DEUTERIUM)))})(?![a-z]))")
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
"""Contexts in which a pair is two elements: carbonates, carboxyl groups, CHF3, KHF2, and KHO for KOH."""
_USUAL_BESIDE_METALS = re.compile(
    "|".join(
        (
            # Carbonates, carbonyls, carboxylates, cyanates, urea, the glass SiCO; not LiCOO2 or NiCO2O4.
            *(
                r".<CO>3(?![.\d]|O\d|S(?!O)|Te)",
                r"\(<CO>(?:O|2)?\)",
                r"[HN]\d*<CO>(?!\.)",
                r"(?:Li|Na|K|Rb|Cs|Tl)<CO>OH(?![.\d])",
                r"<CO>\(NH2\)",
                r"^Si<CO>$",
            ),
            *(r".<CS>3(?:\)|$)", r"[HON]\d*<CS>(?!\.)", r"\(<CS>2\)", r"<CS>\(NH2\)"),
            *(r"C\d*<HF>", r"(?:Li|Na|K|Rb|Cs|Tl|Ag|H4|\))<HF>2(?:\)|$)"),
            *(r"^<HO>(?:Cl|Br)(?!\d)", r".<HO>\d*(?:[()]|$|F(?!e)|Cl|Br|I(?![nr]))"),
            *(r"[H)]\d*<NB>[FH]4", r"[H)]\d+<NI>\d*$", r"<NP>(?:Cl|Br|F(?!e))"),
            *(r".<OS>\d?$", r".<OS>O4"),
            *(r"(?<!Al)(?<!Ga)<SC>N(?![a-z])", r"(?:Ag|Cu)<SC>F3", r"<SC>H(?![a-z])", r"<SC>\(NH2\)"),
            r"(?:As|Bi|In|Sb)[\d.]*\)?<SI>$",
        )
    )
)
"""Pairs, in angle brackets, that are two elements beside others in title case: CaCO3, CuSCN, SbSI."""
_DEUTERATED = re.compile(r"<[CN]D>\d|^<CD>(?:Cl|Br|I|F)3$")
_IN_SOLVENTS = frozenset(("H", "D", "C", "N", "O", "S", "Si", "F", "Cl", "Br", "I", "Li", "Na", "K"))
_LONE = frozenset(("CO", "HF"))
"""Molecules that are the names of metals in capitals."""
_LETTER_O = re.compile(r"(?<![\d.])0\d")
"""An amount that begins with a zero."""
_ZERO_WITHIN = re.compile(r"(?<![\d.])[1-9]\d*0+[1-9]\d*(?![\d.])")
_ROUND_TOTALS = (100.0, 1000.0)
"""The sums of amounts in percent and in thousandths."""


def why_other_elements(formula: str, elements: Collection[str]) -> str | None:
    """Return why a formula with two capitals in a row may be one of other elements.

    The campaign's `elements` decide where they hold the two single letters and not the pair.
    """
    for match in _CAPITALS.finditer(formula):
        pair, symbol = match[1], match[1].capitalize()
        is_capitals = {*pair.replace("D", "H")} <= set(elements)
        is_usual = _is_usual(formula, match)
        if (symbol not in elements and is_capitals) or (is_usual and not (symbol in elements and formula in _LONE)):
            continue
        before, after = formula[: match.start()], formula[match.end(1) :]
        is_mixed = _TITLE_CASE.search(formula) is not None
        meant = f"{before}{symbol}{after}" if is_mixed else formula.replace(pair, symbol)
        return (
            f"in capital letters {'' if is_mixed else 'alone '}{pair} may be {symbol}, "
            f"or {pair[0]} and {pair[1]}: write {meant}, or every amount as in {with_every_amount(formula)}"
        )
    return None


def _is_usual(formula: str, match: re.Match[str]) -> bool:
    """Return whether two capitals are two elements in context: in a carbonate, a hydroxide, a solvent."""
    pair = match[1]
    marked = f"{formula[: match.start()]}<{pair}>{formula[match.end(1) :]}"
    if "D" in pair:
        is_solvent = set(re.findall(r"[A-Z][a-z]?", formula)) <= _IN_SOLVENTS
        return is_solvent and _DEUTERATED.search(marked) is not None
    if formula in _PRINTED:
        return True
    if _TITLE_CASE.search(formula):
        return _USUAL_BESIDE_METALS.search(marked) is not None
    return _PRINTED_WITHIN.match(formula, match.start()) is not None


def with_every_amount(formula: str) -> str:
    """Return an unambiguous formula: amounts of 1 are written, and those with a zero as decimals."""
    written = re.sub(r"([A-Z][a-z]?)(?![a-z\d.])", r"\g<1>1", formula)
    return _ZERO_WITHIN.sub(r"\g<0>.0", written)


def why_letter_o(formula: str, elements: Collection[str]) -> str | None:
    """Return why a zero in an amount may be the letter O.

    A zero within an amount is a digit if the formula has oxygen elsewhere, if the campaign has none, in a
    hydrocarbon, or if amounts sum to 100 or 1000.
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
    return f"the zero in {within[0]!r} may be the letter O: write the letter, or the amount as {within[0]}.0"
