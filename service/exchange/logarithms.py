"""Types that are logarithms by their names, and what their units say of the sign.

Knows no row and no campaign.
"""

from __future__ import annotations

import re

from service.exchange.units import UnitsError, plain_units

_LOGARITHM = re.compile(r"p[A-Z]\w*|-?\s*log.*", re.DOTALL)
_OF_LOGARITHMS = re.compile(
    r"(?P<minus>-?)\s*log(10)?\s*(?P<of>\(?\s*(M|mol/L|molar)\s*\)?)?|log(10)?\s*units?|dimensionless",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"p[A-Z]\w*|-\s*log.*", re.DOTALL)
_POSITIVE = re.compile(r"[Ll][Oo][Gg](10|2)?(?![a-z]).*", re.DOTALL)
_FAR_LOGARITHM = 20
_NEAR_NEGATIVE = (-2, 15)
"""Negative logarithms of molar concentrations, from more than there can be of anything to a femtomolar."""


def is_logarithm(kind: str) -> bool:
    """Return whether values of a type are logarithms by its name, and have no units: `pIC50`, `logS`."""
    return _LOGARITHM.fullmatch(kind) is not None or kind[:3].casefold() == "log"


def is_of_logarithms(text: str) -> bool:
    """Return whether units say no more than that the value is a logarithm: `-log M`, `log units`."""
    return _of_logarithms(text) is not None


def check_sign(kind: str, units: str) -> None:
    """Check that units do not tell the other sign than a type's name: pIC50 is -log M, and logS is log M.

    Raises:
        UnitsError: if they do.
    """
    found = _of_logarithms(units)
    if found is None or not (found["minus"] or found["of"]):
        return
    if found["minus"] and _is_positive(kind):
        raise UnitsError(
            f"{kind} is a logarithm and {units[:40]!r} a negative one: turn the sign of the values"
        )
    if not found["minus"] and _is_negative(kind):
        raise UnitsError(
            f"{kind} is a negative logarithm and {units[:40]!r} is none: turn the sign of the values"
        )


def _is_negative(kind: str) -> bool:
    """Return whether a type is a negative decadic logarithm by its name: `pIC50`, `-log Kd`."""
    return _NEGATIVE.fullmatch(kind) is not None


def _is_positive(kind: str) -> bool:
    """Return whether a type is a logarithm, and not its negative, by its name: `logS`, `log10 CFU`."""
    return _POSITIVE.fullmatch(kind) is not None


def _of_logarithms(text: str) -> re.Match[str] | None:
    return _OF_LOGARITHMS.fullmatch(plain_units(text))


def warning_if_far(value: float, kind: str) -> tuple[str, ...]:
    """Return a warning if a value of a logarithm is one that hardly anything has."""
    # Acidity constants alone are known far beyond any concentration: pKa is -10 to 50.
    is_molar = _is_negative(kind) and not kind.startswith("pK")
    low, high = _NEAR_NEGATIVE if is_molar else (-_FAR_LOGARITHM, _FAR_LOGARITHM)
    is_far = is_logarithm(kind) and not low <= value <= high
    return (f"{value:g} is far off for a logarithm such as {kind}",) if is_far else ()
