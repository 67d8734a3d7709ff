"""Units of values, converted by pint where dimensions allow. Knows no campaign.

pint takes a second to load, so it is loaded when two units differ for the first time.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pint

_UNIT_TEXT = re.compile(r"[A-Za-z%°Å*/^.\d ()⁻¹²³·-]{1,40}")
_BIG_POWER = re.compile(r"(\*\*|\^)\s*\(?\s*-?\s*\d{2,}|\d{4,}|\*\*.*\*\*.*\*\*")
_SPELLINGS = {"µ": "u", "μ": "u", "·": "*", "⁻¹": "^-1", "²": "^2", "³": "^3"}
_SUBSTANCE, _MASS = "[substance]", "[mass]"


class UnitsError(ValueError):
    """Units are unknown or of another kind; the message is a sentence for the person who filled them in."""


def convert(value: float, given: str, wanted: str) -> float:
    """Return the value in the wanted units.

    Raises:
        UnitsError: if either is unknown or the dimensions differ.
    """
    return value if same_units(given, wanted) else _conversion(plain_units(given), plain_units(wanted))(value)


def same_units(left: str, right: str) -> bool:
    """Return whether two texts are one unit apart from its spelling."""
    return plain_units(left) == plain_units(right)


def plain_units(text: str) -> str:
    """Return the units in plain letters: every micro sign is `u`, no spaces around operators."""
    for sign, plain in _SPELLINGS.items():
        text = text.replace(sign, plain)
    return re.sub(r"\s*([*/^])\s*", r"\1", text.strip())


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    return pint.UnitRegistry(cache_folder=None)


@lru_cache(maxsize=512)
def _conversion(given: str, wanted: str) -> Callable[[float], float]:
    source, target = _unit(given), _unit(wanted)
    if source.dimensionality != target.dimensionality:
        raise UnitsError(_difference(given, source, wanted, target))

    def converted(value: float) -> float:
        # 2 uM are 2000 nM and not 1999.9999999999998: fourteen digits are more than any instrument has.
        return float(f"{_registry().Quantity(value, source).to(target).magnitude:.14g}")

    return converted


def _unit(text: str) -> pint.Unit:
    if not _UNIT_TEXT.fullmatch(text) or _BIG_POWER.search(text):
        raise UnitsError(f"unknown units {text[:40]!r}")
    try:
        return _registry().Unit(text)
    except Exception as error:
        raise UnitsError(f"unknown units {text!r}") from error


def _difference(given: str, source: pint.Unit, wanted: str, target: pint.Unit) -> str:
    reason = "they measure different things"
    kinds = (source.dimensionality, target.dimensionality)
    if any(_SUBSTANCE in kind for kind in kinds) and any(_MASS in kind and _SUBSTANCE not in kind for kind in kinds):
        reason = "one counts amount of substance, the other mass, and the molar mass is not applied silently"
    return f"cannot convert {given!r} to the campaign's {wanted!r}: {reason}"
