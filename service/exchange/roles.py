"""Units that stand elsewhere than in a header or the column units.

Under any name, in a row, above or below the table.
Units that are not read make a value wrong by a thousand, so whatever looks like them is read or refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from models.specs.columns import OF_A_BATCH, key
from service.exchange.columns import unread
from service.exchange.logarithms import is_logarithm
from service.exchange.remarks import is_note_name
from service.exchange.tables import TableError
from service.exchange.units import (
    are_convertible,
    are_molar,
    is_certain_unit,
    is_concentration,
    is_unit_beside_a_number,
    same_units,
)
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from models.campaign.spec import CampaignSpec
    from service.exchange.columns import Mapped
    from service.exchange.headers import ResultColumn
    from service.exchange.tables import RawRow, Table

MAX_TITLE = 2_000
"""How much of a line above the header, or of a row below the table, is looked at, in characters."""
_ABOVE = "what stands above the header, or the sheet's name,"
_UNIT_WORDS = frozenset(("", "unit", "units", "einheit", "einheiten"))
_TYPE_WORDS = frozenset(
    ("string", "str", "text", "varchar", "smiles", "sequence", "formula", "object", "name", "id")
)
"""What the row of units says in the columns of what was measured."""
_DIGITS = frozenset("0123456789")
_AROUND = ".,/'\"-*#_\u2019\u201c\u201d"
_UNITS_WORD = re.compile(r"(?<![a-z])units?(?![a-z])|einheit", re.IGNORECASE)
_SPECIES = re.compile(r"\b[A-Z]\.\s?(?=[a-z]{3})")
"""`M.` in `M. smegmatis`."""
_LABEL = re.compile(r"[A-Z]+[0-9]+")
"""The name of a plate, run or batch, which could be a unit with an exponent: `P1`, `T4`."""
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_IN_UNITS = re.compile(
    r"\b(values?|results?|data|numbers?|given|reported|stated|measured|expressed|all|[a-z]{1,3}50\w*)\s+((is|are|was|were)\s+)?"
    r"in\s+(?P<units>\S+)|\bunits?\s*(is|are|:|=)\s*(?P<of>\S+)",
    re.IGNORECASE,
)
"""A remark on the units of the value beside it."""
_LONG_WORD = re.compile(r".*(molar|percent)", re.IGNORECASE)
_SMALL = re.compile(
    r"([fpnumk\u03bc]|nano|micro|milli|kilo)?(mol|g|gram|mole|molar)s?|percent|pct|pp[mb]|celsius|kelvin"
)
"""Units in small letters; others, such as `at`, `rat` and `alpha`, are mostly words of a sentence."""
_OF_UNITS = frozenset(
    (
        "unit",
        "units",
        "uom",
        "dimension",
        "dimensions",
        "dim",
        "scale",
        "conc",
        "concentration",
        "measure",
        "einheit",
    )
)
"""Words of headers under which one letter is a unit."""
_WITHOUT_SHIFT = frozenset(("fm", "pm", "nm", "um", "mm"))
"""Lengths by the letter, and concentrations by people who do not care for capitals."""
_LONGEST_UNIT = 16
_MOST_UNITS = 8


def check_unread_units(table: Table, mapped: Mapped, spec: CampaignSpec) -> None:
    """Check that nothing in the file states other units for values whose units are not read.

    Raises:
        TableError: if a line above the header, a row without a result, or a column does.
    """
    unstated = _unstated(mapped, spec)
    if not unstated:
        return
    stated = [column.units for column in mapped.results if column.units]
    for line in table.title:
        _check_names_no_units(line, unstated, stated)
    for row in table.rows:
        for text in _remarks(row, mapped):
            _check_names_no_units(
                text, unstated, stated, f"row {row.number}, which holds no result,", row.number
            )
    _check_comments(table, mapped, unstated, stated)
    wanted = [units for units in unstated.values() if units]
    for header in unread(table, mapped):
        if wanted and key(header) not in OF_A_BATCH:
            _check_holds_no_units(table, header, wanted)


def _check_comments(
    table: Table, mapped: Mapped, unstated: Mapping[str, str | None], stated: list[str]
) -> None:
    """Check that no remark states the units of values that have none themselves: `values in uM`.

    Raises:
        TableError: if one does, and they are not those of the campaign.
    """
    notes = {mapped.fields.get("comment", ""), *(column.own.get("comment", "") for column in mapped.results)}
    notes |= {header for header in unread(table, mapped) if is_note_name(header)}
    values = [column.header for column in mapped.results] or [mapped.fields.get("value", "")]
    for row in table.rows:
        for header in notes:
            found = _IN_UNITS.search(row.cells.get(header, ""))
            is_bare = found and any(_NUMBER.fullmatch(row.cells.get(value, "")) for value in values)
            if found and is_bare:
                remark = f"row {row.number}, under {header!r},"
                _check_names_no_units(found["units"] or found["of"], unstated, stated, remark, row.number)


def _unstated(mapped: Mapped, spec: CampaignSpec) -> dict[str, str | None]:
    """Return the assays whose values come without units, each with the campaign's; logarithms have none."""
    if "units" in mapped.fields or mapped.units:
        return {}
    wanted = {kind: quantity.units for kind, quantity in spec.quantities().items()}
    stated = {column.type for column in mapped.results if column.units or "units" in column.own}
    types = {column.type for column in mapped.results} or set(wanted)
    return {kind: wanted.get(kind) for kind in types - stated if wanted.get(kind) or not is_logarithm(kind)}


def _check_names_no_units(
    line: str,
    unstated: Mapping[str, str | None],
    stated: list[str],
    place: str = _ABOVE,
    row: int | None = None,
) -> None:
    found = _units_in(line[:MAX_TITLE])
    wanted = [units for units in unstated.values() if units]
    others = [text for text in found if not any(same_units(text, known) for known in stated)]
    other = any(
        not same_units(text, units) for text in others for units in wanted if _may_be_meant(text, units)
    )
    says_so = not found and not stated and _UNITS_WORD.search(line) is not None
    if other or says_so:
        raise TableError(f"{place} speaks of units: write them into the header or a column units", row=row)


def _may_be_meant(text: str, wanted: str) -> bool:
    """Return whether units in a sentence could be those of a value.

    Any concentration of one, but no dose or share.
    """
    plain = text.casefold() if _LONG_WORD.fullmatch(text) else text
    return _could_be(plain, wanted) or (is_concentration(plain) and is_concentration(wanted))


def _units_in(line: str) -> list[str]:
    """Return the units that a line names.

    Those behind a number are of something that it tells of, such as a dose.
    """
    found, before = [], ""
    for word in re.split(r"[\s;,:=()\[\]|]+", _SPECIES.sub(" ", line)):
        plain = word.strip(_AROUND)
        parts = (plain,) if _is_unit(plain) else tuple(re.split(r"[/_-]", plain))
        if not _NUMBER.fullmatch(before):
            found += [part for part in parts if _is_unit(part) or (part == "M" and before.casefold() == "in")]
        before = plain
    return found


def _is_unit(word: str) -> bool:
    """Return whether a word is certainly units, `Micromolar` among them, and no other word of a sentence."""
    text = word.casefold() if _LONG_WORD.fullmatch(word) else word
    is_word = text.isalpha() and (text.islower() or text.istitle()) and not _SMALL.fullmatch(text)
    is_label = _LABEL.fullmatch(text) is not None
    return bool(text) and not is_word and not is_label and text != "pH" and is_certain_unit(text)


def _remarks(row: RawRow, mapped: Mapped) -> Iterator[str]:
    """Yield sentences in place of an object, and the whole text of rows without one."""
    identity = {*mapped.objects.values(), mapped.fields.get("candidate_id", "")}
    named = [text for header in identity if (text := row.cells.get(header, ""))]
    if not named:
        yield " ".join(row.cells.values())[:MAX_TITLE]
    yield from (text for text in named if " " in text.strip() or (not text.isupper() and _is_unit(text)))


def _check_holds_no_units(table: Table, header: str, wanted: list[str]) -> None:
    found, are_all = _units_under(header, table.rows)
    if not are_all:
        found = {text for text in found if len(text) > 1 and not text.isupper() and is_certain_unit(text)}
    if not _OF_UNITS & set(key(header).split("_")):
        found = {text for text in found if text != "M"}  # a sex, a size, or initials
    fitting = {text for text in found if any(_could_be(text, units) for units in wanted)}
    if not fitting or (are_all and fitting != found):
        return
    if not all(_are_same(text, units) for text in fitting for units in wanted):
        detail = (
            f"column {header!r} holds units ({', '.join(sorted(fitting)[:3])}) and no column is named units"
        )
        raise TableError(
            f"{detail}: name it units if they are those of the values, or say theirs", column=header
        )


def _could_be(text: str, wanted: str) -> bool:
    return are_convertible(text, wanted) or (text.casefold() in _WITHOUT_SHIFT and are_molar(wanted))


def _are_same(text: str, wanted: str) -> bool:
    return same_units(text, wanted) or (
        text.casefold() in _WITHOUT_SHIFT and text.casefold() == wanted.casefold()
    )


def _units_under(header: str, rows: Iterable[RawRow]) -> tuple[set[str], bool]:
    """Return the cells of a column that are units and nothing else, and whether all of its cells are."""
    found: set[str] = set()
    are_all = True
    for row in rows:
        cell = row.cells.get(header, "")
        if not cell or cell in found or is_missing(cell):
            continue
        if len(cell) <= _LONGEST_UNIT and cell[-1] not in _DIGITS and is_unit_beside_a_number(cell):
            found.add(cell)
        else:
            are_all = False
        if len(found) > _MOST_UNITS:
            return set(), False
    return found, are_all


def without_units_row(table: Table, mapped: Mapped, spec: CampaignSpec) -> tuple[Table, Mapped, int | None]:
    """Take the row of units under the header out, if there is one, and return its number.

    Raises:
        TableError: if it contradicts a header, a row without an object says something else than a number
            there, or a later row holds units in place of a value.
    """
    row = table.rows[0] if table.rows else None
    units = _below_header(row, mapped) if row else {}
    if row is None or not units:
        _check_no_units_among_values(table, mapped, spec)
        return table, mapped, None
    for header, text in units.items():
        if not is_unit_beside_a_number(text):
            detail = (
                f"row {row.number} names no object and says {shortened(text)} under {header!r}, which is "
                f"no unit known"
            )
            raise TableError(f"{detail}: take the row out", row=row.number, column=header)
    results = tuple(_in_units(column, units.get(column.header), row.number) for column in mapped.results)
    value = units.get(mapped.fields.get("value", ""))
    if value and mapped.units and not same_units(value, mapped.units):
        _contradict(mapped.fields["value"], mapped.units, value, row.number)
    rest, mapped = (
        replace(table, rows=table.rows[1:]),
        replace(mapped, results=results, units=value or mapped.units),
    )
    _check_no_units_among_values(rest, mapped, spec)
    return rest, mapped, row.number


def _check_no_units_among_values(table: Table, mapped: Mapped, spec: CampaignSpec) -> None:
    """Check that no row holds units in place of a value, which would be those of the other rows.

    Raises:
        TableError: if one does, and they are not those that its column has anyway.
    """
    if "units" in mapped.fields:
        return
    wanted = {kind: quantity.units for kind, quantity in spec.quantities().items()}
    columns = [(column.header, column.units or wanted.get(column.type)) for column in mapped.results]
    if "value" in mapped.fields and not mapped.results:
        alike = set(wanted.values())
        columns = [(mapped.fields["value"], mapped.units or (alike.pop() if len(alike) == 1 else None))]
    for row in table.rows:
        for header, known in columns:
            text = row.cells.get(header, "").strip("()[] ")
            if text[-1:] in _DIGITS or is_missing(text) or not (text in ("M", "%") or _is_unit(text)):
                continue
            if known is None or not same_units(text, known):
                detail = f"row {row.number} says {shortened(text)} under {header!r} in place of a value"
                raise TableError(f"{detail}: write units into the header", row=row.number, column=header)


def _below_header(row: RawRow, mapped: Mapped) -> dict[str, str]:
    """Return the texts without digits that a row without an object has in the columns of values.

    A row that says `string` or `SMILES` in place of an object is one of units if all that it says of values
    are units.
    """
    identity = {*mapped.objects.values(), mapped.fields.get("candidate_id", "")}
    named = {
        key(row.cells.get(header, "")) for header in identity if not is_missing(row.cells.get(header, ""))
    }
    if not named <= _UNIT_WORDS | _TYPE_WORDS:
        return {}
    values = {column.header for column in mapped.results} | {mapped.fields.get("value", "")}
    stated = {header: row.cells.get(header, "").strip("()[] ") for header in values}
    units = {
        header: text for header, text in stated.items() if text[-1:] not in _DIGITS and not is_missing(text)
    }
    are_known = all(is_unit_beside_a_number(text) for text in units.values())
    return units if are_known or named <= _UNIT_WORDS else {}


def _in_units(column: ResultColumn, units: str | None, row: int) -> ResultColumn:
    if units and column.units and not same_units(units, column.units):
        _contradict(column.header, column.units, units, row)
    return replace(column, units=column.units or units)


def _contradict(header: str, stated: str, below: str, row: int) -> None:
    raise TableError(
        f"the header {header!r} says {stated!r}, the row of units {below!r}", row=row, column=header
    )
