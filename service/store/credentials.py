"""SQL of sealed secrets."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from service.store.tables import Secret


def find(session: Session, workspace_id: UUID, secret_id: UUID) -> Secret | None:
    """Return a secret of this workspace, replaced or not."""
    query = select(Secret).where(Secret.id == secret_id, Secret.workspace_id == workspace_id)
    return session.scalars(query).one_or_none()


def mark_replaced(session: Session, row: Secret) -> None:
    """Note that another secret is used from now on; the first time counts."""
    if row.replaced_at is None:
        row.replaced_at = func.now()
        session.flush()


def are_any(session: Session) -> bool:
    """Return whether any workspace has a secret."""
    return bool(session.scalar(select(exists().select_from(Secret))))


def lock_after(session: Session, last: UUID | None, limit: int) -> Sequence[Secret]:
    """Return the next secrets of all workspaces by id, locked against other writers."""
    query = select(Secret).order_by(Secret.id).limit(limit).with_for_update()
    return session.scalars(query if last is None else query.where(Secret.id > last)).all()
