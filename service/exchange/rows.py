"""From a row's text to a result in the campaign's units, or to the reason why not.

Knows neither file formats nor SQL: stored candidates come as a mapping.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from service.exchange.assays import MAX_TYPE, find_assay, unread
from service.exchange.cells import WITH_POINT, Meant
from service.exchange.dates import ISO
from service.exchange.identity import Objects, Repeats
from service.exchange.metadata import read_metadata
from service.exchange.problems import RowProblem
from service.exchange.quantities import read_quantity
from service.exchange.report import ParsedRow
from service.exchange.stated_units import StatedUnits
from service.exchange.values import is_missing, is_outcome, shortened
from service.records import StandardResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.campaign.spec import CampaignSpec
    from service.exchange.assays import Assay
    from service.exchange.campaign_view import CampaignView
    from service.exchange.cells import NumberFormat
    from service.exchange.dates import DateFormat
    from service.exchange.entries import Entry


def validate_rows(
    entries: Iterable[Entry],
    view: CampaignView,
    *,
    numbers: NumberFormat = WITH_POINT,
    dates: DateFormat = ISO,
) -> tuple[list[ParsedRow], list[str]]:
    """Return what becomes of every entry, and warnings of the file; a bad entry never stops the others."""
    reader = _Reader(list(entries), view, numbers, dates)
    return reader.read()


class _Assays:
    """Finds the assay that a row is about."""

    def __init__(self, entries: Sequence[Entry], spec: CampaignSpec) -> None:
        self._entries, self._spec = entries, spec
        self._found: dict[str, Assay] = {}
        self._direct: set[tuple[str, tuple[str, ...]]] | None = None

    def find(self, entry: Entry) -> Assay:
        """Return the assay of an entry; raises what `find_assay` raises."""
        text = entry.fields.get("type", "")
        assay = self._named(text)
        # What is given on both scales is one measurement, not two.
        if assay.given is not None and (assay.type, _object_key(entry)) in self._given_directly():
            return unread(text, self._spec)
        return assay

    def _named(self, text: str) -> Assay:
        if text not in self._found:
            self._found[text] = find_assay(text, self._spec)
        return self._found[text]

    def _given_directly(self) -> set[tuple[str, tuple[str, ...]]]:
        if self._direct is None:
            self._direct = set()
            for entry in self._entries:
                text = entry.fields.get("type", "")
                if 0 < len(text) <= MAX_TYPE and not is_missing(entry.fields.get("value", "")):
                    assay = self._named(text)
                    self._direct |= {(assay.type, _object_key(entry))} if assay.given is None else set()
        return self._direct


def _object_key(entry: Entry) -> tuple[str, ...]:
    return (entry.fields.get("candidate_id", ""), *entry.objects.values())


class _Reader:
    """Reads the entries of one file, one after the other."""

    def __init__(
        self, entries: Sequence[Entry], view: CampaignView, numbers: NumberFormat, dates: DateFormat
    ) -> None:
        self._entries, self._numbers, self._dates = entries, numbers, dates
        self._objects, self._assays = Objects(view, numbers), _Assays(entries, view.spec)
        self._repeats, self._units = Repeats(view.stored), StatedUnits()
        self._with_result = {entry.row for entry in entries if not _is_empty(entry)}
        self._named: set[tuple[int, str]] = set()

    def read(self) -> tuple[list[ParsedRow], list[str]]:
        """Return what becomes of all entries, and warnings of the file."""
        rows = [self._row(index, entry) for index, entry in enumerate(self._entries)]
        return self._units.judged(self._repeats.completed(rows)), self._units.warnings()

    def _row(self, index: int, entry: Entry) -> ParsedRow:
        candidate_id, text = entry.fields.get("candidate_id"), None
        verbatim = {**entry.objects, **entry.fields}
        verbatim |= {name: text.sent for name, text in verbatim.items() if type(text) is Meant}
        if entry.problem is None and _is_empty(entry):
            reason = "no value and no outcome"
            return ParsedRow(
                entry.row, "skipped", reason, None, self._left_out(entry), candidate_id, None, verbatim
            )
        try:
            candidate_id, found = self._objects.find(entry)
            text = found.text
            result, warnings = self._result(index, entry, text)
            repeated = self._repeats.check(entry.row, index, result)
        except RowProblem as problem:
            column = entry.headers.get(problem.column, problem.column) if problem.column else None
            return ParsedRow(entry.row, "rejected", problem.detail, column, (), candidate_id, text, verbatim)
        messages = (*found.warnings, *warnings)
        row = ParsedRow(entry.row, "accepted", None, None, messages, candidate_id, text, verbatim, result)
        if repeated is None:
            return row
        where, further = repeated
        reason = f"external_id {shortened(result.external_id or '')} repeats {where} with the same content"
        notes = (further,) if further else ()
        return replace(
            row, status="duplicate", reason=reason, column="external_id", warnings=notes, result=None
        )

    def _left_out(self, entry: Entry) -> tuple[str, ...]:
        """Return a warning of what stands in a row without any result.

        A column is named once for all its assays.
        """
        names = [name for name in _written_beside(entry) if (entry.row, name) not in self._named]
        if entry.row in self._with_result or not names:
            return ()
        self._named |= {(entry.row, name) for name in names}
        return (f"{' and '.join(names)}: not stored, because the row has neither a value nor an outcome",)

    def _result(self, index: int, entry: Entry, text: str) -> tuple[StandardResult, tuple[str, ...]]:
        assay = self._assays.find(entry)
        quantity, units, warnings = read_quantity(entry, assay, self._numbers)
        if assay.is_read and assay.given is None and quantity.get("value") is not None:
            self._units.note(index, assay, units)
        result = StandardResult(
            object=text, type=assay.type, **quantity, **read_metadata(entry.fields, self._dates)
        )
        return result, (*assay.warnings, *warnings)


def _has_outcome(entry: Entry) -> bool:
    return is_outcome(entry.fields.get("outcome", ""))


def _is_empty(entry: Entry) -> bool:
    return is_missing(entry.fields.get("value", "")) and not _has_outcome(entry)


def _written_beside(entry: Entry) -> list[str]:
    """Return the columns that say something of a result that is not there.

    A limit without its value, a comment.
    """
    fields = entry.fields
    written = [
        name for name in ("relation", "standard_error", "comment") if not is_missing(fields.get(name, ""))
    ]
    return [entry.headers.get(name, name) for name in written if fields[name].strip() != "="]
