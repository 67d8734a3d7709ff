"""SQL of rounds and their events; `leases` has the changes of their states."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, defer

from service.store import campaigns
from service.store.paging import Page, cut, read_cursor
from service.store.states import COMPUTING, RoundState
from service.store.tables import Campaign, Round, RoundEvent

_AS_SHOWN = (defer(Round.spec), defer(Round.snapshot))
"""The inputs of a round can be megabytes and are never part of its view."""


def find(session: Session, campaign_id: UUID, number: int) -> Round | None:
    """Return a round by its number."""
    return session.scalars(select(Round).where(Round.campaign_id == campaign_id, Round.number == number)).one_or_none()


def add(session: Session, row: Round) -> None:
    """Add a round and update the campaign's count."""
    session.add(row)
    session.flush()
    campaigns.count(session, row.campaign_id, rounds=1)


def shown(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round | None:
    """Return a round of this workspace by its number; specification and snapshot are loaded on access."""
    query = select(Round).options(*_AS_SHOWN).join(Campaign, Campaign.id == Round.campaign_id)
    return session.scalars(query.where(*_at(workspace_id, campaign_id, number))).one_or_none()


def id_and_state(
    session: Session, workspace_id: UUID, campaign_id: UUID, number: int
) -> tuple[UUID, RoundState] | None:
    """Return only the id and state of a round of this workspace."""
    query = select(Round.id, Round.state).join(Campaign, Campaign.id == Round.campaign_id)
    row = session.execute(query.where(*_at(workspace_id, campaign_id, number))).one_or_none()
    return (row[0], row[1]) if row else None


def was_released(session: Session, round_id: UUID) -> bool:
    """Tell whether a round's batch went to the lab."""
    return session.scalars(select(Round.released_at.is_not(None)).where(Round.id == round_id)).one()


def newest(session: Session, campaign_id: UUID) -> Round | None:
    """Return the campaign's latest round."""
    query = select(Round).where(Round.campaign_id == campaign_id).order_by(Round.number.desc()).limit(1)
    return session.scalars(query).one_or_none()


def newest_in(session: Session, campaign_id: UUID, states: tuple[RoundState, ...]) -> Round | None:
    """Return the campaign's latest round in one of these states."""
    query = select(Round).where(Round.campaign_id == campaign_id, Round.state.in_(states))
    return session.scalars(query.order_by(Round.number.desc()).limit(1)).first()


def computing(session: Session, campaign_id: UUID) -> Round | None:
    """Return the round that is being computed; there is at most one."""
    query = select(Round).where(Round.campaign_id == campaign_id, Round.state.in_(COMPUTING))
    return session.scalars(query).one_or_none()


def page(session: Session, campaign_id: UUID, limit: int, cursor: str | None) -> Page[Round]:
    """Return rounds, newest first."""
    query = select(Round).options(*_AS_SHOWN).where(Round.campaign_id == campaign_id)
    if cursor is not None:
        query = query.where(Round.number < read_cursor(cursor, int)[0])
    return cut(session.scalars(query.order_by(Round.number.desc()).limit(limit + 1)).all(), limit, lambda r: [r.number])


def append_event(session: Session, row: Round) -> None:
    """Record the round's current state, progress and message as an event."""
    session.add(RoundEvent(round_id=row.id, state=row.state, progress=row.progress, message=row.message))


def events_after(session: Session, round_id: UUID, last_id: int, limit: int) -> Sequence[RoundEvent]:
    """Return events after `last_id`, oldest first."""
    query = select(RoundEvent).where(RoundEvent.round_id == round_id, RoundEvent.id > last_id)
    return session.scalars(query.order_by(RoundEvent.id).limit(limit)).all()


def _at(workspace_id: UUID, campaign_id: UUID, number: int) -> tuple[ColumnElement[bool], ...]:
    return Campaign.workspace_id == workspace_id, Round.campaign_id == campaign_id, Round.number == number
