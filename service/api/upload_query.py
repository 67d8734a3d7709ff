"""Query parameters of an upload of results: how it is taken, and how its file is read."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import Query
from pydantic import ValidationError
from pydantic_core import from_json

from service.api.body import SheetQuery
from service.campaigns.uploads import Mode, OnConflict
from service.errors import UnprocessableError
from service.exchange.options import DateOrder, Delimiter, ReadingOptions
from service.exchange.values import Decimal
from service.schemas.ledger import MAX_REASON

_AS_JSON = ("columns", "words", "limits")
_LONGEST = 20_000
JsonText = str | None


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """How an upload is to be taken; whatever is absent of the reading is decided from the whole file."""

    dry_run: Annotated[bool, Query(description="report only, store nothing")] = False
    mode: Annotated[Mode, Query(description="atomic: all rows or none; partial: the good rows")] = "atomic"
    filename: Annotated[str | None, Query(max_length=255, description="the file's name, for the record")] = None
    reading: Annotated[
        str | None, Query(max_length=100, description="a reading that the campaign keeps; 'default' when absent")
    ] = None
    sheet: SheetQuery = None
    header_row: Annotated[int | None, Query(ge=1, le=1_000_000, description="the row that names the columns")] = None
    encoding: Annotated[str | None, Query(min_length=1, max_length=40, description="of a text file")] = None
    delimiter: Annotated[Delimiter | None, Query(description="of a text file")] = None
    decimal: Annotated[Decimal | None, Query(description="the decimal sign of texts")] = None
    date_order: Annotated[DateOrder | None, Query(description="the order of dates such as 05.01.2025")] = None
    columns: Annotated[
        JsonText,
        Query(max_length=_LONGEST, description='header -> what it is read as, or "ignored": {"Kinase X": "IC50 (uM)"}'),
    ] = None
    words: Annotated[
        JsonText,
        Query(
            max_length=_LONGEST,
            description='word in place of a value -> meaning: {"inactive": "> 30 uM", "No Fit": "missing"}',
        ),
    ] = None
    limits: Annotated[
        JsonText, Query(max_length=_LONGEST, description='limit of an assay -> value: {"IC50 LLOQ": "2 nM"}')
    ] = None

    again: Annotated[
        bool, Query(description="of a file that was sent before, take only the rows that are not stored")
    ] = False
    on_conflict: Annotated[
        OnConflict,
        Query(description="a row whose external_id another result has: reject it, or correct that result by it"),
    ] = "reject"
    reason: Annotated[
        str | None, Query(min_length=1, max_length=MAX_REASON, description="why results are corrected, for the record")
    ] = None

    def correction_reason(self) -> str | None:
        """Return why results are corrected.

        Raises:
            UnprocessableError: if a reason is given and nothing is to be corrected.
        """
        if self.reason is not None and self.on_conflict != "correct":
            detail = "a reason is of corrections: send it with on_conflict=correct"
            raise UnprocessableError(f"/reason: {detail}", [{"in": "query", "pointer": "/reason", "detail": detail}])
        return self.reason

    def reading_options(self) -> ReadingOptions:
        """Return what is said of the file.

        Raises:
            UnprocessableError: if a parameter is not of the form that it must have.
        """
        given = {name: value for name, value in asdict(self).items() if value is not None}
        given |= {name: _parsed(name, given[name]) for name in _AS_JSON if name in given}
        try:
            fields = ReadingOptions.model_fields
            return ReadingOptions.model_validate({name: value for name, value in given.items() if name in fields})
        except ValidationError as error:
            errors = [
                {"in": "query", "pointer": f"/{each['loc'][0]}", "detail": each["msg"]} for each in error.errors()
            ]
            raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors=errors) from error


def _parsed(name: str, text: str) -> Any:
    try:
        return from_json(text)
    except ValueError as error:
        detail = f"send {name} as a JSON object of texts: {error}"
        raise UnprocessableError(
            f"/{name}: {detail}", [{"in": "query", "pointer": f"/{name}", "detail": detail}]
        ) from error
