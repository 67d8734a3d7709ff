"""SQL of API keys."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import ApiKey

_SEEN_EVERY = timedelta(minutes=1)


def find_valid(session: Session, key_id: str) -> ApiKey | None:
    """Return a key that is neither revoked nor expired."""
    unexpired = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now())
    return session.scalars(
        select(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None), unexpired)
    ).one_or_none()


def find(session: Session, workspace_id: UUID, key_id: str) -> ApiKey | None:
    """Return a key of this workspace, valid or not."""
    return session.scalars(select(ApiKey).where(ApiKey.id == key_id, ApiKey.workspace_id == workspace_id)).one_or_none()


def page(session: Session, workspace_id: UUID, limit: int, cursor: str | None) -> Page[ApiKey]:
    """Return keys, sorted by id."""
    query = select(ApiKey).where(ApiKey.workspace_id == workspace_id)
    if cursor is not None:
        query = query.where(ApiKey.id > read_cursor(cursor, str)[0])
    return cut(session.scalars(query.order_by(ApiKey.id).limit(limit + 1)).all(), limit, lambda row: [row.id])


def touch(session: Session, key_id: str) -> None:
    """Record that a key was used, once a minute at most: a read stays nearly free of writes."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - _SEEN_EVERY)
    query = update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=func.now())
    session.execute(query, execution_options={"synchronize_session": False})
