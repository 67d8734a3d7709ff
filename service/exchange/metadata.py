"""The descriptive part of a row: replicate, assay version, plate, date, lot, external id, comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

from service.exchange.dates import DateTextError
from service.exchange.problems import RowProblem
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from service.exchange.dates import DateFormat

MAX_TEXT = 200
MAX_COMMENT = 10_000
_MAX_REPLICATE = 1_000_000
_LETTER = re.compile("[A-Za-z]")
_NUMBERED = re.compile(r"(replicate|repl?|run|r|n|#)[\s._#-]*(?=[0-9]+$)", re.IGNORECASE)


class Metadata(TypedDict):
    """The descriptive fields of `StandardResult`."""

    replicate: str | None
    assay_version: str | None
    plate: str | None
    measured_at: datetime | None
    lot: str | None
    external_id: str | None
    comment: str | None


def read_metadata(fields: Mapping[str, str], dates: DateFormat) -> Metadata:
    """Return the descriptive fields; blank ones are None.

    Raises:
        RowProblem: if one is too long, the replicate is no whole number or letter, or the date is none of the file.
    """
    return Metadata(
        replicate=_replicate(fields.get("replicate", "")),
        assay_version=_text(fields, "assay_version", MAX_TEXT),
        plate=_text(fields, "plate", MAX_TEXT),
        measured_at=_moment(fields.get("measured_at", ""), dates),
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
    if _LETTER.fullmatch(digits):
        return digits.upper()
    digits = _NUMBERED.sub("", digits)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8 and int(digits) <= _MAX_REPLICATE):  # noqa: PLR2004
        raise RowProblem("replicate", f"{shortened(text)} is not a whole number from 0, nor a letter")
    return str(int(digits))


def _moment(text: str, dates: DateFormat) -> datetime | None:
    if is_missing(text):
        return None
    try:
        return dates.read(text)
    except DateTextError as error:
        raise RowProblem("measured_at", str(error)) from error
