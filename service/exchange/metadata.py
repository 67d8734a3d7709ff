"""The descriptive part of a row, column by column as `models.specs.result_metadata` declares it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.specs.result_metadata import RESULT_METADATA
from service.exchange.problems import RowProblem
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from models.specs.result_metadata import Column, Kind

_MAX_COUNT = 1_000_000


def read_metadata(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of `ResultMetadata`; blank ones are None.

    Raises:
        RowProblem: if a text is too long, a count is no whole number or a date is not ISO 8601.
    """
    return {
        name: None if is_missing(text := fields.get(name) or "") else _READ[column.kind](name, column, text)
        for name, column in RESULT_METADATA.items()
    }


def _text(name: str, column: Column, text: str) -> str:
    if len(text) > column.most_characters:
        raise RowProblem(name, f"{name} has at most {column.most_characters} characters")
    return text


def _count(name: str, _column: Column, text: str) -> str:
    # A column with gaps comes out of many tables as 1.0, 2.0, ...
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8 and int(digits) <= _MAX_COUNT):  # noqa: PLR2004
        raise RowProblem(name, f"{shortened(text)} is not a whole number from 0")
    return str(int(digits))


def _moment(name: str, _column: Column, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RowProblem(name, f"{shortened(text)} is not a date such as 2024-05-31 (ISO 8601)") from error


_READ: dict[Kind, Callable[[str, Column, str], str | datetime]] = {"text": _text, "count": _count, "moment": _moment}
