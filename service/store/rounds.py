"""SQL of rounds and their events.

Every change of a round's state is one conditional UPDATE, so that races have one winner. Leases are measured by the
database's clock alone.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.states import COMPUTING, RUNNING, RoundState
from service.store.tables import Round, RoundEvent


def find(session: Session, campaign_id: UUID, number: int) -> Round | None:
    """Return a round by its number."""
    return session.scalars(select(Round).where(Round.campaign_id == campaign_id, Round.number == number)).one_or_none()


def get(session: Session, round_id: UUID) -> Round:
    """Return a round as the database has it now."""
    return session.scalars(select(Round).where(Round.id == round_id).execution_options(populate_existing=True)).one()


def newest(session: Session, campaign_id: UUID) -> Round | None:
    """Return the campaign's last round."""
    query = select(Round).where(Round.campaign_id == campaign_id).order_by(Round.number.desc()).limit(1)
    return session.scalars(query).one_or_none()


def computing(session: Session, campaign_id: UUID) -> Round | None:
    """Return the round that is being computed, of which there is one at most."""
    query = select(Round).where(Round.campaign_id == campaign_id, Round.state.in_(COMPUTING))
    return session.scalars(query).one_or_none()


def page(session: Session, campaign_id: UUID, limit: int, cursor: str | None) -> Page[Round]:
    """Return rounds, newest first."""
    query = select(Round).where(Round.campaign_id == campaign_id)
    if cursor is not None:
        query = query.where(Round.number < read_cursor(cursor, int)[0])
    return cut(session.scalars(query.order_by(Round.number.desc()).limit(limit + 1)).all(), limit, lambda r: [r.number])


def move(session: Session, round_id: UUID, states: tuple[RoundState, ...], **values: Any) -> Round | None:
    """Change a round if it is in one of `states`, and return it; None if it is not (any more)."""
    return _change(session, Round.id == round_id, Round.state.in_(states), values=values)


def move_leased(session: Session, round_id: UUID, owner: str, **values: Any) -> Round | None:
    """Change a running round if `owner` still holds its lease, and return it; None if the lease is lost."""
    return _change(session, *_held(round_id, owner), values=values)


def extend_lease(session: Session, round_id: UUID, owner: str, seconds: float) -> bool | None:
    """Renew a lease and return whether somebody asked to cancel; None if the lease is lost."""
    query = update(Round).where(*_held(round_id, owner)).values(**lease(seconds)).returning(Round.cancel_requested)
    return session.scalars(query, execution_options={"synchronize_session": False}).one_or_none()


def lease(seconds: float) -> dict[str, Any]:
    """Return the values that renew a lease."""
    return {"lease_until": func.clock_timestamp() + timedelta(seconds=seconds), "heartbeat_at": func.clock_timestamp()}


def expired(session: Session) -> Sequence[Round]:
    """Return and lock the running rounds whose worker fell silent; rounds that others look at are left out."""
    query = select(Round).where(Round.state.in_(RUNNING), Round.lease_until < func.clock_timestamp())
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def waiting(session: Session, seconds: float) -> Sequence[Round]:
    """Return and lock the rounds queued longer ago than this."""
    limit = func.clock_timestamp() - timedelta(seconds=seconds)
    query = select(Round).where(Round.state == "queued", Round.queued_at < limit)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def computing_ids(session: Session) -> set[UUID]:
    """Return the rounds that may still need their checkpoint."""
    return set(session.scalars(select(Round.id).where(Round.state.in_(COMPUTING))))


def append_event(session: Session, row: Round) -> None:
    """Record the round's present state, progress and message as an event."""
    session.add(RoundEvent(round_id=row.id, state=row.state, progress=row.progress, message=row.message))


def events_after(session: Session, round_id: UUID, last_id: int, limit: int) -> Sequence[RoundEvent]:
    """Return events after `last_id`, oldest first."""
    query = select(RoundEvent).where(RoundEvent.round_id == round_id, RoundEvent.id > last_id)
    return session.scalars(query.order_by(RoundEvent.id).limit(limit)).all()


def _held(round_id: UUID, owner: str) -> tuple[Any, ...]:
    return Round.id == round_id, Round.lease_owner == owner, Round.state.in_(RUNNING)


def _change(session: Session, *conditions: Any, values: dict[str, Any]) -> Round | None:
    query = update(Round).where(*conditions).values(**values).returning(Round)
    options = {"synchronize_session": False, "populate_existing": True}
    return session.scalars(query, execution_options=options).one_or_none()
