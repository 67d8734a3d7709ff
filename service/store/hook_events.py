"""SQL of events that hooks told of."""

import hashlib
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.tables import Connector, HookEvent

KEPT = timedelta(days=7)
"""Longer than any system repeats a hook."""


def find_connector(session: Session, connector_id: UUID) -> Connector | None:
    """Return a connector for a caller who belongs to no workspace."""
    return session.scalars(select(Connector).where(Connector.id == connector_id)).one_or_none()


def is_new(session: Session, connector_id: UUID, event_id: str) -> bool:
    """Note an event and return whether it was not noted before; old ones are forgotten."""
    digest = hashlib.sha256(event_id.encode()).digest()
    old = (HookEvent.connector_id == connector_id, HookEvent.received_at < func.now() - KEPT)
    session.execute(delete(HookEvent).where(*old), execution_options={"synchronize_session": False})
    query = insert(HookEvent).values(connector_id=connector_id, digest=digest).on_conflict_do_nothing()
    return session.scalars(query.returning(HookEvent.digest)).one_or_none() is not None
