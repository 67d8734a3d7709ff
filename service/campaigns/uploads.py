"""One upload of results: from a file's bytes to stored rows and a report, at once or as a job.

It knows no HTTP.
Reading and storing are two steps: a child reads while no transaction is open, and rows are stored in one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import commands, jobs, queries, repeats, resending
from service.campaigns.jobs import ClaimedJob, JobScope, NewJob
from service.campaigns.lifecycle import GIVEN_UP
from service.campaigns.locking import locked_campaign
from service.campaigns.reading import Known, Mentioned, Reader, SentTable, uuids
from service.campaigns.readings import resolved
from service.campaigns.rows import NewResult, NewUpload
from service.campaigns.upload_events import report_rejected
from service.errors import ConflictError, UnprocessableError, UnsupportedMediaTypeError
from service.exchange import (
    NOTHING_SAID,
    ParsedRow,
    QuestionError,
    ReadingOptions,
    Report,
    SheetError,
    TableError,
    UnknownFormatError,
)
from service.store import blobs, campaigns
from service.store.tables import Campaign, Job

UPLOADS = "uploads"
MAX_REPORTED_ERRORS = 1_000
_TAKEN = ("media_type", "filename", "mode", "dry_run", "again", "on_conflict", "reason")
"""How a file is to be taken, beside its content and how it is read."""
_FORMER_OPTIONS = ("sheet", "decimal")
"""What jobs of before say of the reading."""
Mode = Literal["atomic", "partial"]
OnConflict = Literal["reject", "correct"]
"""What becomes of a row whose external id another result has: it is an error, or it takes the place of that
result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsFile:
    """What was sent, and how it is to be taken: `job_id` is of the job that reads it, if one does.

    `original` are the bytes and the media type of what the table was made from, which are kept in its place.
    """

    content: bytes
    media_type: str
    filename: str | None = None
    reading: ReadingOptions = NOTHING_SAID
    reading_name: str | None = None
    mode: Mode = "atomic"
    dry_run: bool = False
    again: bool = False
    on_conflict: OnConflict = "reject"
    reason: str | None = None
    job_id: UUID | None = None
    original: tuple[bytes, str] | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def table(self) -> SentTable:
        """The file as it is read."""
        return SentTable(self.content, self.media_type, reading=self.reading)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose campaign the results are for, and which key sent them."""

    workspace_id: UUID
    key_id: str | None


def import_results(
    session: Session, owner: Owner, campaign_id: UUID, file: ResultsFile, reader: Reader
) -> Report:
    """Check every row of a file and, unless it is a dry run, store the good ones.

    Raises:
        NotFoundError: if there is no such campaign.
        UnsupportedMediaTypeError: if the format is none that is read.
        UnprocessableError: if the file is no table or has no such sheet, or a row is bad in atomic mode; it
            carries the report.
        ConflictError: if the same bytes were stored before and would count twice.
    """
    spec = CampaignSpec.from_stored(_open_campaign(session, owner, campaign_id).spec)
    file = _with_kept_reading(session, campaign_id, file)
    check_bytes(session, campaign_id, file)
    with table_errors_as_problems():
        report = reader.results(
            spec, file.table, lambda mentioned: known(session, campaign_id, mentioned, file)
        )
    return settle(session, owner, campaign_id, file, report)


def enqueue_upload(session: Session, owner: Owner, campaign_id: UUID, file: ResultsFile) -> Job:
    """Queue a file that is too long to be read while its sender waits.

    Raises:
        NotFoundError: if there is no such campaign.
        ConflictError: if the same bytes were stored before and would count twice.
    """
    _open_campaign(session, owner, campaign_id)
    file = _with_kept_reading(session, campaign_id, file)
    check_bytes(session, campaign_id, file)
    taken = {name: getattr(file, name) for name in _TAKEN} | {"sheet": file.reading.sheet}
    request = {**taken, "reading": file.reading.stated(), "sha256": file.digest, "bytes": len(file.content)}
    table = (file.content, file.media_type)
    new = NewJob(queue="fast", request=request, context={"api_key_id": owner.key_id}, table=table)
    return jobs.enqueue(session, JobScope(UPLOADS, owner.workspace_id, campaign_id), new)


def claimed_file(job: ClaimedJob, content: bytes) -> ResultsFile:
    """Return the file of a job."""
    request = job.request
    former = {name: request[name] for name in _FORMER_OPTIONS if request.get(name) is not None}
    reading = ReadingOptions.model_validate(request.get("reading", former))
    taken = {name: request[name] for name in _TAKEN if name in request}
    return ResultsFile(content=content, reading=reading, job_id=job.id, **taken)


def _with_kept_reading(session: Session, campaign_id: UUID, file: ResultsFile) -> ResultsFile:
    """Return the file with what the campaign keeps of its source.

    Frozen, so that a job reads what was asked for.
    """
    return replace(file, reading=resolved(session, campaign_id, file.reading_name, file.reading))


def destination(session: Session, job: ClaimedJob) -> tuple[CampaignSpec, Owner]:
    """Return what a job's campaign says now, and whose it is."""
    assert job.campaign_id is not None
    campaign = campaigns.get(session, job.campaign_id)
    return CampaignSpec.from_stored(campaign.spec), Owner(campaign.workspace_id, job.context["api_key_id"])


def known(session: Session, campaign_id: UUID, mentioned: Mentioned, file: ResultsFile) -> Known:
    """Return the candidates by id, and the results by external id, that a file mentions and the campaign has.

    Beside them, the objects by their own ids, and the predictions of these candidates. A file that corrects
    is read as if none had its external ids: what they stand for is compared afterwards.
    """
    ids, external_ids, own_ids = mentioned
    candidates = queries.candidates_by_id(session, campaign_id, uuids(ids))
    objects = {str(key): candidate.object for key, candidate in candidates.items()}
    predicted = {
        str(key): {name: prediction["mean"] for name, prediction in candidate.payload["predictions"].items()}
        for key, candidate in candidates.items()
    }
    is_compared = file.on_conflict == "reject"
    stored = queries.results_by_external_id(session, campaign_id, external_ids) if is_compared else {}
    return objects, stored, queries.objects_by_own_id(session, campaign_id, own_ids), predicted


def settle(session: Session, owner: Owner, campaign_id: UUID, file: ResultsFile, report: Report) -> Report:
    """Store the good rows of a report, unless it is a dry run, and return what became of each.

    Raises:
        UnprocessableError: if a row is bad in atomic mode; it carries the report.
        ConflictError: if the campaign was archived meanwhile, or the same bytes were stored.
    """
    check_bytes(session, campaign_id, file)
    if file.on_conflict == "correct":
        report = resending.with_corrections(session, campaign_id, report)
    report = replace(_linked(session, campaign_id, report), is_preview=file.dry_run)
    if file.mode == "atomic" and report.count("rejected"):
        raise rejected_upload(report, "stored")
    if file.again:
        report = resending.without_stored(session, campaign_id, report)
    report = resending.with_earlier_upload(session, campaign_id, file.digest, file.reading.sheet, report)
    report = repeats.with_warnings(session, campaign_id, _with_given_up_warning(session, campaign_id, report))
    if file.dry_run:
        return report
    if report.accepted:
        report = _store(session, owner, campaign_id, file, report)
    if n_rejected := report.count("rejected"):
        upload_id = UUID(report.upload_id) if report.upload_id else file.job_id
        report_rejected(session, owner.workspace_id, campaign_id, upload_id, n_rejected)
    return report


def _open_campaign(session: Session, owner: Owner, campaign_id: UUID) -> Campaign:
    campaign = queries.get_campaign(session, owner.workspace_id, campaign_id)
    if campaign.state == "archived":
        raise ConflictError("the campaign is archived and takes no results")
    return campaign


@contextmanager
def table_errors_as_problems(sheet_in: Literal["query", "body"] = "query") -> Iterator[None]:
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
        named = ({"in": "query"} if sheet_in == "query" else {}) | {
            "pointer": "/sheet",
            "detail": error.detail,
        }
        raise UnprocessableError(f"/sheet: {error.detail}", errors=[named]) from error
    except QuestionError as error:
        pointer = f"/{error.parameter}"
        question = {"in": "query", "pointer": pointer, "detail": error.detail, "choices": list(error.choices)}
        raise UnprocessableError(error.detail, errors=[question]) from error
    except TableError as error:
        error_item = {"row": error.row, "column": error.column, "detail": error.detail}
        raise UnprocessableError(
            error.detail, errors=[{k: v for k, v in error_item.items() if v is not None}]
        ) from error


def check_bytes(session: Session, campaign_id: UUID, file: ResultsFile) -> None:
    """Check that a file that is to be stored was not stored before.

    Raises:
        ConflictError: if it was, in this campaign, and its results would count twice; it names the earlier
            upload.
    """
    if not (file.dry_run or file.again):
        resending.check_bytes(session, campaign_id, file.digest, file.reading.sheet)


def _linked(session: Session, campaign_id: UUID, report: Report) -> Report:
    """Name the candidate of each row that gave only its object.

    The newest with that object, waiting ones first.
    A correction has been given that of the result it corrects.
    """
    objects = {
        row.object for row in report.accepted if row.candidate_id is None and row.object and not row.corrects
    }
    known = queries.candidates_by_object(session, campaign_id, objects) if objects else {}
    ids = {text: str(candidate.id) for text, candidate in known.items()}
    return replace(report, rows=tuple(_with_candidate(row, ids) for row in report.rows))


def _with_given_up_warning(session: Session, campaign_id: UUID, report: Report) -> Report:
    """Warn in every row about a candidate that was rejected or withdrawn: it was measured nevertheless."""
    ids = {UUID(row.candidate_id) for row in report.accepted if row.candidate_id}
    found = queries.candidates_by_id(session, campaign_id, ids) if ids else {}
    given_up = {str(key): item for key, item in found.items() if item.status in GIVEN_UP}
    if not given_up:
        return report
    kept = "the result counts, and the decision is kept"
    notes = {
        key: f"the candidate was {item.status} ({item.status_reason}): {kept}"
        for key, item in given_up.items()
    }
    rows = tuple(
        replace(row, warnings=(*row.warnings, notes[row.candidate_id]))
        if row.status == "accepted" and row.candidate_id in notes
        else row
        for row in report.rows
    )
    return replace(report, rows=rows)


def _with_candidate(row: ParsedRow, ids: Mapping[str, str]) -> ParsedRow:
    if row.candidate_id is not None or row.corrects or row.object is None or row.object not in ids:
        return row
    return replace(row, candidate_id=ids[row.object])


def rejected_upload(report: Report, done: str) -> UnprocessableError:
    """Return the problem of a table with bad rows, of which nothing is `done`; it carries the report.

    It names the first thousand places; the report has all.
    """
    bad = [row for row in report.rows if row.status == "rejected"]
    places = [
        {"row": row.row, "column": row.column, "detail": row.reason} for row in bad[:MAX_REPORTED_ERRORS]
    ]
    return UnprocessableError(
        f"{len(bad)} of {len(report.rows)} rows are rejected and nothing was {done}; "
        "correct them or send the table with mode=partial",
        errors=places,
        extensions=report.as_json(),
    )


def _store(session: Session, owner: Owner, campaign_id: UUID, file: ResultsFile, report: Report) -> Report:
    """Store the accepted rows and the file.

    One whose external_id arrived in the meantime has become a duplicate.
    """
    locked_campaign(session, owner.workspace_id, campaign_id)
    check_bytes(session, campaign_id, file)
    content, media_type = file.original or (file.content, file.media_type)
    upload = NewUpload(
        id=file.job_id or uuid4(),
        media_type=media_type,
        sha256=file.digest,
        filename=file.filename,
        sheet=file.reading.sheet,
        blob=blobs.keep(session, content),
        api_key_id=owner.key_id,
        n_rejected=report.count("rejected"),
    )
    rows = [_new_result(row) for row in report.accepted]
    stored = commands.store_results(session, owner.workspace_id, campaign_id, upload, rows, file.reason)
    report = replace(report, upload_id=str(stored.id))
    late = {
        id(row)
        for row, stored_row in zip(report.accepted, stored.rows, strict=True)
        if stored_row.status == "duplicate"
    }
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
    return NewResult(
        row=row.row,
        verbatim=row.verbatim,
        result=row.result,
        candidate_id=candidate_id,
        other_columns=row.other_columns,
        corrects=UUID(row.corrects) if row.corrects else None,
    )
