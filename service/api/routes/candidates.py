"""Routes of single candidates, and how a stored candidate is answered."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from service.api.body import StrictRoute
from service.api.conventions import IfMatch, answer, etag, require_match
from service.api.dependencies import Caller, CandidateId, Transaction, UnboundedReader, UnboundedWriter
from service.api.documentation import ETAG, Responses, guarded, header
from service.api.idempotency import Once
from service.campaigns import queries, replacing, review
from service.campaigns.review import Verdict
from service.errors import NotFoundError
from service.schemas.base import Page
from service.schemas.candidates import Candidate, Decided, Decision, DecisionRecord, Proposed, ResultSoFar
from service.store import tables

router = APIRouter(prefix="/v1/candidates", tags=["candidates"], route_class=StrictRoute)

TAKEN: Responses = {
    201: {"description": "The candidate that took the place", **header("Location", "its address")}
}


def readable(candidate_id: CandidateId, caller: UnboundedReader, session: Transaction) -> Caller:
    """Return a caller who may read this candidate, or none that there is not."""
    return _within_reach(session, caller, candidate_id)


def writable(candidate_id: CandidateId, caller: UnboundedWriter, session: Transaction) -> Caller:
    """Return a caller who may change this candidate, or none that there is not."""
    return _within_reach(session, caller, candidate_id)


CandidateReader = Annotated[Caller, Depends(readable)]
CandidateWriter = Annotated[Caller, Depends(writable)]


@router.get("/{candidate_id}", response_model=Candidate, responses={200: ETAG, **guarded(404)})
def get_candidate(candidate_id: CandidateId, caller: CandidateReader, session: Transaction) -> Response:
    """Return one candidate with everything that explains the choice."""
    row = queries.get_candidate(session, caller.workspace_id, candidate_id)
    return answer(_with_results(session, row), headers={"ETag": etag(row.version)})


@router.patch(
    "/{candidate_id}", response_model=Decided, responses={200: ETAG, **guarded(404, 409, 412, 415, 428)}
)
def decide(
    candidate_id: CandidateId,
    decision: Decision,
    caller: CandidateWriter,
    session: Transaction,
    if_match: IfMatch = None,
) -> Response:
    """Approve, reject with a reason, withdraw with a reason, or take an approval or rejection back.

    With `analogues` a rejection is also about what is like the candidate. Once the batch is released, only a
    withdrawal is possible.
    """
    current = queries.get_candidate(session, caller.workspace_id, candidate_id)
    require_match(if_match, etag(current.version))
    verdict = Verdict(**decision.model_dump(), by=caller.key_id)
    row, analogues = review.decide(session, caller.workspace_id, candidate_id, current.version, verdict)
    view = Decided(**dict(_with_results(session, row)), analogues=[item.id for item in analogues])
    return answer(view, headers={"ETag": etag(row.version)})


@router.get("/{candidate_id}/decisions", responses=guarded(404))
def list_decisions(
    candidate_id: CandidateId, caller: CandidateReader, session: Transaction
) -> Page[DecisionRecord]:
    """List what was decided about a candidate, in order: nothing of it is ever erased."""
    rows = queries.decisions(session, caller.workspace_id, candidate_id)
    return Page(items=[DecisionRecord.model_validate(row) for row in rows], next_cursor=None)


@router.post(
    "/{candidate_id}/replace",
    status_code=201,
    response_model=Candidate,
    responses={**TAKEN, **guarded(404, 409)},
)
def replace_candidate(
    candidate_id: CandidateId, caller: CandidateWriter, session: Transaction, once: Once
) -> Response:
    """Give the place of a rejected or withdrawn candidate to the next best that the batch's limits admit."""

    def taken() -> Response:
        row = replacing.replace_candidate(session, caller.workspace_id, candidate_id, caller.key_id)
        headers = {"Location": f"/v1/candidates/{row.id}", "ETag": etag(row.version)}
        return answer(_with_results(session, row), 201, headers)

    return once(taken)


def candidate_view(
    row: tables.Candidate, results: Sequence[tables.Result] = (), own_id: str | None = None
) -> Candidate:
    """Return a stored candidate as the API tells it, with its results so far and its laboratory's own id."""
    columns = {
        name: getattr(row, name) for name in Candidate.model_fields if name in tables.Candidate.__table__.c
    }
    so_far = [ResultSoFar.model_validate(result) for result in results]
    return Candidate.model_validate({**row.payload, **columns, "results": so_far, "compound_id": own_id})


def reserve_view(row: tables.Reserve) -> Proposed:
    """Return a reserve as the API tells it."""
    columns = {
        name: getattr(row, name) for name in Proposed.model_fields if name in tables.Reserve.__table__.c
    }
    return Proposed.model_validate({**row.payload, **columns})


def _within_reach(session: Session, caller: Caller, candidate_id: UUID) -> Caller:
    if caller.campaign_id is not None:
        row = queries.get_candidate(session, caller.workspace_id, candidate_id)
        if row.campaign_id != caller.campaign_id:
            raise NotFoundError(f"no candidate {candidate_id}")
    return caller


def _with_results(session: Session, row: tables.Candidate) -> Candidate:
    own_ids = queries.own_ids(session, row.campaign_id, [row.object])
    return candidate_view(
        row, queries.results_so_far(session, [row]).get(row.id, ()), own_ids.get(row.object)
    )
