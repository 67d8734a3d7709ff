"""Derived objectives of measured objects, from a table of results. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.data.tables import MeasuredTable
    from models.domains.contract import Domain, Floats
    from models.specs.combinations import Combination


def derived_values(found: Combination, table: MeasuredTable, domain: Domain) -> Floats:
    """Return a derived objective of a table's objects [N] on its modelled scale, NaN without a part."""
    measured = {kind: table.values[:, table.types.index(kind)] for kind, _ in found.measured}
    names = [name for name, _ in found.computed]
    properties = domain.properties(table.objects, names) if names else {}
    return np.asarray(found.of(measured, properties), dtype=np.float64)
