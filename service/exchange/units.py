"""Units of values: known words with small whole powers, converted by pint where dimensions allow.

Knows no campaign. A text is taken apart here and pint is asked for single words only: its own parser
computes, so that `9^9^9 nM` would hold the interpreter for ever. It takes a second to load, so it is loaded
when two units differ for the first time.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pint

MAX_TEXT = 60
"""Longest text that can be units, in characters."""
_MAX_FACTORS = 6
_SPELLINGS = str.maketrans(
    {"µ": "u", "μ": "u", "·": "*", "⋅": "*", "\u00d7": "*", "\u2212": "-", "⁻": "-"}
    | {"\u00c5": "angstrom", "\u212b": "angstrom"}
    | dict(zip("¹²³⁴", "1234", strict=True))
)
_WORDS = {
    "%": "percent",
    "°C": "degC",
    "ºC": "degC",
    "°F": "degF",
    "mcg": "ug",
    "hr": "hour",
    "hrs": "hour",
    "mins": "minute",
    "Torr": "torr",
    "mTorr": "mtorr",
}
_COUNTED = (
    *(
        "RLU",
        "RFU",
        "RU",
        "EU",
        "CFU",
        "cfu",
        "PFU",
        "pfu",
        "IU",
        "fold",
        "score",
        "points",
        "cells",
        "copies",
        "OD",
    ),
    *("equiv", "equivalents", "eq", "layers", "sccm"),
)
"""What laboratories count and pint does not know; each converts to itself alone."""
_MILLIONS = ("mega", "giga", "tera")
_QUADRILLIONS = ("peta", "exa", "zetta", "yotta", "ronna", "quetta")
_NEVER_IN_MILLIONS = frozenset({"molar", "mole", "gram", "liter", "meter", "second", "minute", "hour"})
"""What laboratories have a thousandth or a thousand of, but no million: `MM` and `Mg/mL` are slips for mM and
mg/mL."""
_LEVELS = frozenset(
    ("decibel", "neper", "decade", "octave", "decibelmilliwatt", "decibelwatt", "decibelmicrowatt")
)
"""What tells the logarithm of a ratio or of a power: 5 dB are no 316 %, whatever arithmetic says."""
_ANGLES = frozenset(
    ("degree", "radian", "arcminute", "arcsecond", "turn", "grade", "steradian", "revolutions_per_minute")
)
"""Without dimensions for pint, and yet no share of anything: 5 degrees are no 8.7 %."""
_INFORMATION = "byte"
"""What pint takes `B` for, where people mean bel."""
_FACTOR = re.compile(r"(?P<word>[A-Za-z]{1,24}|%|[°º][CF])(?:(?:\^|\*\*)?(?P<power>-?[1-4]))?")
_BETWEEN = re.compile(r"\s*(/|\*|\s)\s*")
_SUBSTANCE, _MASS = "[substance]", "[mass]"
_OFTEN_ALONE = frozenset("MKgshVJ%")


class UnitsError(ValueError):
    """Units are unknown or of another kind; the message is a sentence for the person who filled them in."""


def convert(value: float, given: str, wanted: str) -> float:
    """Return the value in the wanted units.

    Raises:
        UnitsError: if either is unknown or the dimensions differ.
    """
    left, right = plain_units(given), plain_units(wanted)
    return value if left == right else _conversion(left, right)(value)


def same_units(left: str, right: str) -> bool:
    """Return whether two texts mean one unit: `uM` and `µmol/L`."""
    if plain_units(left) == plain_units(right):
        return True
    try:
        return convert(1.0, left, right) == 1.0 and convert(0.0, left, right) == 0.0
    except UnitsError:
        return False


def are_convertible(left: str, right: str) -> bool:
    """Return whether values in one unit can be told in the other."""
    try:
        convert(1.0, left, right)
    except UnitsError:
        return False
    return True


def are_molar(units: str) -> bool:
    """Return whether values in these units have a named negative decadic logarithm, as IC50 has pIC50."""
    return are_convertible(units, "mol/L")


def is_concentration(units: str) -> bool:
    """Return whether known units count an amount or a mass in a volume."""
    return are_molar(units) or are_convertible(units, "g/L")


def check_known(text: str) -> None:
    """Check that a text is units.

    Raises:
        UnitsError: if it is not.
    """
    _unit(plain_units(text))


def is_unit_beside_a_number(text: str) -> bool:
    """Return whether a text that follows a number is certainly its units.

    No mark, no letter of a footnote.
    """
    plain = plain_units(text)
    return (len(plain) > 1 or plain in _OFTEN_ALONE) and _parsed(plain) is not None


def is_certain_unit(text: str) -> bool:
    """Return whether a text behind a number is its units even where nobody states any.

    Short words are units as well: `ns` is not significant, `5 M` five million, `na` a nanoyear.
    """
    plain = plain_units(text)
    unit = _parsed(plain) if len(plain) > 1 or plain == "%" else None
    if unit is None:
        return False
    return unit.dimensionless or any(
        kind in unit.dimensionality for kind in (_SUBSTANCE, _MASS, "[temperature]")
    )


def plain_units(text: str) -> str:
    """Return the units in plain letters, every micro sign `u`, no spaces around operators.

    What is too long is cut.
    """
    return _plain(text[: MAX_TEXT + 1])


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return re.sub(r"\s*([*/^])\s*", r"\1", text.translate(_SPELLINGS).strip())


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    registry.define("fraction = 1")
    for name in _COUNTED:
        registry.define(f"{name} = [{name.casefold()}]")
    return registry


@lru_cache(maxsize=512)
def _conversion(given: str, wanted: str) -> Callable[[float], float]:
    source, target = _unit(given), _unit(wanted)
    if source != target and (_is_apart(given) or _is_apart(wanted)):
        raise UnitsError(
            f"cannot convert {given!r} to the campaign's {wanted!r}: a logarithm such as dB converts to "
            f"itself alone"
        )
    if source != target and _has_angle(given) != _has_angle(wanted):
        raise UnitsError(
            f"cannot convert {given!r} to the campaign's {wanted!r}: only one of them is of angles"
        )
    if source.dimensionality != target.dimensionality:
        raise UnitsError(_difference(given, source, wanted, target))

    if source == target:
        return lambda value: value

    def exactly(value: float) -> float:
        return float(_registry().Quantity(value, source).to(target).magnitude)

    factor = exactly(1.0) if exactly(0.0) == 0.0 else None  # degrees Celsius are shifted as well

    def converted(value: float) -> float:
        # 2 uM are 2000 nM and not 1999.9999999999998: fourteen digits are more than any instrument has.
        return float(f"{value * factor if factor is not None else exactly(value):.14g}")

    return converted


def _unit(plain: str) -> pint.Unit:
    found = _parsed(plain)
    if found is None:
        slip = next((word for word, _ in _factors(plain) or () if _is_slip(_WORDS.get(word, word))), None)
        hint = f": {slip} begins with the sign of a million or more" if slip else ""
        raise UnitsError(f"unknown units {plain[:40]!r}{hint}")
    return found


@lru_cache(maxsize=4096)
def _parsed(plain: str) -> pint.Unit | None:
    """Return the product of known words, or None if the text is anything else."""
    factors = _factors(plain)
    if factors is None:
        return None
    unit = _registry().Unit("dimensionless")
    for word, power in factors:
        name = _WORDS.get(word, word)
        if not _registry().parse_unit_name(name) or _is_slip(name):
            return None
        prefix, base = _base(word)
        if prefix and base in _LEVELS:
            return None  # pint has no thousandth of a decibel
        unit = unit * _registry().Unit(name) ** power
    return unit


def _base(word: str) -> tuple[str, str]:
    """Return the prefix and the unit of a word that is known."""
    prefix, unit, _ = next(iter(_registry().parse_unit_name(_WORDS.get(word, word))), ("", "", ""))
    return prefix, unit


def _is_apart(plain: str) -> bool:
    """Return whether units hold a level, or the bel that is read as a byte."""
    return any(_base(word)[1] in (*_LEVELS, _INFORMATION) for word, _ in _factors(plain) or ())


def _has_angle(plain: str) -> bool:
    return any(_base(word)[1] in _ANGLES for word, _ in _factors(plain) or ())


def _is_slip(word: str) -> bool:
    """Return whether a word has a capital prefix that its unit never has.

    `MM`, `PM`, `ug/ML`, but not `MPa`.
    """
    read = next(iter(_registry().parse_unit_name(word)), None)
    if read is None or not read[0] or word.startswith(read[0]):
        return False
    prefix, unit, _ = read
    return prefix in _QUADRILLIONS or (prefix in _MILLIONS and unit in _NEVER_IN_MILLIONS)


def _factors(plain: str) -> list[tuple[str, int]] | None:
    """Take `mg/mL`, `umol L-1`, `kJ/(mol*K)` and `1/h` apart into words and powers."""
    text, in_brackets = re.subn(r"/\(([^()]*)\)$", r"/\1", plain)
    text = re.sub(r"^1(?=/)", "", text)
    if not text or len(text) > MAX_TEXT:
        return None
    found: list[tuple[str, int]] = []
    position, sign = (1, -1) if text.startswith("/") else (0, 1)
    while len(found) < _MAX_FACTORS and (factor := _FACTOR.match(text, position)):
        found.append((factor["word"], sign * int(factor["power"] or 1)))
        position = factor.end()
        if position == len(text):
            return found
        between = _BETWEEN.match(text, position)
        if between is None:
            return None
        # Behind a bracket everything is below the line; `a/b*c` is a*c/b, as spreadsheets and pint read it.
        sign = -1 if between[1] == "/" or (in_brackets and sign < 0) else 1
        position = between.end()
    return None


def _difference(given: str, source: pint.Unit, wanted: str, target: pint.Unit) -> str:
    reason = "they measure different things"
    kinds = (source.dimensionality, target.dimensionality)
    if any(_SUBSTANCE in kind for kind in kinds) and any(
        _MASS in kind and _SUBSTANCE not in kind for kind in kinds
    ):
        reason = "one counts amount of substance, the other mass, and the molar mass is not applied silently"
    return f"cannot convert {given!r} to the campaign's {wanted!r}: {reason}"
