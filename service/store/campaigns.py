"""SQL of workspaces and campaigns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import Campaign, Workspace

DEFAULT_WORKSPACE = "default"
_SUMMARY = (
    Campaign.id,
    Campaign.name,
    Campaign.state,
    Campaign.domain_kind,
    Campaign.created_at,
    Campaign.updated_at,
    Campaign.n_rounds,
    Campaign.n_results,
)


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


def is_there(session: Session, workspace_id: UUID, campaign_id: UUID) -> bool:
    """Tell whether the workspace has this campaign, without reading its specification."""
    condition = exists().where(Campaign.id == campaign_id, Campaign.workspace_id == workspace_id)
    return session.scalars(select(condition)).one()


def count(session: Session, campaign_id: UUID, *, rounds: int = 0, results: int = 0) -> None:
    """Count rounds and results that this transaction adds.

    The sum is the database's, so that none is lost.
    """
    counted = {"n_rounds": Campaign.n_rounds + rounds, "n_results": Campaign.n_results + results}
    session.execute(update(Campaign).where(Campaign.id == campaign_id).values(**counted))


def get(session: Session, campaign_id: UUID) -> Campaign:
    """Return a campaign that there is, for a worker, which knows no workspace."""
    return session.get_one(Campaign, campaign_id)


def page(
    session: Session, workspace_id: UUID, limit: int, cursor: str | None, only: UUID | None = None
) -> Page[Any]:
    """Return campaigns, newest first, as rows of what a list tells of them: a specification can be large.

    `only` leaves out all campaigns but this one.
    """
    query = select(*_SUMMARY).where(Campaign.workspace_id == workspace_id)
    if only is not None:
        query = query.where(Campaign.id == only)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(Campaign.created_at, Campaign.id) < tuple_(*after))
    rows = session.execute(
        query.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(limit + 1)
    ).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def _of(workspace_id: UUID, campaign_id: UUID) -> Select[Campaign]:
    return select(Campaign).where(Campaign.id == campaign_id, Campaign.workspace_id == workspace_id)
