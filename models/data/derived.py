"""Derived objectives of measured objects, from a table of results. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from models.data.tables import MeasuredTable
    from models.specs.combinations import Combination

    Floats = npt.NDArray[np.float64]


def combined_values(
    combination: Combination,
    table: MeasuredTable,
    properties: Callable[[Sequence[str], Sequence[str]], Mapping[str, Floats]],
) -> Floats:
    """Return a derived objective of a table's objects [N] on its modelled scale, NaN without a part.

    `properties` computes named properties [N] of objects, as a domain does.
    """
    measured = {kind: table.values[:, table.types.index(kind)] for kind, _ in combination.measured}
    names = [name for name, _ in combination.computed]
    known = properties(table.objects, names) if names else {}
    return np.asarray(combination.of(measured, known), dtype=np.float64)
