"""SQL of uploads: what was sent, and what of it still counts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import Amendment, Blob, Result, Upload


def find(session: Session, campaign_id: UUID, upload_id: UUID) -> Upload | None:
    """Return an upload of this campaign."""
    query = select(Upload).where(Upload.id == upload_id, Upload.campaign_id == campaign_id)
    return session.scalars(query).one_or_none()


def described(session: Session, campaign_id: UUID, upload_id: UUID) -> RowMapping | None:
    """Return what is told of an upload of this campaign."""
    return session.execute(_described(campaign_id).where(Upload.id == upload_id)).mappings().one_or_none()


def page(session: Session, campaign_id: UUID, limit: int, cursor: str | None) -> Page[RowMapping]:
    """Return what is told of uploads, newest first."""
    query = _described(campaign_id)
    if cursor is not None:
        query = query.where(tuple_(Upload.created_at, Upload.id) < tuple_(*read_cursor(cursor, _moment, UUID)))
    query = query.order_by(Upload.created_at.desc(), Upload.id.desc()).limit(limit + 1)
    return cut(session.execute(query).mappings().all(), limit, lambda row: [row["created_at"].isoformat(), row["id"]])


def with_same_bytes(session: Session, campaign_id: UUID, digest: str, sheet: str | None) -> Upload | None:
    """Return the last upload of these bytes, read from the same sheet, of which something was not withdrawn."""
    withdrawn = exists().where(Amendment.result_id == Result.id, Amendment.kind == "withdrawal")
    query = select(Upload).where(
        Upload.campaign_id == campaign_id,
        Upload.sha256 == digest,
        Upload.sheet.is_not_distinct_from(sheet),
        or_(Upload.n_accepted == 0, exists().where(Result.upload_id == Upload.id, ~withdrawn)),
    )
    return session.scalars(query.order_by(Upload.created_at.desc()).limit(1)).first()


_moment = datetime.fromisoformat


def _described(campaign_id: UUID) -> Select[Any]:
    columns: list[Any] = [
        *(Upload.id, Upload.campaign_id, Upload.filename, Upload.media_type, Upload.sheet),
        func.coalesce(Upload.blob, Upload.sha256).label("sha256"),
        *(Upload.api_key_id, Upload.n_accepted, Upload.n_rejected, Upload.created_at, Blob.size.label("bytes")),
        *(_amended("withdrawal").label("n_withdrawn"), _amended("correction").label("n_corrected")),
    ]
    return select(*columns).outerjoin(Blob, Blob.sha256 == Upload.blob).where(Upload.campaign_id == campaign_id)


def _amended(kind: str) -> ColumnElement[int]:
    query = select(func.count()).select_from(Amendment).join(Result, Result.id == Amendment.result_id)
    return query.where(Result.upload_id == Upload.id, Amendment.kind == kind).correlate(Upload).scalar_subquery()
