"""SQL of leased work, for rounds and jobs.

Every change of a state is one conditional UPDATE, so that races have one winner. Leases are measured by the
clock of the database only. The caller defines `running`: the states in which a worker holds a row.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.store.tables import Leased

Item = TypeVar("Item", bound=Leased)
States = tuple[str, ...]


def get(session: Session, table: type[Item], item_id: UUID) -> Item:
    """Return the current row."""
    query = select(table).where(table.id == item_id).execution_options(populate_existing=True)
    return session.scalars(query).one()


def move(session: Session, table: type[Item], item_id: UUID, states: States, **values: Any) -> Item | None:
    """Update a row if it is in one of `states`, and return it; otherwise return None."""
    return _change(session, table, table.id == item_id, _state(table).in_(states), values=values)


def move_leased(
    session: Session, table: type[Item], held: tuple[UUID, str], running: States, **values: Any
) -> Item | None:
    """Update a running row (id, owner) if its owner still holds the lease, and return it; otherwise None."""
    return _change(session, table, *_held(table, held, running), values=values)


def extend(
    session: Session, table: type[Leased], held: tuple[UUID, str], running: States, seconds: float
) -> bool | None:
    """Renew the lease of a row (id, owner); return whether to cancel the work, or None if it is lost."""
    query = update(table).where(*_held(table, held, running)).values(**lease(seconds)).returning(table.cancel_requested)
    return session.scalars(query, execution_options={"synchronize_session": False}).one_or_none()


def lease(seconds: float) -> dict[str, Any]:
    """Return the column values that renew a lease."""
    return {"lease_until": func.clock_timestamp() + timedelta(seconds=seconds), "heartbeat_at": func.clock_timestamp()}


def unfinished(session: Session, table: type[Leased], running: States) -> set[UUID]:
    """Return the ids of all rows that are queued or running."""
    return set(session.scalars(select(table.id).where(_state(table).in_(("queued", *running)))))


def expired(session: Session, table: type[Item], running: States) -> Sequence[Item]:
    """Return and lock running rows with an expired lease, skipping rows that are locked by others."""
    query = select(table).where(_state(table).in_(running), table.lease_until < func.clock_timestamp())
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def waiting(session: Session, table: type[Item], seconds: float) -> Sequence[Item]:
    """Return and lock the rows that have been queued for longer than this."""
    limit = func.clock_timestamp() - timedelta(seconds=seconds)
    query = select(table).where(_state(table) == "queued", table.queued_at < limit)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def _held(table: type[Leased], held: tuple[UUID, str], running: States) -> tuple[Any, ...]:
    item_id, owner = held
    return table.id == item_id, table.lease_owner == owner, _state(table).in_(running)


def _state(table: type[Leased]) -> Any:
    return table.state  # type: ignore[attr-defined] # each table has its own states


def _change(session: Session, table: type[Item], *conditions: Any, values: dict[str, Any]) -> Item | None:
    query = update(table).where(*conditions).values(**values).returning(table)
    options = {"synchronize_session": False, "populate_existing": True}
    return session.scalars(query, execution_options=options).one_or_none()
