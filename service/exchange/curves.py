"""Readings of curves: one object at several concentrations is no repeated measurement of one assay."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from service.exchange.columns import unread
from service.exchange.headers import named_result
from service.exchange.tables import TableError
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from service.exchange.columns import Mapped
    from service.exchange.tables import Table

_ENDS = ("conc", "concentration", "dose")
_BEGINNINGS = (
    "",
    "test_",
    "tested_",
    "compound_",
    "cpd_",
    "drug_",
    "peptide_",
    "final_",
    "inhibitor_",
    "assay_",
)
_NAMES = {f"{begin}{end}": end for begin in _BEGINNINGS for end in _ENDS}
"""Names of a column that says how much of the object was in the well."""


def check_is_no_curve(table: Table, mapped: Mapped) -> None:
    """Check that no object has values at several concentrations, which a column that is not read states.

    Raises:
        TableError: if one has.
    """
    values = [column.header for column in mapped.results] or [mapped.fields.get("value", "")]
    identity = [
        *mapped.objects.values(),
        mapped.fields.get("candidate_id", ""),
        mapped.fields.get("compound_id", ""),
    ]
    for header in unread(table, mapped):
        if named_result(header, _NAMES) is None:
            continue
        met: dict[tuple[str, ...], str] = defaultdict(str)
        for row in table.rows:
            cell = row.cells.get(header, "").strip()
            if is_missing(cell) or all(is_missing(row.cells.get(value, "")) for value in values):
                continue
            first = met.setdefault(tuple(row.cells.get(name, "") for name in identity), cell)
            if _number(first) != _number(cell):
                detail = (
                    f"column {header!r} says {shortened(first)} and, in row {row.number}, {shortened(cell)} "
                    f"of one "
                    "object: readings at several concentrations are a curve and no repeats"
                )
                hint = "send what was fitted to it, one concentration, or columns with this one as ignored"
                raise TableError(f"{detail}: {hint}", row=row.number, column=header)


def _number(cell: str) -> float | str:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return cell.casefold()
