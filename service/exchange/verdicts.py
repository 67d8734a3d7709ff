"""What a laboratory says against its own value in a column that is not read.

An outlier, a failed control, excluded.
Such a value would be stored as a good one, so its row is rejected, or the column is named as ignored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.specs.columns import OF_A_BATCH, key
from service.exchange.columns import unread
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from service.exchange.columns import Mapped
    from service.exchange.tables import RawRow, Table

_AGAINST = frozenset(
    (
        "exclude",
        "excluded",
        "outlier",
        "is_outlier",
        "invalid",
        "discarded",
        "discard",
        "masked",
        "knocked_out",
    )
)
"""Headers that speak against a value if the cell agrees."""
_FOR = frozenset(
    (
        *(
            "valid",
            "is_valid",
            "qc",
            "qc_status",
            "qc_result",
            "qc_pass",
            "qc_passed",
            "pass",
            "passed",
            "pass_fail",
        ),
        *(
            "include",
            "included",
            "use",
            "accept",
            "accepted",
            "approved",
            "validity",
            "result_status",
            "status",
        ),
        *(
            "assay_qc",
            "plate_qc",
            "curve_qc",
            "fit_qc",
            "qc_flag",
            "value_status",
            "approval_status",
            "quality",
        ),
    )
)
"""Headers that speak for a value, and against it if the cell says no."""
_YES = frozenset(("yes", "y", "true", "t", "1", "x", "excluded", "outlier", "invalid", "discarded", "masked"))
_NO = frozenset(
    (
        *(
            "no",
            "n",
            "false",
            "f",
            "0",
            "fail",
            "failed",
            "failed qc",
            "qc failed",
            "qc fail",
            "invalid",
            "not valid",
        ),
        *("reject", "rejected", "excluded", "outlier", "discarded", "not approved", "bad", "unreliable"),
        *(
            "above range",
            "below range",
            "out of range",
            "over range",
            "under range",
            "overrange",
            "off scale",
        ),
    )
)
_BINARY = frozenset(("yes", "no", "y", "n", "true", "false", "t", "f", "1", "0", "x"))
"""Words that are a verdict only in a column of such: `Pass` 0 beside 2 is a passage, and `Use` no may be a
country."""


def reject_disowned(table: Table, mapped: Mapped) -> Table:
    """Return the table with a problem in each row whose value its laboratory does not stand for."""
    # In a batch these are columns of its candidates: one that was rejected may have been measured all the
    # same.
    known = OF_A_BATCH if "candidate_id" in mapped.fields else frozenset()
    free = {header: key(header).strip("?!") for header in unread(table, mapped) if key(header) not in known}
    words = {header: _YES for header, name in free.items() if name in _AGAINST}
    words |= {header: _NO for header, name in free.items() if name in _FOR}
    against = {
        header: each if _is_binary(table, header) else each - _BINARY for header, each in words.items()
    }
    values = [column.header for column in mapped.results] or [mapped.fields.get("value", "")]
    outcomes = [
        mapped.fields.get("outcome", ""),
        *(column.own.get("outcome", "") for column in mapped.results),
    ]
    if not against:
        return table
    return replace(table, rows=tuple(_rejected(row, against, values, outcomes) for row in table.rows))


def _is_binary(table: Table, header: str) -> bool:
    cells = (row.cells.get(header, "").strip().casefold() for row in table.rows)
    return all(cell in _BINARY or is_missing(cell) for cell in cells)


def _rejected(
    row: RawRow, against: dict[str, frozenset[str]], values: list[str], outcomes: list[str]
) -> RawRow:
    has_value = any(not is_missing(row.cells.get(header, "")) for header in values)
    has_outcome = any(row.cells.get(header, "") for header in outcomes)
    if row.problem is not None or not has_value or has_outcome:
        return row
    said = [
        header for header, words in against.items() if row.cells.get(header, "").strip().casefold() in words
    ]
    if not said:
        return row
    detail = f"column {said[0]!r} says {shortened(row.cells[said[0]])} of the value"
    hint = "take the row out, give it an outcome such as failed_qc, or send columns with this one as ignored"
    return replace(row, problem=f"{detail}: {hint}")
