"""SQL of API keys."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, func, literal, or_, select, update
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import ApiKey

_SEEN_EVERY = timedelta(minutes=1)


def find_valid(session: Session, key_id: str) -> tuple[ApiKey, bool] | None:
    """Return a valid key, and whether its use was recorded in the last minute; None if revoked or expired."""
    unexpired = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now())
    query = select(ApiKey, ~_is_stale()).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None), unexpired)
    row = session.execute(query).one_or_none()
    return (row[0], row[1]) if row else None


def find(session: Session, workspace_id: UUID, key_id: str) -> ApiKey | None:
    """Return a key of this workspace, valid or not."""
    return session.scalars(
        select(ApiKey).where(ApiKey.id == key_id, ApiKey.workspace_id == workspace_id)
    ).one_or_none()


def page(
    session: Session, workspace_id: UUID, limit: int, cursor: str | None, campaign_id: UUID | None = None
) -> Page[ApiKey]:
    """Return keys of a workspace, or of one campaign of it, sorted by id."""
    query = select(ApiKey).where(ApiKey.workspace_id == workspace_id)
    if campaign_id is not None:
        query = query.where(ApiKey.campaign_id == campaign_id)
    if cursor is not None:
        query = query.where(ApiKey.id > read_cursor(cursor, str)[0])
    return cut(session.scalars(query.order_by(ApiKey.id).limit(limit + 1)).all(), limit, lambda row: [row.id])


def touch(session: Session, key_id: str) -> None:
    """Record the use of a key at most once a minute, so that reads rarely write."""
    query = update(ApiKey).where(ApiKey.id == key_id, _is_stale()).values(last_used_at=func.now())
    session.execute(query, execution_options={"synchronize_session": False})


def _is_stale() -> ColumnElement[bool]:
    last = func.coalesce(ApiKey.last_used_at, literal("-infinity").cast(DateTime(timezone=True)))
    return last < func.now() - _SEEN_EVERY
