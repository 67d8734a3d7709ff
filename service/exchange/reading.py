"""How one file is read, decided from the evidence of all its cells.

The decimal sign, and the role of every column. A guess is made from the whole file and told in the report;
where two readings are possible it is a question of the file with its choices, never a guess for each row.
Knows no format and no stored candidate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from service.exchange.cells import Digits, NumberFormat, has_point
from service.exchange.dates import ISO, DateFormat
from service.exchange.tables import QuestionError
from service.exchange.values import GROUP, MAX_VALUE, SIGN_OF, VALUE, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from service.exchange.tables import Table
    from service.exchange.values import Decimal

_OTHER: Mapping[str, str] = {".": ",", ",": "."}
_NAME: Mapping[str, Decimal] = {".": "point", ",": "comma"}
_GROUPED = {sign: re.compile(rf"[0-9]{{1,3}}(\{sign}[0-9]{{3}})+") for sign in _OTHER}
_LEADING = re.compile(rf"^[0-9., {GROUP}]+")
_GROUPING = re.compile(rf"[ {GROUP}]")
_AMBIGUOUS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was decided: `columns` is header -> role, `units_row` the row that holds units, if one does.

    `stated` is what the sender said of it; `questions` are those that stop no other row.
    """

    number_format: NumberFormat
    columns: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""
    units_row: int | None = None
    header_row: int | None = None
    encoding: str | None = None
    sheet: str | None = None
    dates: DateFormat = ISO
    stated: Mapping[str, Any] = field(default_factory=dict)
    questions: Sequence[Mapping[str, Any]] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as docs/results.md describes it."""
        return {
            "sheet": self.sheet,
            "header_row": self.header_row,
            "encoding": self.encoding,
            "delimiter": self.delimiter or None,
            "decimal": self.number_format.decimal,
            "thousands": self.number_format.thousands,
            "date_order": self.dates.order,
            "units_row": self.units_row,
            "columns": dict(self.columns),
            "stated": dict(self.stated),
            "questions": [dict(each) for each in self.questions],
        }


@dataclass(slots=True)
class _Seen:
    """Where each sign was certainly the decimal one, certainly between thousands, or either.

    Sign -> (row, cell).
    """

    decimal: dict[str, tuple[int, str]] = field(default_factory=dict)
    grouping: dict[str, tuple[int, str]] = field(default_factory=dict)
    either: dict[str, tuple[int, str]] = field(default_factory=dict)
    has_typed_fraction: bool = False
    all_thousands: bool = True
    """Whether all that may have thousands are whole thousands, which nobody writes with three decimals."""

    def note(self, row: int, cell: str, digits: str, *, has_power: bool) -> None:
        """Take the digits of a number as evidence; what is no number in any reading is none."""
        last = max((".", ","), key=digits.rfind)
        whole, _, part = digits.rpartition(last)
        other = _OTHER[last]
        if last not in digits:
            return
        if other in digits:
            if _GROUPED[other].fullmatch(whole) and part.isdigit():
                self._certain(last, row, cell)
                self.grouping.setdefault(other, (row, cell))
        elif last in whole:
            if _GROUPED[last].fullmatch(digits):
                self._certain(other, row, cell)
                self.grouping.setdefault(last, (row, cell))
        elif has_power or not _AMBIGUOUS.fullmatch(digits):
            self._certain(last, row, cell)
        else:
            self.either.setdefault(last, (row, cell))
            self.all_thousands &= part == "000"

    def _certain(self, sign: str, row: int, cell: str) -> None:
        self.decimal.setdefault(sign, (row, cell))


def decide_number_format(table: Table, headers: Iterable[str], answer: Decimal | None) -> NumberFormat:
    """Return how the numbers under some headers are written.

    `1.234` alone may be 1234 or a number with three decimals: other cells decide. In files whose list
    separator is a comma, and in typed formats, a lone point is a decimal point, as in every programming
    language. In those files a text `12.5` also tells that `10,000` has thousands.

    Raises:
        QuestionError: if the cells contradict each other or leave both readings open.
    """
    if answer is not None:
        return NumberFormat(answer)
    seen = _looked_through(table, tuple(headers))
    decimal = _decimal(table, seen)
    other = _OTHER[SIGN_OF[decimal]]
    return NumberFormat(decimal, other if other in seen.grouping or other in seen.either else None)


def _decimal(table: Table, seen: _Seen) -> Decimal:
    if table.number_format is not None:
        return _as_the_format_says(table.number_format.decimal, seen)
    if len(seen.decimal) > 1:
        _raise_question(seen.decimal["."], seen.decimal[","])
    sign = next(iter(seen.decimal), None)
    if sign is None:
        return _without_proof(table, seen)
    doubtful = seen.either.get(_OTHER[sign])
    # Whoever separates cells by commas and writes 12.5 writes 10,000 for ten thousand; elsewhere both may be
    # meant.
    is_settled = _OTHER[sign] in seen.grouping or (sign == "." and table.delimiter == ",")
    if doubtful is not None and not is_settled:
        _raise_question(doubtful, seen.decimal[sign])
    return _NAME[sign]


def _as_the_format_says(decimal: Decimal, seen: _Seen) -> Decimal:
    """Return the format's own sign, unless texts in the file may follow another.

    `1,234`, or `1.234` beside `12,5`. Typed numbers say nothing of texts beside them: a workbook stores 12.5
    where a person sees and types 12,5. A text `12.5` does. But who has fractions in cells of numbers writes
    `>10,000` for ten thousand: with a decimal comma it would be ten, to three places.
    """
    sign = SIGN_OF[decimal]
    other = _OTHER[sign]
    if other in seen.decimal and sign in seen.either:
        _raise_question(seen.either[sign], seen.decimal[other])
    is_open = (
        other in seen.either
        and other not in seen.grouping
        and (sign not in seen.decimal or other in seen.decimal)
    )
    if is_open and not (other == "," and seen.has_typed_fraction and seen.all_thousands):
        _raise_question(seen.either[other])
    return decimal


def _without_proof(table: Table, seen: _Seen) -> Decimal:
    if not seen.either:
        return "point"
    if set(seen.either) == {"."} and table.delimiter in ("", ","):
        return "point"
    _raise_question(*seen.either.values())
    raise AssertionError  # pragma: no cover


def _raise_question(*cells: tuple[int, str]) -> None:
    shown = " and ".join(f"{cell[:40]!r} in row {row}" for row, cell in cells)
    raise QuestionError(
        "decimal",
        tuple(SIGN_OF),
        f"which is the decimal sign? {shown} can be read in two ways: send decimal=point or decimal=comma",
        row=cells[0][0],
    )


def _looked_through(table: Table, headers: tuple[str, ...]) -> _Seen:
    seen = _Seen()
    cells = (row.cells.get(header, "") for row in table.rows for header in headers)
    has_doubts = any("," in cell or cell.count(".") > 1 for cell in cells)
    if not has_doubts and table.delimiter in ("", ","):
        return seen
    for row in table.rows:
        for header in headers:
            cell = row.cells.get(header, "")
            if isinstance(cell, Digits):
                seen.has_typed_fraction |= "." in cell
            elif ("," in cell or "." in cell) and not has_point(cell):
                _note_all(seen, row.number, cell)
    return seen


def _note_all(seen: _Seen, row: int, cell: str) -> None:
    match = VALUE.fullmatch(spelled(cell.strip().strip("'"))) if len(cell) <= MAX_VALUE else None
    if match is None:
        return
    for name in ("number", "error", "upper"):
        text = (match[name] or "").lstrip("+-")
        digits = text.removesuffix(_LEADING.sub("", text))
        has_power = len(digits) < len(text) or (name == "number" and match["power"] is not None)
        seen.note(row, cell, _GROUPING.sub("", digits), has_power=has_power)
