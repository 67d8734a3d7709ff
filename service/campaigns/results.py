"""Storing results, and the outcomes that follow from them. Parsing them is `service.exchange`'s."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from operator import attrgetter
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns.current import current_outcomes
from service.campaigns.lifecycle import CANDIDATE_MOVES, SETTLED, outcome_of
from service.campaigns.round_transitions import complete_if_settled, reopen
from service.campaigns.rows import NewResult, NewUpload, StoredRow, StoredUpload
from service.errors import ConflictError, NotFoundError, UnprocessableError
from service.outbox.events import Data, emit
from service.outbox.pushes import notify_of_candidates
from service.records import StandardResult
from service.store import amendments, candidates, results, rounds
from service.store.amendments import Reason
from service.store.states import LIVE, NEW, CandidateStatus
from service.store.tables import Campaign, Candidate, Result, Upload

_OF_ROW = ("id", "campaign_id", "upload_id", "candidate_id", "row", "verbatim", "other_columns", "revision")
_STANDARD = tuple(field.name for field in fields(StandardResult))


SENT_AGAIN = "sent again with other content"
"""The reason of a correction whose sender gave none."""


def store(
    session: Session,
    campaign: Campaign,
    upload: NewUpload,
    rows: Sequence[NewResult],
    reason: str = SENT_AGAIN,
) -> StoredUpload:
    """Store rows and settle the candidates that they are about; the caller holds the campaign's lock.

    `reason` is that of rows that correct others.
    """
    ended = countable(session, campaign.id, {row.corrects for row in rows if row.corrects})
    candidate_by_index = _candidates_of(session, campaign.id, rows, ended)
    fresh, revisions = _without_duplicates(session, campaign.id, rows)
    record = Upload(campaign_id=campaign.id, n_accepted=len(fresh), **asdict(upload))
    session.add(record)
    session.flush()
    result_ids = {index: uuid4() for index in fresh}
    ids = {index: candidate.id for index, candidate in candidate_by_index.items()}
    values_of = attrgetter(*_STANDARD)
    values = (
        (
            *(
                result_ids[index],
                campaign.id,
                record.id,
                ids.get(index),
                row.row,
                row.verbatim,
                row.other_columns,
            ),
            *(revisions.get(index, 0), *values_of(row.result)),
        )
        for index, row in fresh.items()
    )
    results.add(session, (*_OF_ROW, *_STANDARD), values)
    replacements = [(row.corrects, result_ids[index]) for index, row in fresh.items() if row.corrects]
    if replacements:
        amendments.correct(session, campaign.id, replacements, Reason(reason, upload.api_key_id))
    touched = {ids[index] for index in fresh if index in ids}
    touched |= {row.candidate_id for row in ended.values() if row.candidate_id}
    settle(session, campaign, touched)
    if fresh:
        place: Data = {"campaign_id": campaign.id, "href": f"/v1/campaigns/{campaign.id}/results"}
        counts = {"n_stored": len(fresh), "n_corrections": len(replacements)}
        emit(session, campaign.workspace_id, "results.stored", {**place, "upload_id": record.id, **counts})
    return StoredUpload(
        record.id,
        tuple(
            StoredRow(
                row.row, "stored" if index in fresh else "duplicate", ids.get(index), result_ids.get(index)
            )
            for index, row in enumerate(rows)
        ),
    )


def countable(session: Session, campaign_id: UUID, result_ids: Collection[UUID]) -> dict[UUID, Result]:
    """Return results that can be corrected or withdrawn, by id.

    Raises:
        NotFoundError: if the campaign has no such result.
        ConflictError: if one was corrected or withdrawn before.
    """
    rows = results.by_id(session, campaign_id, result_ids) if result_ids else {}
    if missing := [result_id for result_id in result_ids if result_id not in rows]:
        raise NotFoundError(f"no result {missing[0]}")
    for end in (amendments.ends_of(session, result_ids) if result_ids else {}).values():
        if end.replacement_id is None:
            raise ConflictError(
                f"result {end.result_id} was withdrawn before: send what was measured as a new result"
            )
        raise ConflictError(
            f"result {end.result_id} was corrected before: amend result {end.replacement_id} instead"
        )
    return rows


def _candidates_of(
    session: Session, campaign_id: UUID, rows: Sequence[NewResult], ended: Mapping[UUID, Result]
) -> dict[int, Candidate]:
    """Return the candidates that rows are about, by index.

    A correction of the same object stays with its own.
    """
    given = [row.candidate_id or _kept_candidate(row, ended) for row in rows]
    named = candidates.by_id(session, campaign_id, {key for key in given if key})
    unknown = [row for row in rows if row.candidate_id and row.candidate_id not in named]
    if unknown:
        errors = [
            {"row": row.row, "column": "candidate_id", "detail": "no such candidate"} for row in unknown
        ]
        raise UnprocessableError("some rows name candidates that this campaign does not have", errors)
    free = [
        row.result.object
        for row, key in zip(rows, given, strict=True)
        if not (key or _keeps_object(row, ended))
    ]
    known = candidates.newest_by_object(session, campaign_id, set(free))
    found = (
        named.get(key) if key else None if _keeps_object(row, ended) else known.get(row.result.object)
        for row, key in zip(rows, given, strict=True)
    )
    return {index: candidate for index, candidate in enumerate(found) if candidate is not None}


def _keeps_object(row: NewResult, ended: Mapping[UUID, Result]) -> bool:
    return row.corrects is not None and ended[row.corrects].object == row.result.object


def _kept_candidate(row: NewResult, ended: Mapping[UUID, Result]) -> UUID | None:
    return (
        ended[row.corrects].candidate_id if row.corrects is not None and _keeps_object(row, ended) else None
    )


def _without_duplicates(
    session: Session, campaign_id: UUID, rows: Sequence[NewResult]
) -> tuple[dict[int, NewResult], dict[int, int]]:
    """Return rows that are not stored yet, and the revisions of those with an external id, by index."""
    names = {row.result.external_id for row in rows}
    seen, next_revision = _by_external_id(session, campaign_id, {name for name in names if name})
    fresh, revisions = {}, {}
    for index, row in enumerate(rows):  # the results of a wide row share row.row
        if row.result.external_id is None:
            fresh[index] = row
            continue
        name = (row.result.type, row.result.external_id)
        met_id, met = seen.get(name, (None, None))
        if met is not None and not (row.corrects is not None and met_id == row.corrects):
            if not met.is_same_measurement(row.result):
                raise _taken_meanwhile(row, met)
            continue
        fresh[index], seen[name] = row, (None, row.result)
        revisions[index] = next_revision.get(name, 0)
    return fresh, revisions


def _taken_meanwhile(row: NewResult, met: StandardResult) -> ConflictError:
    detail = (
        f"external_id {row.result.external_id!r} is that of {met.describe()}, which may be new: send it again"
    )
    return ConflictError(detail, [{"row": row.row, "column": "external_id", "detail": detail}])


_Named = tuple[str, str]
"""An assay type and an external id."""


def _by_external_id(
    session: Session, campaign_id: UUID, external_ids: Collection[str]
) -> tuple[dict[_Named, tuple[UUID | None, StandardResult]], dict[_Named, int]]:
    """Return the results that count under these ids, and the revision that a next one would have."""
    stored = results.by_external_id(session, campaign_id, external_ids) if external_ids else ()
    ended = amendments.ends_of(session, [row.id for row in stored]) if stored else {}
    counting: dict[_Named, tuple[UUID | None, StandardResult]] = {}
    revisions: dict[_Named, int] = {}
    for row in stored:
        assert row.external_id is not None, "they were found by it"
        name = (row.type, row.external_id)
        revisions[name] = row.revision + 1
        if row.id not in ended:
            counting[name] = (row.id, standard(row))
    return counting, revisions


def ids_and_standard(
    session: Session, campaign_id: UUID, external_ids: Collection[str]
) -> dict[tuple[str, str], tuple[UUID, StandardResult]]:
    """Return assay type and external id -> the result that counts under them, with its id."""
    counting, _ = _by_external_id(session, campaign_id, external_ids)
    return {name: (key, result) for name, (key, result) in counting.items() if key is not None}


def standard_by_external_id(
    session: Session, campaign_id: UUID, external_ids: Collection[str]
) -> dict[tuple[str, str], StandardResult]:
    """Return assay type and external id -> the result that counts under them."""
    return {
        name: result for name, (_, result) in ids_and_standard(session, campaign_id, external_ids).items()
    }


def standard(row: Result) -> StandardResult:
    """Return what a stored result says, without the row that it came in."""
    return StandardResult(**{name: getattr(row, name) for name in _STANDARD})


def settle(session: Session, campaign: Campaign, touched: Collection[UUID]) -> None:
    """Give candidates the outcome that all their results together say, or let them wait again without one."""
    needed = measured_types(campaign.spec)
    stored = current_outcomes(session, touched, campaign.spec)
    changed = candidates.by_id(session, campaign.id, touched)
    measured: dict[UUID, int] = {}
    for candidate in changed.values():
        status = outcome_of(stored.get(candidate.id, ()), needed)
        if status is None:
            _wait_again(session, candidate)
        elif status in CANDIDATE_MOVES[candidate.status]:
            _set_status(candidate, status)
            measured |= {candidate.id: candidate.version} if status == "measured" else {}
    for round_id in {candidate.round_id for candidate in changed.values()}:
        complete_if_settled(session, round_id)
    notify_of_candidates(
        session, campaign.id, measured, "measured", "every result that was asked for is there"
    )


def _wait_again(session: Session, candidate: Candidate) -> None:
    """Bring a candidate back to where it was before the results that were corrected or withdrawn since.

    One that was rejected is rejected again; one of a released batch is released. Where its object waits in
    another round already, it stays as it is: nothing new waits twice.
    """
    if candidate.status not in SETTLED:
        return
    before = candidate.status_before_results or "proposed"
    if before in LIVE:
        if candidate.purpose in NEW and candidates.is_new_object_live(
            session, candidate.campaign_id, candidate.object
        ):
            return
        before = "released" if rounds.was_released(session, candidate.round_id) else before
    _set_status(candidate, before)
    if before in LIVE:
        reopen(
            session, candidate.round_id, "a candidate waits again: its results were corrected or withdrawn"
        )


def _set_status(candidate: Candidate, status: CandidateStatus) -> None:
    """Change the status of a candidate; why it was rejected or withdrawn before stays with it."""
    if status in SETTLED and candidate.status not in SETTLED:
        candidate.status_before_results = candidate.status
    candidate.status = status
    candidate.version += 1
    candidate.updated_at = func.now()


def measured_types(spec: Mapping[str, object]) -> set[str]:
    """Return the assay types of a stored specification's objectives, parts of derived ones included."""
    read = CampaignSpec.from_stored(spec)
    return {kind for objective in read.objectives for kind in read.types_of(objective)}
