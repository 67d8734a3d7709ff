"""State changes of rounds that both users and workers cause.

Moving one, settling it once all outcomes are there.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service.campaigns import leases
from service.campaigns.leases import WorkKind
from service.dispatch import ROUND_TASK
from service.outbox.events import Data, emit
from service.store import campaigns, candidates, rounds
from service.store import leases as lease_rows
from service.store.states import RUNNING, RoundState
from service.store.tables import Round


def lock_campaign(session: Session, round_id: UUID) -> None:
    """Lock a round's campaign before the round, as commands do, so that nothing can deadlock."""
    campaigns.lock_by_id(session, lease_rows.get(session, Round, round_id).campaign_id)


def record(session: Session, row: Round) -> None:
    """Append a change of a round to its own events, and say when it has failed."""
    rounds.append_event(session, row)
    if row.state == "failed":
        emit(session, workspace_of(session, row), "round.failed", round_data(row))


def workspace_of(session: Session, row: Round) -> UUID:
    """Return whose round it is."""
    return campaigns.get(session, row.campaign_id).workspace_id


def round_data(row: Round, part: str = "") -> Data:
    """Return what an event says of a round; the link is to a part of it, as in `/batch`."""
    href = f"/v1/campaigns/{row.campaign_id}/rounds/{row.number}{part}"
    return {"campaign_id": row.campaign_id, "round_id": row.id, "round": row.number, "href": href}


ROUNDS = WorkKind(
    noun="round",
    table=Round,
    running=RUNNING,
    task=ROUND_TASK,
    queue_of=lambda _: "celery",
    record=record,
    before_end=lock_campaign,
)


def move(session: Session, round_id: UUID, states: tuple[RoundState, ...], **values: Any) -> Round | None:
    """Change a round that is in one of `states` and record the event; None if it is in another."""
    return leases.move(session, ROUNDS, round_id, states, **values)


def complete_if_settled(session: Session, round_id: UUID) -> None:
    """Complete a round that awaits results once none of its candidates does."""
    session.flush()
    if not candidates.has_live(session, round_id):
        move(
            session,
            round_id,
            ("awaiting_results",),
            state="completed",
            message="every candidate has an outcome",
        )


def reopen(session: Session, round_id: UUID, message: str) -> None:
    """Let a completed round await results again: one of its candidates does."""
    session.flush()
    move(session, round_id, ("completed",), state="awaiting_results", message=message)
