"""SQL of workspaces and campaigns."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import Campaign, Workspace

DEFAULT_WORKSPACE = "default"


def ensure_workspace(session: Session, name: str = DEFAULT_WORKSPACE) -> Workspace:
    """Return the workspace of this name, made if it is not there."""
    session.execute(insert(Workspace).values(name=name).on_conflict_do_nothing())
    return session.scalars(select(Workspace).where(Workspace.name == name)).one()


def find(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign | None:
    """Return a campaign of this workspace."""
    return session.scalars(_of(workspace_id, campaign_id)).one_or_none()


def lock(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign | None:
    """Return a campaign, fresh, and make every other writer of it wait until this transaction ends."""
    query = _of(workspace_id, campaign_id).with_for_update(key_share=True, of=Campaign)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def lock_by_id(session: Session, campaign_id: UUID) -> Campaign:
    """Do the same as `lock` for a worker, which knows no workspace."""
    query = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True, of=Campaign)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def get(session: Session, campaign_id: UUID) -> Campaign:
    """Return a campaign that there is, for a worker, which knows no workspace."""
    return session.get_one(Campaign, campaign_id)


def page(session: Session, workspace_id: UUID, limit: int, cursor: str | None) -> Page[Campaign]:
    """Return campaigns, newest first."""
    query = select(Campaign).where(Campaign.workspace_id == workspace_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(Campaign.created_at, Campaign.id) < tuple_(*after))
    rows = session.scalars(query.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def _of(workspace_id: UUID, campaign_id: UUID) -> Select[Campaign]:
    return select(Campaign).where(Campaign.id == campaign_id, Campaign.workspace_id == workspace_id)
