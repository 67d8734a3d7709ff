"""Materials: band gaps of semiconductors, from published values, each with its source in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from service.demo.labs.case import Case, Floats, example, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TABLE = "band_gaps.csv"


def _measured() -> list[dict[str, str]]:
    return read_rows(example(_TABLE))


def _descriptors(formulas: Sequence[str]) -> Floats:
    """Return bonding descriptors [N, 10]: ionicity, orbital sizes, ionisation, of cation and anion apart.

    The campaign's proxies see fractions and mean properties instead.
    """
    from pymatgen.core import Composition

    rows = []
    for formula in formulas:
        parts = sorted(Composition(formula).fractional_composition.items(), key=lambda part: part[0].X)
        (cation, _), (anion, share) = parts[0], parts[-1]
        ionicity = 1.0 - np.exp(-((anion.X - cation.X) ** 2) / 4.0)
        energy = sum(fraction * element.ionization_energy for element, fraction in parts)
        lengths = [float(element.atomic_radius or 1.4) for element in (cation, anion)]
        rows.append([ionicity, cation.X, anion.X, share, energy, *lengths, cation.row, anion.row, len(parts)])
    return np.array(rows, dtype=np.float64)


def _fit() -> Callable[[Sequence[Mapping[str, str]]], Floats]:
    from sklearn.ensemble import ExtraTreesRegressor

    rows = [row for row in _measured() if row["value"]]
    model = ExtraTreesRegressor(300, min_samples_leaf=2, random_state=0)
    model.fit(_descriptors([row["formula"] for row in rows]), [float(row["value"]) for row in rows])

    def read(candidates: Sequence[Mapping[str, str]]) -> Floats:
        return np.asarray(model.predict(_descriptors([row["formula"] for row in candidates])), dtype=np.float64)

    return read


CASE = Case(
    title="light absorbers with the best gap for one solar cell",
    source="56 published band gaps of semiconductors, each with its source",
    simulation=("randomised trees on bonding descriptors (Pauling ionicity, radii, ionisation) of the same table"),
    example="materials.json",
    measured=_measured,
    fit=_fit,
    noise=0.1,
    own=({"formula": "GaAs"}, {"formula": "CdSnP2"}, {"formula": "CsPbI3"}),
)
