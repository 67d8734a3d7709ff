"""From a row's text to a result in the campaign's units, or to the reason why not.

Knows neither file formats nor SQL: stored candidates come as a mapping.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError, ParsedObject
from service.exchange.quantities import RowProblem, read_quantity, read_type
from service.exchange.report import ParsedRow
from service.exchange.traits import read_traits
from service.exchange.values import is_missing, shortened
from service.records import StandardResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from models.campaign import CampaignSpec
    from models.domains.contract import Domain
    from models.specs import MeasuredQuantity
    from service.exchange.columns import Entry


@dataclass(frozen=True, slots=True)
class CampaignView:
    """What reading results needs to know of a campaign.

    `candidates` maps the id of every candidate to its canonical text; `external_ids` are those already stored.
    """

    spec: CampaignSpec
    domain: Domain
    candidates: Mapping[str, str] = field(default_factory=dict)
    external_ids: Collection[str] = ()


def validate_rows(entries: Iterable[Entry], view: CampaignView, *, decimal_comma: bool = False) -> list[ParsedRow]:
    """Return what becomes of every entry; a bad one never stops the others."""
    entries = list(entries)
    objects, types = _Objects(view), _Types(view.spec)
    repeats = Counter(entry.fields.get("external_id") for entry in entries)
    seen: set[str] = set()
    parsed = []
    for entry in entries:
        row = _parse(entry, types, objects, decimal_comma=decimal_comma)
        external = row.result.external_id if row.result else None
        if external is not None and (external in view.external_ids or external in seen):
            where = "an earlier row" if external in seen and repeats[external] > 1 else "a stored result"
            row = _duplicate(row, f"external_id {shortened(external)} repeats {where}")
        elif external is not None:
            seen.add(external)
        parsed.append(row)
    return parsed


class _Types:
    """Finds the assay type that a row is about, and remembers texts it has read."""

    def __init__(self, spec: CampaignSpec) -> None:
        self._spec = spec
        self._read: dict[str, tuple[str, MeasuredQuantity, list[str]]] = {}

    def find(self, text: str) -> tuple[str, MeasuredQuantity, list[str]]:
        """Return what `read_type` returns; raises what it raises."""
        if text not in self._read:
            self._read[text] = read_type(text, self._spec)
        return self._read[text]


class _Objects:
    """Finds the object that a row is about, and remembers texts it has parsed."""

    def __init__(self, view: CampaignView) -> None:
        self._domain = view.domain
        self._candidates = view.candidates
        self._ids = {text: candidate_id for candidate_id, text in view.candidates.items()}
        self._parsed: dict[tuple[tuple[str, str], ...], ParsedObject | InvalidObjectError] = {}

    def find(self, entry: Entry) -> tuple[str | None, ParsedObject]:
        """Return the candidate's id, if it is one, and the object.

        Raises:
            RowProblem: if the row is broken, there is no such candidate or object, or the two differ.
        """
        if entry.problem is not None:
            raise RowProblem(None, entry.problem)
        candidate_id = entry.fields.get("candidate_id", "").strip().lower()
        if candidate_id and candidate_id not in self._candidates:
            raise RowProblem("candidate_id", f"this campaign has no candidate {shortened(candidate_id)}")
        if not candidate_id and not entry.objects:
            wanted = " or ".join(("candidate_id", *self._domain.object_columns[:4]))
            raise RowProblem("candidate_id", f"the row does not say which object was measured: give {wanted}")
        if not entry.objects:
            return candidate_id, ParsedObject(self._candidates[candidate_id])
        found = self._parse(entry.objects)
        if candidate_id and found.text != self._candidates[candidate_id]:
            column = next(iter(entry.objects))
            raise RowProblem(column, f"candidate_id names {self._candidates[candidate_id]}, {column} {found.text}")
        return candidate_id or self._ids.get(found.text), found

    def _parse(self, fields: Mapping[str, str]) -> ParsedObject:
        known = tuple(fields.items())
        if known not in self._parsed:
            try:
                self._parsed[known] = self._domain.read_object(fields)
            except InvalidObjectError as error:
                self._parsed[known] = error
        found = self._parsed[known]
        if isinstance(found, InvalidObjectError):
            raise RowProblem(found.column, found.detail) from found
        return found


def _parse(entry: Entry, types: _Types, objects: _Objects, *, decimal_comma: bool) -> ParsedRow:
    candidate_id, text = entry.fields.get("candidate_id"), None
    verbatim = {**entry.objects, **entry.fields}
    if entry.problem is None and is_missing(entry.fields.get("value", "")) and not entry.fields.get("outcome"):
        reason = "no value and no outcome"
        return ParsedRow(entry.row, "skipped", reason, None, (), candidate_id, None, verbatim)
    try:
        candidate_id, found = objects.find(entry)
        text = found.text
        kind, units, warnings = types.find(entry.fields.get("type", ""))
        quantity, more = read_quantity(entry.fields, kind, units, decimal_comma=decimal_comma)
        result = StandardResult(object=text, type=kind, **quantity, **read_traits(entry.fields))
    except RowProblem as problem:
        column = entry.headers.get(problem.column, problem.column) if problem.column else None
        return ParsedRow(entry.row, "rejected", problem.detail, column, (), candidate_id, text, verbatim)
    told = (*found.warnings, *warnings, *more)
    return ParsedRow(entry.row, "accepted", None, None, told, candidate_id, text, verbatim, result)


def _duplicate(row: ParsedRow, reason: str) -> ParsedRow:
    return ParsedRow(row.row, "duplicate", reason, "external_id", (), row.candidate_id, row.object, row.verbatim)
