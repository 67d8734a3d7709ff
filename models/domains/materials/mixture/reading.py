"""Parse table columns into a recipe: numbers, percent, tolerances and warnings. Torch-free.

A fraction or number within rounding of a grid step becomes that step. Any other value remains as measured,
with six decimals for fractions. A setting near the campaign's range gives a warning; one far outside is
refused as a probable error of units.
"""

from __future__ import annotations

import difflib
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from models.domains.cells import plain_number
from models.domains.contract import InvalidObjectError, ParsedObject
from models.domains.materials.mixture.recipe import DECIMALS, grid_fraction, nearest_level, write
from models.domains.materials.process import Categorical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.materials.process import Continuous, Ordinal
    from models.domains.materials.spec import MixtureSpec

    Numeric = Continuous | Ordinal

ROUNDING = 5e-4
"""Rounding error of a fraction with three decimals."""
SUM_TOLERANCE = 5e-3
"""Tolerance of the sum of one mixture's fractions: half a percent, as when ten are rounded."""
PERCENT = 100
FAR = 3.0
"""Ranges beyond the campaign's at which a number is refused; a range is at least half its maximum."""
FAR_DECADES = 2.0
"""The same on a log scale, with a minimum range in decades."""
_SHOWN, _COMPARED, _LETTERS = 6, 100, 40
"""Values that a warning lists, values that are compared with an unknown one, and letters of each."""
_SPREAD = re.compile(r"\d\s*(?:±|\+/-|\u2013|-|to)\s*\d")


def parse_recipe(spec: MixtureSpec, fields: Mapping[str, str]) -> ParsedObject:
    """Return the recipe that columns describe, with warnings; names are case-insensitive.

    Raises:
        InvalidObjectError: if a number cannot be read, fractions do not sum to 1 within `SUM_TOLERANCE`, or a
            process variable is missing or far off.
    """
    given = {name.strip().casefold(): text.strip() for name, text in fields.items()}
    warnings: list[str] = []
    recipe: dict[str, str | float] = dict(_fractions(spec, given, warnings))
    for variable in spec.process:
        text = given.get(variable.name.casefold(), "")
        if not text:
            name = variable.name
            raise InvalidObjectError(name, f"{name} is missing: every process variable must be given")
        recipe[variable.name] = _setting(variable, text, warnings)
    return ParsedObject(write(spec, recipe), tuple(warnings))


def _fractions(spec: MixtureSpec, given: Mapping[str, str], warnings: list[str]) -> dict[str, float]:
    if not spec.components:
        return {}
    fractions = {name: _fraction(name, given.get(name.casefold(), "") or "0") for name in spec.components}
    total = sum(fractions.values())
    if abs(total - 1) > SUM_TOLERANCE:
        percent = "; write 0.3 for 30 %, or percent in the header: A (%)" if _is_percent(total) else ""
        column = max(fractions, key=lambda name: fractions[name])
        raise InvalidObjectError(column, f"component fractions sum to {total:.6g}, not 1{percent}")
    if abs(total - 1) > len(fractions) * ROUNDING:
        warnings.append(f"component fractions sum to {total:.6g}, not 1: they are kept as they are")
    steps = {name: round(value * spec.grid) for name, value in fractions.items()}
    near = min(ROUNDING, 0.25 / spec.grid)
    if sum(steps.values()) == spec.grid and all(abs(v - steps[n] / spec.grid) <= near for n, v in fractions.items()):
        return {name: grid_fraction(count, spec.grid) for name, count in steps.items()}
    return {name: round(value, DECIMALS) for name, value in fractions.items()}


def _is_percent(total: float) -> bool:
    return abs(total - PERCENT) <= PERCENT * SUM_TOLERANCE


def _fraction(name: str, text: str) -> float:
    plain = text.removesuffix("%").strip()
    value = _number(name, plain) / (1 if plain == text else PERCENT)
    if value < 0:
        raise InvalidObjectError(name, f"{name}: a fraction cannot be negative, got {value:g}")
    return value


def _setting(variable: Categorical | Numeric, text: str, warnings: list[str]) -> str | float:
    if isinstance(variable, Categorical):
        return _choice(variable, text, warnings)
    return _number_of(variable, text, warnings)


def _choice(variable: Categorical, text: str, warnings: list[str]) -> str:
    listed = {value.casefold(): value for value in variable.values}
    if text.casefold() in listed:
        return listed[text.casefold()]
    near = _nearest(text.casefold()[:_LETTERS], tuple(listed))
    known = ", ".join(variable.values[:_SHOWN]) + (", ..." if variable.values[_SHOWN:] else "")
    hint = f"they are {known}" if near is None else f"the nearest is {listed[near]!r}"
    warnings.append(f"{variable.name}: {text!r} is none of the campaign's values; {hint}")
    return text


@lru_cache(maxsize=4096)
def _nearest(text: str, values: tuple[str, ...]) -> str | None:
    """Return the value with the most similar spelling, if any, among a bounded number of values."""
    begin = {value[:_LETTERS]: value for value in reversed(values[:_COMPARED])}
    result = difflib.get_close_matches(text, begin, n=1)
    return begin[result[0]] if result else None


def _number_of(variable: Numeric, text: str, warnings: list[str]) -> float:
    value = _number(variable.name, text)
    index = nearest_level(variable.levels, value)
    if index is not None:
        return variable.levels[index]
    low, high = variable.levels[0], variable.levels[-1]
    units = f" {variable.units}" if variable.units else ""
    if variable.is_log and value <= 0:
        raise InvalidObjectError(variable.name, f"{variable.name}: {value:g}{units} has no place on a log scale")
    if not low <= value <= high:
        message = f"{variable.name}: {value:g}{units} lies %s the campaign's {low:g} to {high:g}"
        if _is_far(variable, value):
            hint = "check its units, or widen the variable in the specification"
            raise InvalidObjectError(variable.name, f"{message % 'far outside'}; {hint}")
        nearest = low if value < low else high
        warnings.append(f"{message % 'outside'}; the nearest level is {nearest:g}")
    return value


def _is_far(variable: Numeric, value: float) -> bool:
    low, high = variable.levels[0], variable.levels[-1]
    beyond = max(low - value, value - high)
    if variable.is_log:
        decades = max(math.log10(low / value), math.log10(value / high))
        return decades > max(FAR_DECADES, math.log10(high / low))
    return beyond > FAR * max(high - low, max(abs(low), abs(high)) / 2)


def _number(column: str, text: str) -> float:
    try:
        value = plain_number(text)
    except ValueError as error:
        hint = "; give one value, without its error or a range" if _SPREAD.search(text) else ""
        raise InvalidObjectError(column, f"{column}: {text!r} is no number{hint}") from error
    if not math.isfinite(value):
        raise InvalidObjectError(column, f"{column}: {text!r} is no finite number")
    return value
