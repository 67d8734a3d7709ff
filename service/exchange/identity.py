"""Which object a row is about, and whether the result is stored already under its external id. Knows no SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError, ParsedObject
from service.exchange.object_units import with_points
from service.exchange.problems import RowProblem
from service.exchange.values import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.exchange.campaign_view import CampaignView
    from service.exchange.cells import NumberFormat
    from service.exchange.entries import Entry
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
_NUMBERED = re.compile(r"[\s_#-]*[0-9]{0,3}\s*[:.]?$")


def looks_like_no_object(text: str) -> bool:
    """Return whether a cell names a summary row or a control: such words are peptides, formulas and SMILES as well."""
    plain = _NUMBERED.sub("", text.strip())
    words = re.split(r"[\s_&,;:/()±+-]+", plain)
    return _NO_OBJECT.fullmatch(plain) is not None or all(word and _NO_OBJECT.fullmatch(word) for word in words)


class Objects:
    """Finds the object that a row is about, and remembers texts it has parsed."""

    def __init__(self, view: CampaignView, numbers: NumberFormat) -> None:
        self._domain = view.domain
        self._numbers = numbers
        self._candidates = view.candidates
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
        if candidate_id and candidate_id not in self._candidates:
            raise RowProblem("candidate_id", f"this campaign has no candidate {shortened(candidate_id)}")
        if not candidate_id and not names_object:
            wanted = " or ".join(("candidate_id", *self._domain.object_columns[:4]))
            raise RowProblem("candidate_id", f"the row does not say which object was measured: give {wanted}")
        if not names_object:
            return candidate_id, ParsedObject(self._candidates[candidate_id])
        found = self._parse(entry.objects, may_be_none=not candidate_id and not self._domain.needs_all_columns)
        if not candidate_id:
            return self._ids.get(found.text), found
        stored = self._candidates[candidate_id]
        if found.text != stored and found.text != self._read_again(stored):
            column = next(iter(entry.objects))
            raise RowProblem(column, f"candidate_id names {stored}, {column} {found.text}")
        return candidate_id, ParsedObject(stored, found.warnings)

    def _read_again(self, stored: str) -> str | None:
        """Return a stored text as the domain writes it today: rules of reading have changed since it was stored."""
        try:
            return self._domain.parse({name: str(cell) for name, cell in self._domain.columns(stored).items()})
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
                f"{shortened(text)} looks like a summary or control row: take it out, or name the object in another "
                "way or by its candidate_id",
            )


class Repeats:
    """Tells results that repeat an external id: with the same content a duplicate, with another one a conflict.

    One id may stand for several assays of a sample.
    """

    def __init__(self, stored: Mapping[tuple[str, str], StandardResult]) -> None:
        self._known = {named: (result, "a stored result") for named, result in stored.items()}

    def check(self, row: int, result: StandardResult) -> str | None:
        """Return where the same result was met before, or None; a new one is remembered.

        Raises:
            RowProblem: if another result has this id.
        """
        if result.external_id is None:
            return None
        met = self._known.setdefault((result.type, result.external_id), (result, f"row {row}"))
        if met[0] is result:
            return None
        if not met[0].says_the_same(result):
            raise RowProblem(
                "external_id",
                f"external_id {shortened(result.external_id)} is that of {met[1]}, {met[0].told()}; here it is "
                f"{result.told()}: give another id, or withdraw what is wrong",
            )
        return met[1]
