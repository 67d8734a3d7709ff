"""Compounds of several formulas joined by dots: hydrates, ammoniates, minerals as oxides. Torch-free.

A raised dot always joins. A full stop may also be a decimal point, so it joins only where both sides are
whole compounds. Knows the shape of formulas, but no amounts of elements.
"""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

_DOTS = re.compile(r"\s*[·•∙⋅・*\u00d7]\s*|\s+x\s+(?=\d)")
_HALF = re.compile(r"(\d*)½")
_PART = re.compile(r"(?P<coefficient>\d+(?:\.\d+)?|\.\d+|\d+/\d+)?\s*(?P<formula>[A-Z(\[{].*)")
_SOME = re.compile(r"[xnyz]\s*(?P<formula>[A-Z(\[{].*)")
_SYMBOL = re.compile(r"[A-Z][a-z]?")
_UNWRITTEN = re.compile(r"(?<![\d.])[01]$")
"""A 1 or 0 before a full stop begins a decimal number; no such amount precedes a joining dot."""
_ENDS = frozenset(("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "As", "Se", "Br", "Te", "I"))
"""The possible end of a compound's formula."""
WATER = frozenset(("H2O", "OH2", "D2O"))
LIGANDS = frozenset(
    ("NH3", "ND3", "HCl", "HF", "HBr", "CO2", "SO2", "SO3", "N2H4", "CH3OH", "C2H5OH", "CH3CH2OH", "CH3CN", "H2O2")
)
"""Molecules beside water that crystals hold in numbers."""


class Part(NamedTuple):
    """One formula of an adduct, and its coefficient."""

    coefficient: float
    formula: str


def split_adduct(text: str) -> tuple[list[Part], tuple[str, ...]]:
    """Return the formulas that dots join, and warnings of what was assumed; a plain formula has one part.

    Raises:
        ValueError: if a full stop may also be a decimal point, or a number of molecules is unknown.
    """
    text = _HALF.sub(lambda half: f"{half[1] or 0}.5", text)
    pieces = _DOTS.split(text)
    if len(pieces) > 1:
        return [_part(piece) for piece in pieces], ()
    pieces = _at_full_stops(text)
    if len(pieces) == 1:
        return [Part(1.0, text)], ()
    _refuse_if_unclear(pieces)
    spelled = "·".join(pieces)
    return [_part(piece) for piece in pieces], (f"the full stop was read as joining formulas: {spelled}",)


def _part(piece: str) -> Part:
    if some := _SOME.fullmatch(piece):
        raise ValueError(f"an unknown number of {some['formula']}: write how many")
    match = _PART.fullmatch(piece)
    if match is None:
        raise ValueError(f"{piece!r} is no formula after a dot")
    number, _, divisor = (match["coefficient"] or "1").partition("/")
    coefficient = float(number) / float(divisor or 1) if float(divisor or 1) else 0.0
    if coefficient == 0:
        raise ValueError("an amount of zero: leave out what is not there")
    return Part(coefficient, match["formula"])


def _at_full_stops(text: str) -> list[str]:
    """Return the compounds around full stops, or the whole text where they are decimal points."""
    pieces: list[str] = []
    for piece in (piece.strip() for piece in text.split(".")):
        if pieces and re.fullmatch(r"\d+", pieces[-1]):
            pieces[-1] += f".{piece}"  # the coefficient itself is a decimal number, as in CaSO4.0.5H2O
        else:
            pieces.append(piece)
    is_joined = all(_is_compound(piece) for piece in pieces)
    return pieces if is_joined and not any(_UNWRITTEN.search(piece) for piece in pieces[:-1]) else [text]


def _is_compound(piece: str) -> bool:
    match = _SOME.fullmatch(piece) or _PART.fullmatch(piece)
    if match is None:
        return False
    symbols = _SYMBOL.findall(match["formula"])
    return len(set(symbols)) > 1 and symbols[-1] in _ENDS


def _refuse_if_unclear(pieces: list[str]) -> None:
    """Refuse two formulas around a number such as 4.5 that may be one amount, unless a molecule follows."""
    if len(pieces) > 2 or pieces[0][0].isdigit():  # noqa: PLR2004 - 2CaO.Al2O3 can only be joined
        return
    for before, after in itertools.pairwise(pieces):
        match = _PART.fullmatch(after)
        if match is None or not (before[-1].isdigit() and match["coefficient"]):
            continue
        molecule = "".join(match["formula"].split())
        is_half = match["coefficient"] == "5"
        if molecule not in WATER and (molecule not in LIGANDS or is_half):
            number = re.split(r"\D", before)[-1]
            raise ValueError(
                f"a dot followed by a formula: {number}.{match['coefficient']} may be one amount, or "
                f"{match['coefficient']} of {molecule}; write {before}·{after}, or {before}({molecule})"
                f"{match['coefficient']}"
            )
