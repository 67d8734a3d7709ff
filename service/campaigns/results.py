"""Storing results, and the outcomes that follow from them. Parsing them is `service.exchange`'s."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from operator import attrgetter
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.campaigns.lifecycle import CANDIDATE_MOVES, outcome_of
from service.campaigns.round_transitions import complete_if_settled
from service.campaigns.rows import NewResult, NewUpload, StoredRow, StoredUpload
from service.errors import ConflictError, UnprocessableError
from service.records import StandardResult
from service.store import candidates, results
from service.store.tables import Campaign, Candidate, Result, Upload

_STANDARD = tuple(field.name for field in fields(StandardResult))


def store(session: Session, campaign: Campaign, upload: NewUpload, rows: Sequence[NewResult]) -> StoredUpload:
    """Store rows and settle the candidates that they are about; the caller holds the campaign's lock."""
    candidate_by_index = _candidates_of(session, campaign.id, rows)
    fresh = _without_duplicates(session, campaign.id, rows)
    record = Upload(campaign_id=campaign.id, n_accepted=len(fresh), **asdict(upload))
    session.add(record)
    session.flush()
    ids = {index: candidate.id for index, candidate in candidate_by_index.items()}
    values_of = attrgetter(*_STANDARD)
    values = (
        (campaign.id, record.id, ids.get(index), row.row, row.verbatim, *values_of(row.result))
        for index, row in fresh.items()
    )
    results.add(session, ("campaign_id", "upload_id", "candidate_id", "row", "verbatim", *_STANDARD), values)
    _settle(session, campaign, [candidate_by_index[index] for index in fresh if index in candidate_by_index])
    return StoredUpload(
        record.id, tuple(_report(index, row, fresh, candidate_by_index) for index, row in enumerate(rows))
    )


def _candidates_of(session: Session, campaign_id: UUID, rows: Sequence[NewResult]) -> dict[int, Candidate]:
    named = candidates.by_id(session, campaign_id, {row.candidate_id for row in rows if row.candidate_id})
    unknown = [row for row in rows if row.candidate_id and row.candidate_id not in named]
    if unknown:
        errors = [{"row": row.row, "column": "candidate_id", "detail": "no such candidate"} for row in unknown]
        raise UnprocessableError("some rows name candidates that this campaign does not have", errors)
    known = candidates.newest_by_object(
        session, campaign_id, {row.result.object for row in rows if not row.candidate_id}
    )
    linked = [named[row.candidate_id] if row.candidate_id else known.get(row.result.object) for row in rows]
    return {index: candidate for index, candidate in enumerate(linked) if candidate is not None}


def _without_duplicates(session: Session, campaign_id: UUID, rows: Sequence[NewResult]) -> dict[int, NewResult]:
    names = {row.result.external_id for row in rows}
    seen = standard_by_external_id(session, campaign_id, {name for name in names if name})
    fresh = {}
    for index, row in enumerate(rows):  # the results of a wide row share row.row
        if row.result.external_id is None:
            fresh[index] = row
            continue
        met = seen.setdefault((row.result.type, row.result.external_id), row.result)
        if met is row.result:
            fresh[index] = row
        elif not met.is_same_measurement(row.result):
            detail = (
                f"external_id {row.result.external_id!r} was given to {met.describe()} at this moment: send it again"
            )
            raise ConflictError(detail, [{"row": row.row, "column": "external_id", "detail": detail}])
    return fresh


def standard_by_external_id(
    session: Session, campaign_id: UUID, external_ids: Collection[str]
) -> dict[tuple[str, str], StandardResult]:
    """Return assay type and external id -> the stored result that has them."""
    stored = results.by_external_id(session, campaign_id, external_ids) if external_ids else ()
    found = map(standard, stored)
    return {(item.type, item.external_id): item for item in found if item.external_id is not None}


def standard(row: Result) -> StandardResult:
    """Return what a stored result says, without the row that it came in."""
    return StandardResult(**{name: getattr(row, name) for name in _STANDARD})


def _settle(session: Session, campaign: Campaign, touched: Sequence[Candidate]) -> None:
    """Give candidates the outcome that all their results together say, and complete their rounds."""
    needed = measured_types(campaign.spec)
    unique = {candidate.id: candidate for candidate in touched}
    stored = results.outcomes(session, unique.keys())
    for candidate in unique.values():
        status = outcome_of(stored[candidate.id], needed)
        if status is not None and status in CANDIDATE_MOVES[candidate.status]:
            candidate.status = status  # why it was rejected or withdrawn before stays with it
            candidate.version += 1
            candidate.updated_at = func.now()
    for round_id in {candidate.round_id for candidate in unique.values()}:
        complete_if_settled(session, round_id)


def measured_types(spec: Mapping[str, object]) -> set[str]:
    """Return the assay types of a stored specification's measured objectives."""
    objectives = spec["objectives"]
    assert isinstance(objectives, list)
    return {item.get("type") or item["name"] for item in objectives if not item.get("computed")}


def _report(
    index: int, row: NewResult, fresh: Mapping[int, NewResult], candidate_by_index: Mapping[int, Candidate]
) -> StoredRow:
    candidate = candidate_by_index.get(index)
    return StoredRow(row.row, "stored" if index in fresh else "duplicate", candidate.id if candidate else None)
