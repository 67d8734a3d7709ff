"""The periodic table as numbers: one row of standardised properties per element, from pymatgen. Torch-free.

Knows no formula. pymatgen is loaded at first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.domains.contract import Floats

LAST_ATOMIC_NUMBER = 103
MISSING_RADIUS = 1.75
"""Angstrom; a default radius for actinides, which lack an empirical one, as do Kr, Xe, At, Rn and Fr."""
DESCRIPTORS = (
    "electronegativity",
    "atomic_radius",
    "atomic_number",
    "period",
    "group",
    "mendeleev_number",
    "melting_point",
    "valence_electrons",
    "ionization_energy",
)


@dataclass(frozen=True, slots=True)
class ElementData:
    """Properties of one element: eV, angstrom, kelvin and g/mol."""

    symbol: str
    molar_mass: float
    electronegativity: float
    atomic_radius: float
    atomic_number: int
    period: int
    group: int
    mendeleev_number: float
    melting_point: float
    valence_electrons: int
    ionization_energy: float
    common_states: tuple[int, ...]
    known_states: tuple[int, ...]


@cache
def element_table() -> Mapping[str, ElementData]:
    """Return every element with a Pauling electronegativity, in ascending formal electronegativity.

    The order is the element sequence of Nomenclature of Inorganic Chemistry (IUPAC 2005), table VI: it
    follows groups and periods, so formulas look as chemists print them. He, Ne, Ar and the elements beyond
    lawrencium have no electronegativity and are excluded.
    """
    from pymatgen.core import Element

    elements = [element for element in Element if element.Z <= LAST_ATOMIC_NUMBER and element.data.get("X") is not None]
    elements.sort(key=lambda element: float(element.iupac_ordering))
    return {element.symbol: _read(element) for element in elements}


def _read(element: Any) -> ElementData:
    data = element.data
    group = int(element.group)
    first_p_group = 13
    return ElementData(
        symbol=element.symbol,
        molar_mass=float(element.atomic_mass),
        electronegativity=float(data["X"]),
        atomic_radius=_number(data.get("Atomic radius"))
        or _number(data.get("Atomic radius calculated"))
        or MISSING_RADIUS,
        atomic_number=int(element.Z),
        period=int(element.row),
        group=group,
        mendeleev_number=float(data["Mendeleev no"]),
        melting_point=float(data["Melting point"]),
        valence_electrons=group - 10 if group >= first_p_group else group,
        ionization_energy=float(data["Ionization energies"][0]),
        common_states=tuple(int(state) for state in element.common_oxidation_states),
        known_states=tuple(int(state) for state in element.oxidation_states),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def in_order(symbols: Iterable[str]) -> list[str]:
    """Return the symbols in ascending formal electronegativity."""
    wanted = set(symbols)
    return [symbol for symbol in element_table() if symbol in wanted]


@cache
def descriptor_matrix() -> Floats:
    """Return the descriptors of all elements, each with mean 0 and deviation 1 over the table [E, P]."""
    rows = [[float(getattr(row, name)) for name in DESCRIPTORS] for row in element_table().values()]
    values = np.asarray(rows)
    standard: Floats = (values - values.mean(axis=0)) / values.std(axis=0)
    standard.setflags(write=False)
    return standard
