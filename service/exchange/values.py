"""The text of one value: `12.5`, `< 10`, `> 100 nM`, `1e-3`, `n.d.`.

Knows no units and no campaign.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import cast, get_args

from models.records import Outcome, Relation

RELATIONS = get_args(Relation)
OUTCOMES = get_args(Outcome)
MISSING = frozenset(
    {"", "-", "--", "?", "n/a", "#n/a", "na", "n.a.", "nd", "n.d.", "n.d", "none", "null", "not determined", "missing"}
)
"""How people write that there is no value."""

MAX_VALUE = 200
"""Longest text of a value, in characters."""
_SIGNS = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">=", "≈": "~", "<<": "<", ">>": ">", "==": "="}
_VALUE = re.compile(
    r"(?P<sign><<|>>|<=|>=|=<|=>|==|[<>=~≤≥≈])?\s*"
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?))"
    r"(?:\s*(?P<units>[^\d\s.,:/-][^\d,;]*(?:[\d^*/-].{0,12})?))?",
    re.IGNORECASE,
)


class ValueTextError(ValueError):
    """A cell does not hold what its column asks for; the message is a sentence for the person who filled it in."""


@dataclass(frozen=True, slots=True)
class ReadValue:
    """A value with the relation and units that stood in the same cell."""

    number: float
    relation: Relation | None = None
    units: str | None = None


def is_missing(text: str) -> bool:
    """Return whether the cell says that there is no value."""
    return text.strip().casefold() in MISSING


def read_value(text: str, *, decimal_comma: bool = False) -> ReadValue:
    """Read one value cell that is not missing.

    Raises:
        ValueTextError: if it is no finite number.
    """
    if len(text) > MAX_VALUE:
        raise ValueTextError(f"{shortened(text)} is longer than a value: at most {MAX_VALUE} characters are read")
    plain = text.strip().replace("\u2212", "-").strip("'")
    if decimal_comma and plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    match = _VALUE.fullmatch(plain)
    if match is None:
        hint = "; write a decimal point and no thousands separator" if "," in plain else ""
        raise ValueTextError(f"{shortened(text)} is not a number{hint}")
    number = float(match["number"])
    if not math.isfinite(number):
        raise ValueTextError(f"{shortened(text)} is not a finite number; leave the cell blank or give an outcome")
    relation = read_relation(match["sign"]) if match["sign"] else None
    return ReadValue(number, relation, match["units"].strip() if match["units"] else None)


def read_relation(text: str) -> Relation:
    """Read a relation; ChEMBL's exports put it in apostrophes.

    Raises:
        ValueTextError: if it is none of the six.
    """
    plain = text.strip().strip("'").strip()
    plain = _SIGNS.get(plain, plain)
    if plain not in RELATIONS:
        raise ValueTextError(f"{shortened(text)} is not a relation; use one of {' '.join(RELATIONS)}")
    return cast("Relation", plain)


def read_outcome(text: str) -> Outcome:
    """Read an outcome; spaces and capitals do not matter.

    Raises:
        ValueTextError: if it is none of the known ones.
    """
    plain = re.sub(r"[\s-]+", "_", text.strip().casefold())
    if plain not in OUTCOMES:
        raise ValueTextError(f"{shortened(text)} is not an outcome; use one of {', '.join(OUTCOMES)} or leave it blank")
    return cast("Outcome", plain)


def read_number(text: str, *, decimal_comma: bool = False) -> float:
    """Read a bare number.

    Raises:
        ValueTextError: if there is anything else in the cell.
    """
    read = read_value(text, decimal_comma=decimal_comma)
    if read.relation is not None or read.units is not None:
        raise ValueTextError(f"{shortened(text)} is not a bare number")
    return read.number


def shortened(text: str) -> str:
    """Return the text in quotes, cut to what fits in a sentence."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004 - a line's worth
