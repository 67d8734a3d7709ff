"""Columns of replicate readings side by side, and headers that name an assay behind other words."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from models.specs.columns import FIELDS, QUALIFIERS, SPREAD, SYNONYMS, key
from service.exchange.headers import MEAN, ResultColumn, named_result, own_columns
from service.exchange.tables import QuestionError, TableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from models.campaign.spec import CampaignSpec

_NUMBERED = re.compile(
    r"(?<![^\W_])(?:rep|repl|replicate|repeat|run|exp|experiment|trial|measurement|r|n|#)[\s._#=-]*(?P<number>[0-9]{1,2})(?![^\W_])",
    re.IGNORECASE,
)
_ENDS_IN_NUMBER = re.compile(r"[\s_.-](?P<number>[0-9]{1,2})(?=\s*[(\[]|$)")
_EMPTY_BRACKETS = re.compile(r"[(\[]\s*[)\]]")
_STARTS = re.compile(r"(?<=[\s_:,;/|-])(?=[^\s_:,;/|-])")
_OTHER_THINGS = frozenset(
    (
        *(
            *FIELDS,
            *SYNONYMS,
            *SPREAD,
            *QUALIFIERS,
            "log",
            "ln",
            "p",
            "d",
            "delta",
            "error",
            "preference",
            "guardrail",
        ),
        *(
            "predicted",
            "pred",
            "calc",
            "calculated",
            "estimated",
            "expected",
            "target",
            "reference",
            "ref",
            "control",
        ),
        *(
            "published",
            "literature",
            "lit",
            "max",
            "min",
            "rank",
            "score",
            "relative",
            "rel",
            "ratio",
            "fold",
        ),
    )
)
"""Words before an assay's name that make something else of it."""


def replicate_columns(
    headers: Iterable[str], names: Mapping[str, str], spec: CampaignSpec
) -> dict[str, list[ResultColumn]]:
    """Return assay type -> columns of its readings: `IC50 rep1 (nM)`, `IC50 (nM) #2`, `IC50 run 3`.

    Raises:
        QuestionError: if columns are numbered alone: `IC50_1` beside `IC50_2`.
    """
    found: dict[str, list[tuple[int, bool, str, str | None]]] = defaultdict(list)
    for header in headers:
        for pattern, is_certain in ((_NUMBERED, True), (_ENDS_IN_NUMBER, False)):
            match = pattern.search(header)
            rest = header[: match.start()] + " " + header[match.end() :] if match else ""
            named = named_result(_EMPTY_BRACKETS.sub(" ", rest).strip(" _-.,:"), names) if match else None
            if match and named:
                found[named[0]].append((int(match["number"]), is_certain, header, named[1]))
                break
    columns = {
        kind: _columns(kind, each, headers, spec) for kind, each in found.items() if _may_be_readings(each)
    }
    for kind, each in columns.items():
        if not all(is_certain for _, is_certain, *_ in found[kind]):
            _ask_for_readings(kind, each)
    return columns


def _ask_for_readings(kind: str, columns: Sequence[ResultColumn]) -> None:
    """Ask whether columns that are numbered alone are readings of one assay, or of several.

    Raises:
        QuestionError: always.
    """
    units = {column.header: f" ({column.units})" if column.units else "" for column in columns}
    readings = {each.header: f"{kind} rep{each.replicate}{units[each.header]}" for each in columns}
    first = {each.header: "ignored" for each in columns[1:]}
    first = {columns[0].header: kind + units[columns[0].header], **first}
    shown = ", ".join(repr(column.header) for column in columns[:4])
    detail = f"are {shown} readings of one assay? Send columns with what each of them holds"
    raise QuestionError("columns", (json.dumps(readings), json.dumps(first)), detail)


def _may_be_readings(found: Sequence[tuple[int, bool, str, str | None]]) -> bool:
    """Return whether all columns say that they are repeats, or their bare numbers count from 1."""
    numbers = sorted(number for number, *_ in found)
    return all(is_certain for _, is_certain, *_ in found) or (
        len(found) > 1 and numbers == list(range(1, len(found) + 1))
    )


def _columns(
    kind: str, found: Sequence[tuple[int, bool, str, str | None]], headers: Iterable[str], spec: CampaignSpec
) -> list[ResultColumn]:
    columns: dict[int, ResultColumn] = {}
    for number, _, header, units in found:
        if number in columns:
            detail = f"columns {columns[number].header!r} and {header!r} both hold reading {number} of {kind}"
            raise TableError(detail, column=header)
        own = own_columns(tuple(headers), header, kind, spec, {key(header)})
        columns[number] = ResultColumn(kind, header, units, own, str(number))
    return [columns[number] for number in sorted(columns)]


def without_mean(direct: ResultColumn | None, readings: Sequence[ResultColumn]) -> None:
    """Check that a column beside the readings is their mean, which says nothing more.

    Raises:
        TableError: if it may be a reading itself.
    """
    if direct is not None and not MEAN.search(direct.header):
        detail = f"columns {direct.header!r} and {readings[0].header!r} both hold {direct.type}"
        raise TableError(f"{detail}: leave the mean out, or number every reading", column=direct.header)


def ask_for_assay(headers: Iterable[str], names: Mapping[str, str], known: Collection[str]) -> None:
    """Ask whether a column with other words before an assay's name holds this assay: `Kinase X IC50 (nM)`.

    Raises:
        QuestionError: if a column may be one whose values are nowhere else.
    """
    for header in headers:
        for start in _STARTS.finditer(header):
            before = {word for word in key(header[: start.start()]).split("_") if word}
            is_plain = (
                before
                and not before & _OTHER_THINGS
                and all(word.isascii() and word.isalnum() for word in before)
            )
            named = named_result(header[start.start() :], names) if is_plain else None
            if named is None or named[0] in known:
                continue
            kind = named[0] + (f" ({named[1]})" if named[1] else "")
            raise QuestionError(
                "columns",
                (json.dumps({header: kind}), json.dumps({header: "ignored"})),
                f"is column {header!r} the {named[0]} that this campaign reads? Send columns with one of "
                f"the choices",
            )
