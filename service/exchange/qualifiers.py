"""What qualifies a value by its cells.

Relations under any name, and what says in other words that a limit was met. A qualifier that is not read
turns `> 10000` into a measured 10000, so a column that looks like one is read or refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

from models.specs.columns import OF_A_BATCH, key
from service.exchange.columns import unread
from service.exchange.headers import bases_of, is_qualifier_of, is_relation_name, other_base
from service.exchange.tables import TableError
from service.exchange.values import is_missing, is_relation, read_relation, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from service.exchange.columns import Mapped
    from service.exchange.tables import Table

_CENSORED = ("censor", "out_of_range")
_LIMITS = frozenset(
    ("blq", "bloq", "blod", "bql", "alq", "aloq", "above", "below", "saturated", "exceeded", "exceeds")
)
"""Words of headers that say of a value that it is a limit, if the cell agrees."""
_LEVELS = ("lod", "loq", "lloq", "uloq")
_MARKS = frozenset(("flag", "flags", "limit", "limits", "bound", *_LEVELS))
"""Words of headers that may say on which side of a limit a value is."""
_OF_A_VALUE = frozenset(
    (
        *("value", "values", "result", "results", "data", "measurement", "assay", "is", "of", "the", "at"),
        *("or", "than", "in", "out", "max", "maximum", "min", "minimum", "range", "detection"),
        *("quantification", "upper", "lower", "top", "highest", "lowest", "conc", "concentration", "dose"),
        *("tested", "curve", "signal", "detector", "qualifier", "yes", "no", "y", "n"),
    )
)
"""Words that leave it open what a mark or a limit is of; any other is its subject, such as `Tox flag`."""
_WITHIN = frozenset(("detected", "detectable", "quantifiable", "quantified", "range"))
"""Words of headers that say of a value that it is none, if the cell denies it."""
_DENIALS = frozenset(("no", "n", "false", "f", "0", "out", "outside"))
_AGREEMENTS = frozenset(("yes", "y", "true", "t"))
_FALSE = frozenset(
    (
        *(
            "false",
            "no",
            "n",
            "0",
            "none",
            "uncensored",
            "exact",
            "f",
            "ok",
            "pass",
            "passed",
            "within",
            "in range",
        ),
        "valid",
    )
)
_DIRECTIONS = frozenset(
    (
        *("right", "left", "upper", "lower", "u", "l", "r", "h", "high", "low", "hi", "lo", "above", "below"),
        *(
            "over",
            "under",
            "greater",
            "less",
            "more",
            "maximum",
            "minimum",
            "max",
            "min",
            "yes",
            "no",
            "true",
        ),
        *("false", "t", "f", "y", "n", "up", "down", "censored", "uncensored", "right-censored"),
        *("left-censored", "interval", "exact"),
    )
)
"""Words that tell a side of a limit."""
_NAMES = frozenset(("max", "min", "hi", "lo"))
"""Those that are names of people as well, who may be an operator."""
_NAME = re.compile(r"[^\W\d_].*|[0-9]{2,}", re.DOTALL)
"""Who worked: a name, initials, or the number of a person."""
_INEQUALITIES = frozenset(
    ("gt", "lt", "gte", "lte", "greater than", "less than", "more than", "at least", "at most")
)
_LONGEST = len("greater than") + 6
"""Longest text of a relation, with quotes around it."""
_ADVICE = "say it as a relation, < or >"


def with_qualifiers(table: Table, mapped: Mapped, spec: CampaignSpec) -> Mapped:
    """Return the mapping with every relation column found by its cells.

    Raises:
        TableError: if one cannot be told to belong to an assay, or what it says cannot be read.
    """
    own = frozenset(word for kind in (*spec.quantities(), "value") for word in key(kind).split("_"))
    for header in unread(table, mapped):
        if key(header) in OF_A_BATCH:
            continue
        is_own = any(is_qualifier_of(header, each, spec) for each in mapped.results)
        is_named = is_own or is_relation_name(header)
        if _holds_relations(table, header, in_words=is_named):
            mapped = _with_relation(mapped, header, table, spec)
        elif not is_named and _holds_relation_words(table, header):
            detail = (
                f"column {header!r} holds words for relations and is not read: name it relation if they "
                f"are those"
            )
            raise TableError(f"{detail} of the values, and leave it out if not", column=header)
        else:
            _check_no_limit_in_words(table, header, own, is_named=is_named)
    return mapped


def _check_no_limit_in_words(table: Table, header: str, own: frozenset[str], *, is_named: bool) -> None:
    """Check that no cell says in words that a value is a limit, where the header makes that possible.

    Raises:
        TableError: if one does.
    """
    says = _judge(header, own, is_named=is_named)
    if says is None:
        return
    for row in table.rows:
        cell = row.cells.get(header, "")
        if not is_missing(cell) and says(cell.strip().casefold()):
            detail = f"column {header!r} says {shortened(cell)} in row {row.number}: {_ADVICE}"
            raise TableError(f"{detail}, or give the column another name", row=row.number, column=header)


def _judge(header: str, own: frozenset[str], *, is_named: bool) -> Callable[[str], bool] | None:
    """Return the test of cells that say a limit under such a header; None if they may say anything.

    Args:
        header: of a column that is not read.
        own: words in the names of what the campaign measures.
        is_named: whether the header says that the column holds relations.
    """
    plain = key(header)
    words = {word.strip("?!") for word in plain.split("_")}
    if any(word in plain for word in _CENSORED) and "by" not in words:
        return lambda cell: cell not in _FALSE
    if words & {"operator", "op"}:
        return _is_no_person
    if is_named:
        return lambda cell: cell in _DIRECTIONS or _NAME.fullmatch(cell) is None
    subjects = (
        {word.strip("<>\u2264\u2265=") for word in words}
        - _LIMITS
        - _MARKS
        - _WITHIN
        - _OF_A_VALUE
        - own
        - {""}
    )
    return None if subjects else _judge_mark(plain, words)


def _judge_mark(plain: str, words: set[str]) -> Callable[[str], bool] | None:
    """Return the test of cells that say a limit under a header which names a limit, a range or a flag."""
    if words & _LIMITS or any(sign in plain for sign in "<>\u2264\u2265"):
        return lambda cell: cell not in _FALSE and not _is_other_number(cell)
    if words & _WITHIN:
        return lambda cell: cell in _DENIALS
    if words & _MARKS:
        sides = _DIRECTIONS - _FALSE - (frozenset() if words.intersection(_LEVELS) else _AGREEMENTS)
        return lambda cell: cell in sides or kind_of(cell) == "unequal"
    return None


def _is_no_person(cell: str) -> bool:
    """Return whether a cell under `Operator` is a side of a limit, and no person's initials or number."""
    return (
        (cell in _DIRECTIONS - _NAMES and len(cell) > 1)
        or cell in ("0", "-1")
        or not (_NAME.match(cell) or cell.isdigit())
    )


def _is_other_number(cell: str) -> bool:
    return cell != "1" and re.fullmatch(r"[+-]?[0-9.,]+\s*%?", cell) is not None


def _holds_relations(table: Table, header: str, *, in_words: bool) -> bool:
    """Return whether every cell that says something is a relation, in signs or in words as well.

    Raises:
        TableError: if one is an inequality and others are something else.
    """
    found: dict[str, tuple[int, str]] = {}
    for row in table.rows:
        cell = row.cells.get(header, "")
        if cell:
            found.setdefault(kind_of(cell, in_words=in_words), (row.number, cell))
    unequal, other = found.get("unequal"), found.get("other")
    if unequal and other:
        raise TableError(
            f"column {header!r} holds the relation {unequal[1]!r} in row {unequal[0]} and "
            f"{shortened(other[1])} in row "
            f"{other[0]}: a relation column holds nothing else",
            row=other[0],
            column=header,
        )
    return not other and bool(unequal or "equal" in found)


def _holds_relation_words(table: Table, header: str) -> bool:
    """Return whether a column says several different relations in words, and nothing else.

    No country, no initials.
    """
    cells = {
        cell.strip().casefold()
        for row in table.rows
        if (cell := row.cells.get(header, "")) and not is_missing(cell)
    }
    return (
        len(cells) > 1
        and bool(cells & _INEQUALITIES)
        and all(len(each) <= _LONGEST and is_relation(each) for each in cells)
    )


def kind_of(cell: str, *, in_words: bool = True) -> str:
    """Return what a cell says as a relation: `equal`, `unequal`, `nothing` or `other`."""
    is_told = len(cell) <= _LONGEST and is_relation(cell)
    if not is_told or not (in_words or _is_sign(cell)):
        return "nothing" if is_missing(cell) else "other"
    return "equal" if read_relation(cell) == "=" else "unequal"


def _is_sign(cell: str) -> bool:
    """Return whether a cell has no letters.

    Words such as GE are names as well, where the header does not say more.
    """
    return not any(letter.isalpha() for letter in unescape(cell))


def _with_relation(mapped: Mapped, header: str, table: Table, spec: CampaignSpec) -> Mapped:
    for index, column in enumerate(mapped.results):
        if is_qualifier_of(header, column, spec):
            _check_free(column.own.get("relation"), header)
            changed = replace(column, own={**column.own, "relation": header})
            return replace(mapped, results=(*mapped.results[:index], changed, *mapped.results[index + 1 :]))
    base = other_base(header)
    if any(
        column.replicate and base in bases_of(column.header, column.type, spec) for column in mapped.results
    ):
        detail = (
            f"column {header!r} holds relations, but does not say of which reading: write them before the "
            f"numbers"
        )
        raise TableError(detail, column=header)
    if mapped.results and base:
        _check_is_of_another(header, base, table)
        return mapped
    if len(mapped.results) > 1:
        if all(not row.cells.get(header) or _is_equal(row.cells[header]) for row in table.rows):
            return mapped
        names = " or ".join(f"{column.type}_relation" for column in mapped.results[:3])
        detail = f"column {header!r} holds relations, but does not say of which assay: name it {names}"
        raise TableError(detail, column=header)
    own = mapped.results[0].own.get("relation") if mapped.results else None
    _check_free(own or mapped.fields.get("relation"), header)
    return replace(mapped, fields={**mapped.fields, "relation": header})


def _check_is_of_another(header: str, base: str, table: Table) -> None:
    if not any(other != header and f"{key(other)}_".startswith(f"{base}_") for other in table.columns):
        detail = (
            f"column {header!r} holds relations, but of which assay is not known here: name it as its value, "
        )
        raise TableError(f"{detail}or relation", column=header)


def _is_equal(cell: str) -> bool:
    return is_missing(cell) or read_relation(cell) == "="


def _check_free(taken: str | None, header: str) -> None:
    if taken is not None:
        raise TableError(f"columns {taken!r} and {header!r} both hold relations", column=header)
