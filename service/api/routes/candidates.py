"""Routes of single candidates, and how a stored candidate is told."""

from fastapi import APIRouter, Response

from models.records import ProposedCandidate
from service.api.body import StrictRoute
from service.api.conventions import IfMatch, answer, etag, require_match
from service.api.dependencies import CandidateId, Reader, Transaction, Writer
from service.api.documentation import ETAG, guarded
from service.campaigns import commands, payloads, queries
from service.schemas.candidates import Candidate, Decision
from service.store import tables

router = APIRouter(prefix="/v1/candidates", tags=["candidates"], route_class=StrictRoute)


@router.get("/{candidate_id}", response_model=Candidate, responses={200: ETAG, **guarded(404)})
def get_candidate(candidate_id: CandidateId, caller: Reader, session: Transaction) -> Response:
    """Return one candidate with everything that explains the choice."""
    return _answer(queries.get_candidate(session, caller.workspace_id, candidate_id))


@router.patch("/{candidate_id}", response_model=Candidate, responses={200: ETAG, **guarded(404, 409, 412, 415, 428)})
def decide(
    candidate_id: CandidateId, decision: Decision, caller: Writer, session: Transaction, if_match: IfMatch = None
) -> Response:
    """Approve, reject with a reason, withdraw with a reason, or take an approval or rejection back."""
    current = queries.get_candidate(session, caller.workspace_id, candidate_id)
    require_match(if_match, etag(current.version))
    requested = (decision.status, decision.reason)
    return _answer(
        commands.set_candidate_status(session, caller.workspace_id, candidate_id, current.version, requested)
    )


def candidate_view(row: tables.Candidate) -> Candidate:
    """Return a stored candidate as the API tells it."""
    columns = {name: getattr(row, name) for name in Candidate.model_fields if name in tables.Candidate.__table__.c}
    return Candidate.model_validate(row.payload | columns)


def proposed(row: tables.Candidate) -> ProposedCandidate:
    """Return a stored candidate as the round proposed it."""
    return payloads.proposed(row.rank, row.object, row.purpose, row.payload)


def _answer(row: tables.Candidate) -> Response:
    return answer(candidate_view(row), headers={"ETag": etag(row.version)})
