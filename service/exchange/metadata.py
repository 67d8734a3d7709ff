"""The descriptive part of a row, column by column as `models.specs.result_metadata` declares it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from models.specs.result_metadata import RESULT_METADATA
from service.exchange.dates import DateFormat, DateTextError
from service.exchange.problems import RowProblem
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from models.specs.result_metadata import Column, Kind

_MAX_COUNT = 1_000_000
_LETTER = re.compile("[A-Za-z]")
_NUMBERED = re.compile(r"(replicate|repl?|run|r|n|#)[\s._#-]*(?=[0-9]+$)", re.IGNORECASE)


def read_metadata(fields: Mapping[str, str], dates: DateFormat) -> dict[str, Any]:
    """Return the fields of `ResultMetadata`; blank ones are None.

    Raises:
        RowProblem: if a text is too long, a count is no whole number or letter, or a date is none of the
            file.
    """
    return {
        name: None
        if is_missing(text := fields.get(name) or "")
        else _READ[column.kind](name, column, text, dates)
        for name, column in RESULT_METADATA.items()
    }


def _text(name: str, column: Column, text: str, _dates: DateFormat) -> str:
    if len(text) > column.most_characters:
        raise RowProblem(name, f"{name} has at most {column.most_characters} characters")
    return text


def _count(name: str, _column: Column, text: str, _dates: DateFormat) -> str:
    # A column with gaps comes out of many tables as 1.0, 2.0, ...
    digits = text.removesuffix(".0")
    if _LETTER.fullmatch(digits):
        return digits.upper()
    digits = _NUMBERED.sub("", digits)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8 and int(digits) <= _MAX_COUNT):  # noqa: PLR2004
        raise RowProblem(name, f"{shortened(text)} is not a whole number from 0, nor a letter")
    return str(int(digits))


def _moment(name: str, _column: Column, text: str, dates: DateFormat) -> datetime:
    try:
        return dates.read(text)
    except DateTextError as error:
        raise RowProblem(name, str(error)) from error


_READ: dict[Kind, Callable[[str, Column, str, DateFormat], str | datetime]] = {
    "text": _text,
    "count": _count,
    "moment": _moment,
}
