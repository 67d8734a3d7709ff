"""One upload of results: from a file's bytes to stored rows and a report. It knows no HTTP."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign import CampaignSpec
from models.domains import open_domain
from service.api.dependencies import Caller
from service.campaigns import commands, queries
from service.campaigns.rows import NewResult, NewUpload
from service.errors import ConflictError, UnprocessableError, UnsupportedMediaTypeError
from service.exchange import (
    Asked,
    CampaignView,
    ParsedRow,
    QuestionError,
    Report,
    SheetError,
    TableError,
    UnknownFormatError,
    check_upload,
    open_upload,
)
from service.exchange.values import Decimal

Mode = Literal["atomic", "partial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsFile:
    """What was sent, and how it is to be taken."""

    content: bytes
    media_type: str
    filename: str | None = None
    sheet: str | None = None
    decimal: Decimal | None = None
    mode: Mode = "atomic"
    dry_run: bool = False


def take_results(session: Session, caller: Caller, campaign_id: UUID, file: ResultsFile) -> Report:
    """Check every row of a file and, unless it is a dry run, store the good ones.

    Raises:
        NotFoundError: if there is no such campaign.
        UnsupportedMediaTypeError: if the format is none that is read.
        UnprocessableError: if the file is no table or has no such sheet, or a row is bad in atomic mode; it carries the
            report.
    """
    campaign = queries.get_campaign(session, caller.workspace_id, campaign_id)
    if campaign.state == "archived":
        raise ConflictError("the campaign is archived and takes no results")
    spec = CampaignSpec.model_validate(campaign.spec)
    domain = open_domain(spec.domain)
    with readable():
        upload = open_upload(file.content, file.media_type, spec, domain, Asked(file.sheet, file.decimal))
    known = queries.candidates_by_id(session, campaign_id, _uuids(upload.mentioned("candidate_id")))
    view = CampaignView(
        spec,
        domain,
        {str(key): candidate.object for key, candidate in known.items()},
        queries.results_by_external_id(session, campaign_id, upload.mentioned("external_id")),
    )
    report = _linked(session, campaign_id, check_upload(upload, view))
    if file.mode == "atomic" and report.count("rejected"):
        raise refusal(report, "stored")
    if file.dry_run or not report.accepted:
        return report
    return _store(session, caller, campaign_id, file, report)


@contextmanager
def readable(sheet_in: Literal["query", "body"] = "query") -> Iterator[None]:
    """Answer for a file that cannot be read as a table.

    Args:
        sheet_in: where the name of its sheet was given.

    Raises:
        UnsupportedMediaTypeError: if its format is none that is read.
        UnprocessableError: if it is no table, has no such sheet, or can be read in two ways.
    """
    try:
        yield
    except UnknownFormatError as error:
        raise UnsupportedMediaTypeError(str(error)) from error
    except SheetError as error:
        named = ({"in": "query"} if sheet_in == "query" else {}) | {"pointer": "/sheet", "detail": error.detail}
        raise UnprocessableError(f"/sheet: {error.detail}", errors=[named]) from error
    except QuestionError as error:
        if sheet_in == "body":
            told = f"{error.detail.partition(':')[0]}: write all numbers of the table with one sign and no thousands"
            raise UnprocessableError(told, errors=[{"row": error.row, "detail": told}]) from error
        pointer = f"/{error.parameter}"
        asked = {"in": "query", "pointer": pointer, "detail": error.detail, "choices": list(error.choices)}
        raise UnprocessableError(error.detail, errors=[asked]) from error
    except TableError as error:
        place = {"row": error.row, "column": error.column, "detail": error.detail}
        raise UnprocessableError(error.detail, errors=[{k: v for k, v in place.items() if v is not None}]) from error


def _linked(session: Session, campaign_id: UUID, report: Report) -> Report:
    """Name the candidate of each row that gave only its object: the newest with that object, waiting ones first."""
    objects = {row.object for row in report.accepted if row.candidate_id is None and row.object}
    known = queries.candidates_by_object(session, campaign_id, objects) if objects else {}
    ids = {text: str(candidate.id) for text, candidate in known.items()}
    return replace(report, rows=tuple(_with_candidate(row, ids) for row in report.rows))


def _with_candidate(row: ParsedRow, ids: Mapping[str, str]) -> ParsedRow:
    if row.candidate_id is not None or row.object is None or row.object not in ids:
        return row
    return replace(row, candidate_id=ids[row.object])


def refusal(report: Report, done: str) -> UnprocessableError:
    """Return the problem of a table with bad rows, of which nothing is `done`; it carries the report."""
    bad = [row for row in report.rows if row.status == "rejected"]
    places = [{"row": row.row, "column": row.column, "detail": row.reason} for row in bad]
    return UnprocessableError(
        f"{len(bad)} of {len(report.rows)} rows are rejected and nothing was {done}; "
        "correct them or send the table with mode=partial",
        errors=places,
        extensions=report.as_json(),
    )


def _store(session: Session, caller: Caller, campaign_id: UUID, file: ResultsFile, report: Report) -> Report:
    """Store the accepted rows; one whose external_id arrived in the meantime has become a duplicate."""
    upload = NewUpload(
        media_type=file.media_type,
        sha256=hashlib.sha256(file.content).hexdigest(),
        filename=file.filename,
        api_key_id=caller.key_id,
        n_rejected=report.count("rejected"),
    )
    rows = [_new_result(row) for row in report.accepted]
    stored = commands.store_results(session, caller.workspace_id, campaign_id, upload, rows)
    late = {id(row) for row, told in zip(report.accepted, stored.rows, strict=True) if told.status == "duplicate"}
    if not late:
        return report
    reason = "the same external_id was stored at this moment"
    return replace(
        report,
        rows=tuple(
            replace(row, status="duplicate", reason=reason, column="external_id", result=None)
            if id(row) in late
            else row
            for row in report.rows
        ),
    )


def _new_result(row: ParsedRow) -> NewResult:
    assert row.result is not None
    candidate_id = UUID(row.candidate_id) if row.candidate_id else None
    return NewResult(row=row.row, verbatim=row.verbatim, result=row.result, candidate_id=candidate_id)


def _uuids(texts: frozenset[str]) -> set[UUID]:
    found = set()
    for text in texts:
        try:
            found.add(UUID(text))
        except ValueError:
            continue  # the row will be rejected with its reason
    return found
