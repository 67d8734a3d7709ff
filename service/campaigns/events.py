"""State changes that both users and workers cause: moving a round, settling it when nothing is left to wait for."""

from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.store import candidates, rounds
from service.store.states import RoundState
from service.store.tables import Round


def move(session: Session, round_id: UUID, states: tuple[RoundState, ...], **values: Any) -> Round | None:
    """Change a round that is in one of `states` and record the event; None if it is in another."""
    row = rounds.move(session, round_id, states, **values)
    if row is not None:
        rounds.append_event(session, row)
    return row


def complete_if_settled(session: Session, round_id: UUID) -> None:
    """Complete a round that awaits results once none of its candidates does."""
    session.flush()
    if not candidates.has_live(session, round_id):
        move(session, round_id, ("awaiting_results",), state="completed", message="every candidate has an outcome")


def requeue(
    session: Session, round_id: UUID, states: tuple[RoundState, ...], message: str, **values: Any
) -> Round | None:
    """Put a round back into the queue; the caller sends its task."""
    return move(
        session,
        round_id,
        states,
        state="queued",
        message=message,
        queued_at=func.clock_timestamp(),
        lease_owner=None,
        lease_until=None,
        **values,
    )
