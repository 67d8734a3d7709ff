"""Derived objectives as weighted sums of their parts on one scale. Torch-free.

p-values (pIC50) are turned into logarithms of concentrations: log10 of nM is 9 - pIC50.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.specs.base import field_error
from models.specs.derived import DerivedPart
from models.specs.objectives import MeasuredQuantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic_core import PydanticCustomError

    from models.specs.derived import Derived

_P_VALUE = re.compile(r"p[A-Z][A-Za-z]*[0-9]{0,2}(?:[^A-Za-z0-9].*)?")
"""`pIC50`, `pKi`, `pEC50 (hERG)`."""
_MOLAR = re.compile(r"(?P<power>[pnum]?)(M|mol/[lL])")
_DECADES = {"p": -12.0, "n": -9.0, "u": -6.0, "m": -3.0, "": 0.0}
NANOMOLAR = _DECADES["n"]


@dataclass(frozen=True, slots=True)
class Combination:
    """A derived objective on its modelled scale: offset + sum of weight * part.

    `measured` are assay types on their modelled scales. `computed` are properties, as logarithms where
    `is_log`. `p_values` names the parts that were turned from p-values into concentrations.
    """

    measured: tuple[tuple[str, float], ...]
    computed: tuple[tuple[str, float], ...]
    offset: float
    is_log: bool
    p_values: tuple[str, ...] = ()
    units: str | None = None
    """In which concentrations are compared."""

    def of(self, measured: Mapping[str, Any], computed: Mapping[str, Any]) -> Any:
        """Return values, for arrays or tensors of the parts by name; computed ones in their own units."""
        total: Any = self.offset
        for kind, weight in self.measured:
            total = total + weight * measured[kind]
        for name, weight in self.computed:
            total = total + weight * (_log10(computed[name]) if self.is_log else computed[name])
        return total


def combination(
    derived: Derived, quantities: Mapping[str, MeasuredQuantity], computed: Iterable[str]
) -> Combination:
    """Return a derived quantity as a sum on its modelled scale.

    Args:
        derived: its parts by their own names (assay types and properties, no names of objectives).
        quantities: how each measured part is read.
        computed: names of computed properties.

    Raises:
        PydanticCustomError: naming the part that does not fit, below `derived`.
    """
    known = set(computed)
    found = _Terms(derived, quantities, [name for name, _ in derived.weighted() if name not in known])
    measured = [(name, *found.term(name, weight)) for name, weight in derived.weighted() if name not in known]
    return Combination(
        measured=tuple((name, weight) for name, weight, _ in measured),
        computed=tuple((name, weight) for name, weight in derived.weighted() if name in known),
        offset=sum(shift for _, _, shift in measured),
        is_log=derived.transform == "log10",
        p_values=tuple(found.p_values),
        units=found.units,
    )


def part_quantity(derived: Derived, name: str, known: Mapping[str, MeasuredQuantity]) -> MeasuredQuantity:
    """Return how a measured part is read: as elsewhere in the campaign, or by the words of `derived`.

    Both parts of a ratio or difference have the same units, so one without units takes the other's.
    """
    if name in known:
        return known[name]
    own = derived.parts.get(name, DerivedPart())
    is_p = is_p_value(name)
    units = own.units
    if units is None and not is_p and derived.form in ("ratio", "difference"):
        other = next(other for other, _ in derived.weighted() if other != name)
        stated = known[other].units if other in known else derived.parts.get(other, DerivedPart()).units
        units = stated
    return MeasuredQuantity(units=units, transform=own.transform or ("none" if is_p else derived.transform))


def is_p_value(name: str) -> bool:
    """Return whether an assay type is minus the logarithm of a concentration in mol/L by its name."""
    return _P_VALUE.fullmatch(name) is not None and name != "pH"


@dataclass(slots=True)
class _Terms:
    """Turns measured parts into weights and offsets on the scale of a derived quantity."""

    derived: Derived
    quantities: Mapping[str, MeasuredQuantity]
    kinds: Sequence[str]
    p_values: list[str] = field(default_factory=list)

    @property
    def units(self) -> str | None:
        """The units in which concentrations are compared: those of the first part that has any."""
        stated = (self.quantities[kind].units for kind in self.kinds)
        return next((text for text in stated if text), None)

    def term(self, name: str, weight: float) -> tuple[float, float]:
        """Return the weight of a part on the scale of the derived quantity, and its share of the offset."""
        quantity, is_p = self.quantities[name], self._is_p(name)
        if self.derived.transform != "log10":
            self._check_plain()
            return weight, 0.0
        if is_p and self.derived.form == "product":
            raise self._error(name, f"{name!r} is a logarithm already: use sum for what is one")
        if is_p:
            self.p_values.append(name)
            return -weight, -weight * self._decades_of_reference(name)
        if quantity.transform != "log10":
            detail = f"{name!r} must have transform log10, because a {self.derived.form} needs it"
            raise self._error(name, detail)
        if self.derived.form == "product" or quantity.units == self.units:
            return weight, 0.0
        return weight, weight * (self._decades(name, quantity.units) - self._decades_of_reference(name))

    def _is_p(self, name: str) -> bool:
        quantity = self.quantities[name]
        return is_p_value(name) and quantity.units is None and quantity.transform == "none"

    def _decades_of_reference(self, name: str) -> float:
        return NANOMOLAR if self.units is None else self._decades(name, self.units)

    def _decades(self, name: str, units: str | None) -> float:
        """Return the power of ten of molar units."""
        found = _MOLAR.fullmatch((units or "").strip().replace("µ", "u").replace("μ", "u"))
        if found is None:
            others = ", ".join(f"{kind} ({self.quantities[kind].units or 'no units'})" for kind in self.kinds)
            raise self._error(name, f"the parts have no common units: {others}; give both in the same ones")
        return _DECADES[found["power"]]

    def _check_plain(self) -> None:
        """Check that the parts of a difference or sum can be added up."""
        for kind in self.kinds:
            if self.quantities[kind].transform == "log10":
                raise self._error(kind, f"{kind!r} is modelled as log10: use ratio or product")
        stated = {kind: self.quantities[kind].units or "no units" for kind in self.kinds}
        if self.derived.form == "difference" and len(set(stated.values())) > 1:
            found = " and ".join(f"{kind} in {units}" for kind, units in stated.items())
            raise self._error(self.kinds[-1], f"the parts have other units: {found}")

    def _error(self, name: str, detail: str) -> PydanticCustomError:
        return field_error(self.derived.pointer(name), detail)


def _log10(values: Any) -> Any:
    """Return logarithms of an array or tensor."""
    return values.log10() if hasattr(values, "log10") else np.log10(values)
