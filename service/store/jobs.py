"""SQL of jobs and their input tables; `leases` has the changes of their states."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Text, cast, delete, literal, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import Job, JobInput

_SUMMARY = (
    Job.id,
    Job.campaign_id,
    Job.state,
    Job.progress,
    Job.message,
    Job.created_at,
    Job.started_at,
    Job.finished_at,
    Job.failure,
    Job.request.op("-", return_type=JSONB())(literal("spec", Text())).label("request"),
    Job.request["spec"]["name"].astext.label("name"),
)


class DamagedInputError(RuntimeError):
    """The stored table differs from the uploaded one."""


def find(session: Session, job_id: UUID, **owner: Any) -> Job | None:
    """Return the current row of a job, if the columns named in `owner` have these values."""
    query = select(Job).where(Job.id == job_id, *_owned(owner)).execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def status_row(session: Session, job_id: UUID, **owner: Any) -> RowMapping | None:
    """Return only attempt, state, progress and message of a job with these values."""
    columns = (Job.attempt, Job.state, Job.progress, Job.message)
    query = select(*columns).where(Job.id == job_id, *_owned(owner))
    return session.execute(query).mappings().one_or_none()


def page(session: Session, limit: int, cursor: str | None, **owner: Any) -> Page[Any]:
    """Return the jobs whose columns have these values, newest first, as rows with the columns of a list.

    A specification in a request is left out except for its name, because it can be large.
    """
    query = select(*_SUMMARY).where(*_owned(owner))
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(Job.created_at, Job.id) < tuple_(*after))
    rows = session.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def newest_with(session: Session, campaign_id: UUID, kind: str, member: str) -> Job | None:
    """Return the campaign's latest job of a kind whose request has a value for this member."""
    query = select(Job).where(
        Job.campaign_id == campaign_id, Job.kind == kind, Job.request[member].astext.is_not(None)
    )
    return session.scalars(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(1)).first()


def result_text(session: Session, job_id: UUID, member: str) -> str | None:
    """Return a member of a job's result as JSON text, without parsing it; None if there is none."""
    return session.scalars(select(cast(Job.result[member], Text)).where(Job.id == job_id)).one()


def add_input(session: Session, job_id: UUID, content: bytes, media_type: str) -> None:
    """Store the input table of a job."""
    digest = hashlib.sha256(content).hexdigest()
    session.add(JobInput(job_id=job_id, media_type=media_type, sha256=digest, content=content))
    session.flush()


def drop_input(session: Session, job_id: UUID) -> None:
    """Delete the input table of a job, which is kept in another form."""
    session.execute(delete(JobInput).where(JobInput.job_id == job_id))


def load_input(session: Session, job_id: UUID) -> tuple[bytes, str]:
    """Return the input table of a job, and its media type.

    Raises:
        DamagedInputError: if the content does not match its digest.
    """
    row = session.scalars(select(JobInput).where(JobInput.job_id == job_id)).one()
    if hashlib.sha256(row.content).hexdigest() != row.sha256:
        raise DamagedInputError("the table of this job is damaged in the database; send it again")
    return row.content, row.media_type


def workspace_of(session: Session, job_id: UUID) -> UUID:
    """Return the workspace of a job."""
    return session.scalars(select(Job.workspace_id).where(Job.id == job_id)).one()


def _owned(owner: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Return the conditions of an owner: columns with their values; `sender` is the key that sent a table."""
    sender = Job.context["api_key_id"].astext
    return [(sender if name == "sender" else getattr(Job, name)) == value for name, value in owner.items()]
