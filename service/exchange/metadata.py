"""The descriptive part of a row: replicate, assay version, plate, date, lot, external id, comment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict

from service.exchange.problems import RowProblem
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 200
MAX_COMMENT = 10_000
_MAX_REPLICATE = 1_000_000


class Metadata(TypedDict):
    """The descriptive fields of `StandardResult`."""

    replicate: str | None
    assay_version: str | None
    plate: str | None
    measured_at: datetime | None
    lot: str | None
    external_id: str | None
    comment: str | None


def read_metadata(fields: Mapping[str, str]) -> Metadata:
    """Return the descriptive fields; blank ones are None.

    Raises:
        RowProblem: if one is too long, the replicate is no whole number or the date is not ISO 8601.
    """
    return Metadata(
        replicate=_replicate(fields.get("replicate", "")),
        assay_version=_text(fields, "assay_version", MAX_TEXT),
        plate=_text(fields, "plate", MAX_TEXT),
        measured_at=_moment(fields.get("measured_at", "")),
        lot=_text(fields, "lot", MAX_TEXT),
        external_id=_text(fields, "external_id", MAX_TEXT),
        comment=_text(fields, "comment", MAX_COMMENT),
    )


def _text(fields: Mapping[str, str], name: str, limit: int) -> str | None:
    text = fields.get(name) or None
    if text is not None and is_missing(text):
        return None
    if text is not None and len(text) > limit:
        raise RowProblem(name, f"{name} has at most {limit} characters")
    return text


def _replicate(text: str) -> str | None:
    if is_missing(text):
        return None
    # A column with gaps comes out of many tables as 1.0, 2.0, ...
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8 and int(digits) <= _MAX_REPLICATE):  # noqa: PLR2004
        raise RowProblem("replicate", f"{shortened(text)} is not a whole number from 0")
    return str(int(digits))


def _moment(text: str) -> datetime | None:
    if is_missing(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RowProblem("measured_at", f"{shortened(text)} is not a date such as 2024-05-31 (ISO 8601)") from error
