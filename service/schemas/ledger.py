"""Corrections and withdrawals of results, and the files that results came in."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from service.schemas.base import Answer, Request
from service.schemas.results import Result
from service.store.states import AmendmentKind

MAX_REASON = 1_000
Why = Annotated[str, StringConstraints(min_length=1, max_length=MAX_REASON, strip_whitespace=True)]


class Withdrawal(Request):
    """Why results count no more."""

    reason: Why = Field(description="for the record", examples=["the compound was mixed up on plate 7"])


class Correction(Withdrawal):
    """What is otherwise in a stored result, by the columns of a table of results."""

    row: dict[str, Any] = Field(
        min_length=1,
        max_length=200,
        description="the columns that are otherwise, null for one that is to be empty. A value or an outcome comes "
        "with its relation, units and error; what is not given stays as it is stored",
        examples=[{"value": 80, "units": "nM"}],
    )


class Amendment(Answer):
    """What ended a result, why, by which key and when."""

    kind: AmendmentKind = Field(description="whether another result is in its place")
    result_id: UUID = Field(description="the result that counts no more")
    replacement_id: UUID | None = Field(description="the result in its place, for a correction")
    upload_id: UUID | None = Field(description="the upload that was withdrawn as a whole, if one was")
    reason: str = Field(description="why, as a person said")
    api_key_id: str | None = Field(description="the key by which it was done")
    created_at: datetime = Field(description="when")


class ResultHistory(Result):
    """A result with everything that was corrected or withdrawn in its place, in order."""

    history: list[Amendment] = Field(description="of its chain of corrections, in order")


class SentFile(Answer):
    """A file of results as it was sent, and what of it was amended since."""

    id: UUID = Field(description="of the upload")
    campaign_id: UUID = Field(description="the campaign that it belongs to")
    filename: str | None = Field(description="as it was sent; null where the request named none")
    media_type: str = Field(description="as it was sent")
    sheet: str | None = Field(description="of a workbook; null when the first was read")
    sha256: str = Field(description="checksum of the file, in hexadecimal digits")
    bytes: int | None = Field(description="its size; null where an earlier version did not keep the file")
    api_key_id: str | None = Field(description="the key by which it was sent")
    n_accepted: int = Field(description="results that were stored")
    n_rejected: int = Field(description="rows that were not")
    n_withdrawn: int = Field(description="results that were withdrawn since")
    n_corrected: int = Field(description="results that were corrected since")
    created_at: datetime = Field(description="when")


class WithdrawnUpload(Answer):
    """What became of an upload that was withdrawn."""

    upload_id: UUID = Field(description="of the upload")
    withdrawn: int = Field(description="results that counted until now")
