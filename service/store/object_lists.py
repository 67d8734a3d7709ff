"""SQL of collections: uploaded lists, whose contents are blobs that are stored once."""

from collections.abc import Collection as Several
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, delete, or_, select, tuple_
from sqlalchemy.orm import Session, undefer

from service.store import blobs
from service.store.paging import Page, cut, read_cursor
from service.store.states import UNFINISHED_JOB_STATES
from service.store.tables import Blob, Campaign, Collection, Job, Receipt, Round, Upload


def add(session: Session, row: Collection, content: bytes) -> Collection:
    """Store a collection and, unless it is there, its content."""
    row.sha256 = blobs.keep(session, content)
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def find(session: Session, workspace_id: UUID, collection_id: UUID) -> Collection | None:
    """Return a collection of a workspace, with its report."""
    query = select(Collection).where(Collection.id == collection_id, Collection.workspace_id == workspace_id)
    return session.scalars(query.options(undefer(Collection.report))).one_or_none()


def lock(session: Session, row: Collection) -> None:
    """Let no campaign take up the content of a collection until the transaction ends."""
    session.execute(select(Collection.id).where(Collection.sha256 == row.sha256).with_for_update())


def page(session: Session, workspace_id: UUID, limit: int, cursor: str | None) -> Page[Collection]:
    """Return one page of a workspace's collections, newest first."""
    query = select(Collection).where(Collection.workspace_id == workspace_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(Collection.created_at, Collection.id) < tuple_(*after))
    order = (Collection.created_at.desc(), Collection.id.desc())
    rows = session.scalars(query.order_by(*order).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def owned(session: Session, workspace_id: UUID, digests: Several[str]) -> set[str]:
    """Return those of the digests that a collection of the workspace has, which then stays for now."""
    query = select(Collection.sha256).where(
        Collection.workspace_id == workspace_id, Collection.sha256.in_(digests)
    )
    return set(session.scalars(query.with_for_update(read=True)))


def campaigns_with(session: Session, row: Collection) -> Sequence[Campaign]:
    """Return the workspace's campaigns that name the content, in their specification or that of a round."""
    named = select(Round.campaign_id).where(cast(Round.spec, Text).contains(row.sha256))
    query = select(Campaign).where(
        Campaign.workspace_id == row.workspace_id,
        or_(cast(Campaign.spec, Text).contains(row.sha256), Campaign.id.in_(named)),
    )
    return session.scalars(query.order_by(Campaign.created_at, Campaign.id)).all()


def unfinished_jobs_with(session: Session, row: Collection) -> Sequence[UUID]:
    """Return the workspace's jobs that are still to read the content."""
    query = select(Job.id).where(
        Job.workspace_id == row.workspace_id,
        Job.state.in_(UNFINISHED_JOB_STATES),
        cast(Job.request, Text).contains(row.sha256),
    )
    return session.scalars(query).all()


def has_twin(session: Session, row: Collection) -> bool:
    """Tell whether the workspace has the same content in another collection."""
    query = select(Collection.id).where(
        Collection.workspace_id == row.workspace_id,
        Collection.sha256 == row.sha256,
        Collection.id != row.id,
    )
    return session.scalars(query.limit(1)).first() is not None


def remove(session: Session, row: Collection) -> None:
    """Delete a collection and, unless something else names it, its content."""
    digest = row.sha256
    session.execute(delete(Job).where(Job.id == row.id))  # the file that a job read goes as well
    session.delete(row)
    session.flush()
    others: tuple[Any, ...] = (
        select(Collection.id).where(Collection.sha256 == digest),
        select(Upload.id).where(Upload.blob == digest),
        select(Receipt.id).where(Receipt.blob == digest),
    )
    if not any(session.execute(query.limit(1)).first() for query in others):
        session.execute(delete(Blob).where(Blob.sha256 == digest))


def load(session: Session, digest: str) -> bytes | None:
    """Return the content with this digest; None unless a collection has it.

    Raises:
        DamagedError: if the stored bytes do not fit the digest.
    """
    query = select(Collection.id).where(Collection.sha256 == digest).limit(1)
    return blobs.load(session, digest) if session.scalars(query).first() else None
