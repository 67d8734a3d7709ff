"""Remarks beside a value that say that it is a limit.

`> max conc`, `IC50 not reached`, `highest dose tested`.
A value whose relation stands in its comment alone would be stored as if it had been measured.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from html import unescape
from typing import TYPE_CHECKING

from models.specs.columns import OF_A_BATCH, key
from service.exchange.columns import unread
from service.exchange.headers import other_base
from service.exchange.qualifiers import kind_of
from service.exchange.units import is_concentration
from service.exchange.values import MAX_VALUE, VALUE, is_missing, is_relation, read_relation, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from models.campaign.spec import CampaignSpec
    from service.exchange.columns import Mapped
    from service.exchange.tables import RawRow, Table

_NOTES = frozenset(("note", "notes", "remark", "remarks", "comment", "comments", "annotation", "text"))
_LIMIT_SIGN = re.compile(r"\s*'?\s*(?!</?\w+/?>)[<>\u2264\u2265](?!\s*[=<>]?\s*[0-9.,+-])")
"""An inequality without a number behind it: `> max conc`, and no `>95 %` of something else."""
_ENDS = r"(the\s+)?(max|min|top|highest|lowest|upper|lower|limit|range|u?l?loq|lod|detection|quantification)"
_LIMIT_IN_WORDS = re.compile(
    r"\s*((greater|more|higher|less|lower)\s+than\s+(?![0-9])"
    rf"|(above|below|over|under|beyond|exceeds?|exceeded)\s+{_ENDS}"
    rf"|(inactive|no\s+(activity|effect|inhibition|response|binding))\s+(at|up\s+to)\s+{_ENDS})",
    re.IGNORECASE,
)
"""A remark that begins with the side of a limit: `greater than max`, `below LOQ`, `inactive at top conc`."""
_LIMIT_ALONE = re.compile(
    r"(the\s+)?((upper|lower)\s+(bound|limit)|(was\s+|were\s+|is\s+)?not\s+(reached|achieved|attained))\s*\.?",
    re.IGNORECASE,
)
"""A remark that is a limit and nothing else: `lower bound`, `not reached`."""
_END_OF_CURVE = re.compile(
    r"(the\s+)?(highest|lowest|top|max(imum)?|min(imum)?)\s+(tested\s+)?(conc(entration)?|dose)(\s+(tested|used))?\s*\.?",
    re.IGNORECASE,
)
"""A remark that is a limit where values are concentrations; an effect may have been measured there."""
_LIMIT_WITH_NUMBER = re.compile(
    r"\s*'?\s*[<>\u2264\u2265]=?\s*(?P<digits>[0-9][0-9.,' ]*)\s*[^\s0-9%]{0,8}\s*"
)
_BETWEEN_THOUSANDS = re.compile(r"[ ,'](?=[0-9]{3}(?![0-9]))")
_CENSORED_WORDS = frozenset(
    ("censored", "right-censored", "left-censored", "right censored", "left censored")
)
_BEGINS_AS_NUMBER = re.compile(r"\s*[<>=~\u2264\u2265]*\s*[+-]?[0-9]")
_SIGNS = "<>\u2264\u2265~"


def reject_unread_limits(table: Table, mapped: Mapped, spec: CampaignSpec) -> Table:
    """Return the table; a row whose comment calls its value a limit without a relation has a problem."""
    comments = {mapped.fields.get("comment"), *(column.own.get("comment") for column in mapped.results)}
    notes = [header for header in table.columns if header in comments]
    notes += [header for header in unread(table, mapped) if _is_note(header, table)]
    if not notes:
        return table
    values = list(_values(mapped))
    are_concentrations = any(
        each.units and is_concentration(each.units) for each in spec.quantities().values()
    )
    alone = (_LIMIT_ALONE, _END_OF_CURVE) if are_concentrations else (_LIMIT_ALONE,)
    test = partial(_is_limit_remark, subject=_subject(spec), alone=alone)
    return replace(table, rows=tuple(_reject_unread_limit(row, notes, values, test) for row in table.rows))


def _subject(spec: CampaignSpec) -> re.Pattern[str]:
    """Return what names the value at the beginning of a remark.

    `IC50 > top conc`, `50% inhibition not reached`.
    """
    names = {*spec.quantities(), *(objective.name for objective in spec.objectives)}
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    words = rf"{known}|values?|results?|50\s*%(\s+\w+)?"
    return re.compile(rf"\s*(the\s+)?({words})(\s+(value|is|was))?\s*(?=[^\w\s]|\b)", re.IGNORECASE)


def is_note_name(header: str) -> bool:
    """Return whether a header says that its column holds remarks."""
    return bool(_NOTES & set(key(header).split("_")))


def _is_note(header: str, table: Table) -> bool:
    """Return whether a column that is not read may tell of the value; the numbers of another assay do not."""
    if key(header) in OF_A_BATCH or other_base(header) is not None:
        return False
    if is_note_name(header):
        return True
    cells = [row.cells.get(header, "") for row in table.rows]
    return any(_LIMIT_SIGN.match(cell) for cell in cells) and not any(
        _BEGINS_AS_NUMBER.match(cell) for cell in cells
    )


def _is_limit_remark(
    text: str, values: Iterable[str], *, subject: re.Pattern[str], alone: Iterable[re.Pattern[str]]
) -> bool:
    """Return whether a remark says that one of some values is a limit.

    In words, by a sign, or with its number.
    """
    if not text:
        return False
    plain = unescape(text)
    begin = subject.match(plain)
    plain = plain[begin.end() :] if begin else plain
    number = _LIMIT_WITH_NUMBER.fullmatch(plain)
    limit = _number(number["digits"]) if number else None
    return (
        _LIMIT_SIGN.match(plain) is not None
        or _LIMIT_IN_WORDS.match(plain) is not None
        or any(pattern.fullmatch(plain.strip()) for pattern in alone)
        or plain.strip().casefold() in _CENSORED_WORDS
        or kind_of(text) == "unequal"
        or (limit is not None and any(_number(value) == limit for value in values))
    )


def _number(text: str) -> float | None:
    """Return a plain number, with or without thousands; None if it is anything else."""
    try:
        return float(_BETWEEN_THOUSANDS.sub("", text.strip()))
    except ValueError:
        return None


def _values(mapped: Mapped) -> Iterator[tuple[str, str]]:
    """Yield the header of every value, and that of its relation or an empty one."""
    shared = mapped.fields.get("relation", "")
    for column in mapped.results:
        yield column.header, column.own.get("relation", shared)
    if not mapped.results:
        yield mapped.fields.get("value", ""), shared


def _reject_unread_limit(
    row: RawRow, notes: list[str], values: list[tuple[str, str]], test: Callable[[str, list[str]], bool]
) -> RawRow:
    cells = [row.cells.get(value, "") for value, _ in values]
    remark = next((header for header in notes if test(row.cells.get(header, ""), cells)), None)
    if remark is None or row.problem is not None or not any(_is_bare(row.cells, *names) for names in values):
        return row
    if any(_is_qualified(row.cells, *names) for names in values):
        return row
    detail = (
        f"{remark!r} says {shortened(row.cells[remark])}, and the value has no relation: write one, = if "
        f"it is exact"
    )
    return replace(row, problem=detail)


def _is_bare(cells: Mapping[str, str], value: str, relation: str) -> bool:
    return not is_missing(cells.get(value, "")) and not _is_qualified(cells, value, relation)


def _is_qualified(cells: Mapping[str, str], value: str, relation: str) -> bool:
    text = cells.get(value, "").lstrip(" '")
    found = VALUE.fullmatch(text) if len(text) <= MAX_VALUE else None
    if (
        found is not None
        and found["sign"]
        and is_relation(found["sign"])
        and read_relation(found["sign"]) != "="
    ):
        return True
    return text[:1] in tuple(_SIGNS) or (not is_missing(cells.get(relation, "")) and not is_missing(text))
