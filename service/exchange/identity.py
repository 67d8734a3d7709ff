"""Which object a row is about, and whether the result is stored already under its external id.

Knows no SQL.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.domains.contract import InvalidObjectError, ParsedObject
from models.specs.result_metadata import RESULT_METADATA
from service.exchange.columns import COMPOUND_ID
from service.exchange.object_units import with_points
from service.exchange.problems import RowProblem
from service.exchange.results_so_far import deviations
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.exchange.campaign_view import CampaignView
    from service.exchange.cells import NumberFormat
    from service.exchange.entries import Entry
    from service.exchange.report import ParsedRow
    from service.records import StandardResult

_NO_OBJECT = re.compile(
    r"(geo\s*)?mean|average|avg|median|min(imum)?|max(imum)?|sd|std(ev|\.?\s*dev\.?)?|standard\s+deviation|sem|cv\s*%?|"
    r"rsd|sum|total|count|test|plate|qc|control|ctrl|(pos|neg)(itive|ative)?(\s*(control|ctrl))?|nc|pc|(?-i:con|Con|CON)|blank|"
    r"sample|median|percentile|range|variance|limits?|empty|calstd|calibrator|standard|vehicle|dmso|buffer|reference|ref|z'|z\s*prime|s/b|"
    r"g\.?\s*mean|all|ntc|pass(ed)?|fail(ed|ure)?|invalid|missing|pending|repeat(ed)?|retest(ed)?|screen|inactive|"
    r"saline|(?-i:PBS)|water|media|medium|solvent|serum|fbs|fcs|bsa|cells?|wells?|lysates?|lysis|steril(e|ity)|growth|untreated|"
    r"background|placebo|carrier|detergent|triton|ladder|marker|matrix|peptides?|ligand|inhibitor|agonist|drug|compound|"
    r"[a-z]+(cillin|mycin|micin|cycline|penem|kacin|cidin)|melittin|nisin|magainin|bacitracin|rifampicin|aspirin|cisplatin|"
    r"fccp|cccp|pcp|pfos|nsc[\s-]*[0-9]*|\S+\s+((geo|g\.?)\s*)?(mean|average|avg|median|sd|std(ev)?|sem|min|max)",
    re.IGNORECASE,
)
_STATISTIC = re.compile(
    r"((geo|geometric|grand|overall)[\s_-]*)?(mean|average|avg\.?|median)|sd|std?\.?\s*dev\.?|standard\s+(deviation|error)|sem|cv\s*%?",
    re.IGNORECASE,
)
"""What an id says of a row that sums up others, even where it repeats their structure."""
_NUMBERED = re.compile(r"[\s_#-]*[0-9]{0,3}\s*[:.]?$")


def looks_like_no_object(text: str) -> bool:
    """Return whether a cell names a summary row or a control.

    Such words are peptides, formulas and SMILES as well.
    """
    plain = _NUMBERED.sub("", text.strip())
    words = re.split(r"[\s_&,;:/()±+-]+", plain)
    return _NO_OBJECT.fullmatch(plain) is not None or all(
        word and _NO_OBJECT.fullmatch(word) for word in words
    )


class Objects:
    """Finds the object that a row is about, and remembers texts it has parsed."""

    def __init__(self, view: CampaignView, numbers: NumberFormat) -> None:
        self._domain = view.domain
        self._numbers = numbers
        self._candidates = view.candidates
        self._stored_ids, self._own_ids = view.own_ids, dict[str, set[str]]()
        self._ids = {text: candidate_id for candidate_id, text in view.candidates.items()}
        self._parsed: dict[tuple[bool, tuple[tuple[str, str], ...]], ParsedObject | InvalidObjectError] = {}

    def find(self, entry: Entry) -> tuple[str | None, ParsedObject]:
        """Return the candidate's id, if it is one, and the object.

        Raises:
            RowProblem: if the row is broken, there is no such candidate or object, or the two differ.
        """
        if entry.problem is not None:
            raise RowProblem(None, entry.problem)
        names_object = self._domain.names_object(entry.objects)
        candidate_id = entry.fields.get("candidate_id", "").strip().lower()
        candidate_id = "" if is_missing(candidate_id) else candidate_id
        if candidate_id and candidate_id not in self._candidates:
            raise RowProblem("candidate_id", f"this campaign has no candidate {shortened(candidate_id)}")
        own_id = entry.fields.get(COMPOUND_ID, "")
        if not candidate_id and not names_object:
            text = self._own_object(own_id)
            return self._ids.get(text), ParsedObject(text)
        if not names_object:
            return candidate_id, ParsedObject(self._candidates[candidate_id])
        if not candidate_id and _STATISTIC.fullmatch(own_id.strip()):
            raise RowProblem(COMPOUND_ID, f"{shortened(own_id)} looks like a summary row: take it out")
        found = self._parse(
            entry.objects, may_be_none=not candidate_id and not self._domain.needs_all_columns
        )
        if own_id:
            self._own_ids.setdefault(own_id, set()).add(found.text)
        if not candidate_id:
            return self._ids.get(found.text), found
        return candidate_id, self._of_candidate(
            self._candidates[candidate_id], found, next(iter(entry.objects))
        )

    def _of_candidate(self, stored: str, found: ParsedObject, column: str) -> ParsedObject:
        """Return what was measured of a candidate.

        Its object, or that at the conditions that were really used.

        Raises:
            RowProblem: if it is another object.
        """
        if found.text in (stored, self._read_again(stored)):
            return ParsedObject(stored, found.warnings)
        real = None if found.text in self._ids else deviations(stored, found.text, self._domain)
        if real is None:
            raise RowProblem(column, f"candidate_id names {stored}, {column} {found.text}")
        warning = f"stored as it was really made: {', '.join(real.values())}"
        return ParsedObject(found.text, (*found.warnings, warning))

    def _own_object(self, own_id: str) -> str:
        """Return the object that has an id of its laboratory, in this file or in what is stored.

        Raises:
            RowProblem: if there is no id, none has it, or several have.
        """
        if is_missing(own_id):
            wanted = " or ".join(("candidate_id", *self._domain.object_columns[:4]))
            raise RowProblem("candidate_id", f"the row does not say which object was measured: give {wanted}")
        if looks_like_no_object(own_id):
            raise RowProblem(
                COMPOUND_ID, f"{shortened(own_id)} looks like a summary or control row: take it out"
            )
        objects = self._own_ids.get(own_id, set()) | set(self._stored_ids.get(own_id, ()))
        if len(objects) == 1:
            return next(iter(objects))
        shown = shortened(own_id)
        if not objects:
            raise RowProblem(
                COMPOUND_ID, f"no object is known as {shown}: send its structure once beside this id"
            )
        raise RowProblem(COMPOUND_ID, f"{shown} was the id of {len(objects)} objects: send the structure")

    def _read_again(self, stored: str) -> str | None:
        """Return a stored text as the domain writes it today.

        Rules of reading have changed since it was stored.
        """
        try:
            return self._domain.parse(
                {name: str(cell) for name, cell in self._domain.columns(stored).items()}
            )
        except (InvalidObjectError, ValueError, KeyError):
            return None

    def _parse(self, fields: Mapping[str, str], *, may_be_none: bool) -> ParsedObject:
        plain = with_points(fields, self._domain, self._numbers)
        known = (may_be_none, tuple(plain.items()))
        if known not in self._parsed:
            try:
                if may_be_none:
                    _check_is_object(fields)
                self._parsed[known] = self._domain.read_object(plain)
            except InvalidObjectError as error:
                self._parsed[known] = error
        found = self._parsed[known]
        if isinstance(found, InvalidObjectError):
            raise RowProblem(found.column, found.detail) from found
        return found


def _check_is_object(fields: Mapping[str, str]) -> None:
    for column, text in fields.items():
        if looks_like_no_object(text):
            raise InvalidObjectError(
                column,
                f"{shortened(text)} looks like a summary or control row: take it out, or name the object in "
                f"another "
                "way or by its candidate_id",
            )


class Repeats:
    """Tells results that repeat an external id.

    With the same content a duplicate, with another one a conflict.
    One id may stand for several assays of a sample.
    """

    def __init__(self, stored: Mapping[tuple[str, str], StandardResult]) -> None:
        self._known: dict[tuple[str, str], tuple[StandardResult, int | None, int | None]] = {
            named: (result, None, None) for named, result in stored.items()
        }
        self._further: dict[int, StandardResult] = {}

    def check(self, row: int, index: int, result: StandardResult) -> tuple[str, str] | None:
        """Return where the same result was met before and what became of the rest, or None for a new result.

        `index` counts results from 0, as in `completed`.

        Raises:
            RowProblem: if another result has this id.
        """
        if result.external_id is None:
            return None
        name = (result.type, result.external_id)
        first, met_row, met_index = self._known.setdefault(name, (result, row, index))
        if first is result:
            return None
        where = "a stored result" if met_row is None else f"row {met_row}"
        if not first.is_same_measurement(result):
            raise RowProblem(
                "external_id",
                f"external_id {shortened(result.external_id)} is that of {where}, {first.describe()}; here "
                f"it is "
                f"{result.describe()}: give another id, or correct a stored one with on_conflict=correct",
            )
        further = {field: text for field in _FURTHER if (text := _added(field, first, result)) is not None}
        if not further:
            return where, ""
        if met_index is None:
            shown = ", ".join(f"{field} {shortened(str(text))}" for field, text in further.items())
            return where, f"not stored: {shown}, which the stored result does not have"
        self._further[met_index] = replace(first, **further)
        self._known[name] = (self._further[met_index], met_row, met_index)
        return where, f"what it says besides was added to row {met_row}"

    def completed(self, rows: Sequence[ParsedRow]) -> list[ParsedRow]:
        """Return the rows with what their repetitions say besides."""
        found = list(rows)
        for index, result in self._further.items():
            if found[index].result is not None:
                found[index] = replace(found[index], result=result)
        return found


_FURTHER = ("standard_error", *(name for name in RESULT_METADATA if name != "external_id"))
"""What a repetition may say besides: nothing of it makes two measurements of one."""


def _added(field: str, first: StandardResult, result: StandardResult) -> Any:
    """Return what a field of two equal results says together, if the first does not say it alone."""
    mine, other = getattr(first, field), getattr(result, field)
    if other is None or other == mine or (mine is not None and field != "comment"):
        return None
    if mine is None or field != "comment":
        return other
    joined = f"{mine}; {other}"
    return (
        None
        if other in mine.split("; ") or len(joined) > RESULT_METADATA["comment"].most_characters
        else joined
    )
