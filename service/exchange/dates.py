"""Days and times as people and spreadsheets write them; the order of day and month is one for a whole file.

ISO 8601 needs no order. `05.01.2025` has two readings unless another date of the file settles it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args

from service.exchange.options import DateOrder
from service.exchange.tables import QuestionError
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from service.exchange.tables import Table

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = (
    r"(?:(?:\s+|\s*,\s*|T)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?)?"
)
_NUMBERS = re.compile(
    rf"(?P<first>[0-9]{{1,4}})(?P<sign>[./-])(?P<second_>[0-9]{{1,2}})(?P=sign)(?P<third>[0-9]{{2,4}}){_TIME}",
    re.IGNORECASE,
)
_NAMED = (
    re.compile(
        rf"(?P<day>[0-9]{{1,2}})\.?[\s-]*(?P<name>[a-z]{{3,9}})\.?[\s,-]*(?P<year>[0-9]{{4}}){_TIME}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<name>[a-z]{{3,9}})\.?\s+(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>[0-9]{{4}}){_TIME}",
        re.IGNORECASE,
    ),
)
_SHORT = re.compile(
    rf"(?P<first>[0-9]{{1,2}})(?P<sign>[ ./-]?)(?P<name>[a-z]{{3}})(?P=sign)(?P<third>[0-9]{{2}}){_TIME}",
    re.IGNORECASE,
)
"""A month by its name between two short numbers: `17-Jan-25`, where either may be the year."""
_SERIAL = re.compile(r"[2-6][0-9]{4}(?:\.[0-9]+)?")
"""Days since the end of 1899 as spreadsheets count them: from 1954 to 2091."""
_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_MOST_MONTHS, _MOST_DAYS = 12, 31
_YEAR_DIGITS = 4
_HALF_DAY = 12


class DateTextError(ValueError):
    """A cell holds no date; the message is a sentence for the person who filled it in."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How the dates of one file are read; without an order those that need one are refused."""

    order: DateOrder | None = None

    def read(self, text: str) -> datetime:
        """Return a moment; one without a zone is taken as UTC.

        Raises:
            DateTextError: if the text is no date of this format.
        """
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return self._local(text.strip())
        try:
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except OverflowError as error:
            raise _no_date(text) from error

    def _local(self, text: str) -> datetime:
        if _SERIAL.fullmatch(text):
            return _EPOCH + timedelta(seconds=round(float(text) * 86_400))
        try:
            if found := _NUMBERS.fullmatch(text):
                year, month, day = self._ordered(found, text)
                return _moment(year, month, day, found)
            if (found := _SHORT.fullmatch(text)) and found["name"].lower() in _MONTHS:
                return _moment(*self._short(found, text), found)
            for pattern in _NAMED:
                if (found := pattern.fullmatch(text)) and found["name"][:3].lower() in _MONTHS:
                    month = _MONTHS.index(found["name"][:3].lower()) + 1
                    return _moment(int(found["year"]), month, int(found["day"]), found)
        except ValueError as error:
            raise _no_date(text) from error
        raise _no_date(text)

    def _short(self, found: re.Match[str], text: str) -> tuple[int, int, int]:
        first, third, month = (
            int(found["first"]),
            int(found["third"]),
            _MONTHS.index(found["name"].lower()) + 1,
        )
        if self.order is None and first != third and max(first, third) <= _MOST_DAYS:
            raise _no_date(text)
        is_year_first = first > _MOST_DAYS or (self.order == "year_first" and third <= _MOST_DAYS)
        return (_full_year(first), month, third) if is_year_first else (_full_year(third), month, first)

    def _ordered(self, found: re.Match[str], text: str) -> tuple[int, int, int]:
        first, second, third = int(found["first"]), int(found["second_"]), int(found["third"])
        if len(found["first"]) == _YEAR_DIGITS:
            return first, second, third
        if self.order == "year_first":
            return _full_year(first), second, third
        if self.order is None and first != second:
            raise _no_date(text)
        day, month = (second, first) if self.order == "month_first" else (first, second)
        return _full_year(third), month, day


ISO = DateFormat()
"""Dates that need no order."""


def _full_year(year: int) -> int:
    return year + 2000 if year < 100 else year  # noqa: PLR2004 - two digits


def _moment(year: int, month: int, day: int, found: re.Match[str]) -> datetime:
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if found["half"]:
        hour = hour % _HALF_DAY + (_HALF_DAY if found["half"].lower() == "p" else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _no_date(text: str) -> DateTextError:
    return DateTextError(f"{shortened(text)} is not a date such as 2024-05-31 (ISO 8601)")


def decide_date_format(table: Table, headers: Iterable[str], answer: DateOrder | None) -> DateFormat:
    """Return how the dates under some headers are read.

    A number above twelve can only be a day, and settles the order for the whole file.

    Raises:
        QuestionError: if dates can be read in two ways, or contradict each other.
    """
    if answer is not None:
        return DateFormat(answer)
    seen: dict[DateOrder | None, tuple[int, str]] = {}
    for header in headers:
        for row in table.rows:
            text = row.cells.get(header, "").strip()
            for order in () if is_missing(text) or text[:4].isdigit() else _orders(text):
                seen.setdefault(order, (row.number, text))
    certain = [order for order in seen if order is not None]
    if len(certain) > 1 or (None in seen and not certain):
        _ask([seen[order] for order in certain] or [seen[None]])
    return DateFormat(certain[0] if certain else None)


def _orders(text: str) -> list[DateOrder | None]:
    """Return the order that a date proves; None if it may be read in two, nothing if all readings are one."""
    if short := _SHORT.fullmatch(text):
        first, third = int(short["first"]), int(short["third"])
        return [None] if first != third and max(first, third) <= _MOST_DAYS else []
    found = _NUMBERS.fullmatch(text)
    if found is None or len(found["first"]) == _YEAR_DIGITS:
        return []
    first, second = int(found["first"]), int(found["second_"])
    if len(found["third"]) < _YEAR_DIGITS:
        return ["year_first"] if first > _MOST_DAYS else [None]
    if first > _MOST_MONTHS >= second:
        return ["day_first"]
    if second > _MOST_MONTHS >= first:
        return ["month_first"]
    return [] if first == second else [None]


def _ask(cells: list[tuple[int, str]]) -> None:
    shown = " and ".join(f"{text[:40]!r} in row {row}" for row, text in cells)
    detail = (
        f"in which order are dates written? {shown} can be read in two ways: send date_order=day_first or "
        f"another"
    )
    raise QuestionError("date_order", get_args(DateOrder), detail, row=cells[0][0])


def has_serials(table: Table, headers: Iterable[str]) -> bool:
    """Return whether a date is given as the number that a spreadsheet keeps."""
    return any(_SERIAL.fullmatch(row.cells.get(header, "")) for header in headers for row in table.rows)
