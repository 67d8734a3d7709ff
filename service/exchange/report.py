"""What became of every row of an upload: the one report that people, clients and the store read.

Knows no format and no HTTP.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from models.specs.result_metadata import RESULT_METADATA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.exchange.reading import Reading
    from service.records import StandardResult

Status = Literal["accepted", "rejected", "duplicate", "skipped"]


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One result of the table: a wide row holds several, and they share its number.

    `verbatim` is what the cells said, by field (`value`, `units`, ...) and by the object's columns. `result`
    is there exactly when the row is accepted. A skipped row had neither a value nor an outcome. `corrects` is
    the id of the stored result in whose place it comes, `other_columns` what stood in cells that were not
    read.
    """

    row: int
    status: Status
    reason: str | None = None
    column: str | None = None
    warnings: tuple[str, ...] = ()
    candidate_id: str | None = None
    object: str | None = None
    verbatim: Mapping[str, str] = field(default_factory=dict)
    result: StandardResult | None = None
    corrects: str | None = None
    other_columns: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Every row of one upload, in the table's order; `warnings` are about the table as a whole.

    `reading` is how its cells were understood; a table of objects alone has none. `upload_id` is that of
    what was stored of it, which a dry run does not have and the report therefore does not tell.
    """

    rows: tuple[ParsedRow, ...]
    warnings: tuple[str, ...] = ()
    reading: Reading | None = None
    upload_id: str | None = None
    is_preview: bool = False
    """Whether it shows for every row what would be stored."""

    def count(self, status: Status) -> int:
        """Return how many rows have this status; the four counts add up to the number of rows."""
        return Counter(row.status for row in self.rows)[status]

    @property
    def accepted(self) -> tuple[ParsedRow, ...]:
        """The rows that can be stored."""
        return tuple(row for row in self.rows if row.status == "accepted")

    def all_warnings(self) -> list[str]:
        """Return the warnings of the table, then of its rows with their numbers.

        Results of one row share theirs.
        """
        of_rows = [f"row {row.row}: {text}" for row in self.rows for text in row.warnings]
        return [*self.warnings, *dict.fromkeys(of_rows)]

    def as_json(self) -> dict[str, Any]:
        """Return the report as docs/results.md describes it."""
        counts = Counter(row.status for row in self.rows)
        return {
            "accepted": counts["accepted"],
            "rejected": counts["rejected"],
            "duplicates": counts["duplicate"],
            "skipped": counts["skipped"],
            "warnings": self.all_warnings(),
            "reading": None if self.reading is None else self.reading.as_json(),
            "rows": [
                {
                    "row": row.row,
                    "status": row.status,
                    "reason": row.reason,
                    "column": row.column,
                    "warnings": list(row.warnings),
                    "candidate_id": row.candidate_id,
                    "object": row.object,
                    "type": row.result.type if row.result else row.verbatim.get("type"),
                    "corrects": row.corrects,
                    "would_store": _stored(row.result) if self.is_preview and row.result else None,
                }
                for row in self.rows
            ],
        }


def _stored(result: StandardResult) -> dict[str, Any]:
    """Return what of a result goes into the store beside its object and type."""
    moment = result.measured_at
    return {
        **{name: getattr(result, name) for name in _SHOWN},
        "measured_at": moment.isoformat() if moment else None,
    }


_SHOWN = ("relation", "value", "upper_value", "standard_error", "units", "outcome", *RESULT_METADATA)
