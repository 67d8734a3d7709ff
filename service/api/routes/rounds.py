"""Routes of rounds: start, follow, stop, run again, release."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from service.api.body import StrictRoute
from service.api.conventions import PageQuery, answer, content_tag, etag
from service.api.dependencies import CampaignId, Reader, RoundNumber, Transaction, Writer, poller_of, sessions_of
from service.api.documentation import ETAG, LINK, Responses, guarded, header
from service.api.events import followed, round_events, streamed
from service.api.idempotency import Once
from service.campaigns import commands, queries, review
from service.schemas.base import Page
from service.schemas.candidates import ReleasedBatch
from service.schemas.rounds import ResultsChanged, Round, RoundEvent, RoundRequest
from service.store import paging, tables

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/rounds", tags=["rounds"], route_class=StrictRoute)

ACCEPTED: Responses = {
    202: {"description": "The round, to be followed at `Location`", **header("Location", "its address")}
}
FROZEN: Responses = {
    200: {"description": "The released candidates as canonical JSON", **header("ETag", "the SHA-256 of the bytes")}
}
LastEventId = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="the `id` of the last event that was seen")
]


@router.post("", status_code=202, response_model=Round, responses={**ACCEPTED, **guarded(404, 409, 415)})
def start_round(
    campaign_id: CampaignId, caller: Writer, session: Transaction, once: Once, _request: RoundRequest | None = None
) -> Response:
    """Start the next round from everything that is known now."""
    return once(lambda: _accepted(session, commands.start_round(session, caller.workspace_id, campaign_id)))


@router.get("", responses={200: LINK, **guarded(404)})
def list_rounds(campaign_id: CampaignId, caller: Reader, session: Transaction, query: PageQuery) -> Page[Round]:
    """List the campaign's rounds, newest first."""
    page = queries.list_rounds(session, caller.workspace_id, campaign_id, query.limit, query.cursor)
    return query.answer(paging.Page(_views(session, page.items), page.next_cursor), Round)


@router.get("/{number}", response_model=Round, responses={200: ETAG, **guarded(404)})
def get_round(campaign_id: CampaignId, number: RoundNumber, caller: Reader, session: Transaction) -> Response:
    """Return a round with its progress."""
    view = _view(session, queries.get_round(session, caller.workspace_id, campaign_id, number))
    return answer(view, headers={"ETag": content_tag(view)})


@router.get(
    "/{number}/events", response_class=EventSourceResponse, responses={**streamed("round", RoundEvent), **guarded(404)}
)
def follow_round(
    request: Request, campaign_id: CampaignId, number: RoundNumber, caller: Reader, last_event_id: LastEventId = 0
) -> Response:
    """Follow a round as server-sent events; resume after a break with `Last-Event-ID`."""
    look = round_events(sessions_of(request), caller.workspace_id, campaign_id, number)
    return followed(poller_of(request), look, str(last_event_id))


@router.post("/{number}/cancel", status_code=202, response_model=Round, responses={**ACCEPTED, **guarded(404, 409)})
def cancel_round(
    campaign_id: CampaignId, number: RoundNumber, caller: Writer, session: Transaction, once: Once
) -> Response:
    """Stop a round: at once while it is queued, within seconds while it is being computed."""
    return once(lambda: _accepted(session, commands.cancel_round(session, caller.workspace_id, campaign_id, number)))


@router.post("/{number}/retry", status_code=202, response_model=Round, responses={**ACCEPTED, **guarded(404, 409)})
def retry_round(
    campaign_id: CampaignId, number: RoundNumber, caller: Writer, session: Transaction, once: Once
) -> Response:
    """Run a failed or cancelled round again, with the same data and seed."""
    return once(lambda: _accepted(session, commands.retry_round(session, caller.workspace_id, campaign_id, number)))


@router.post("/{number}/release", response_model=Round, responses=guarded(404, 409))
def release_round(
    campaign_id: CampaignId, number: RoundNumber, caller: Writer, session: Transaction, once: Once
) -> Response:
    """Release the batch to the lab and freeze it; rejected candidates stay behind."""

    def released() -> Response:
        row = review.release_round(session, caller.workspace_id, campaign_id, number, caller.key_id)
        return answer(_view(session, row))

    return once(released)


@router.get("/{number}/release", response_model=ReleasedBatch, responses={**FROZEN, **guarded(404)})
def get_release(campaign_id: CampaignId, number: RoundNumber, caller: Reader, session: Transaction) -> Response:
    """Return the released batch byte for byte as it was frozen: its SHA-256 is the round's `batch_sha256`."""
    content, digest = queries.released_batch(session, caller.workspace_id, campaign_id, number)
    return Response(content, headers={"ETag": etag(digest)}, media_type="application/json")


def _accepted(session: Session, row: tables.Round) -> Response:
    location = f"/v1/campaigns/{row.campaign_id}/rounds/{row.number}"
    return answer(_view(session, row), 202, {"Location": location})


def _view(session: Session, row: tables.Round) -> Round:
    return _views(session, [row])[0]


def _views(session: Session, rows: Sequence[tables.Round]) -> list[Round]:
    """Return rounds as the API tells them, with what was amended of their results since."""
    changed = queries.results_changed_since(session, rows)
    views = [Round.model_validate(row) for row in rows]
    return [
        view.model_copy(update={"results_changed_since": ResultsChanged(withdrawn=withdrawn, corrected=corrected)})
        for view in views
        for withdrawn, corrected in (changed.get(view.id, (0, 0)),)
    ]
