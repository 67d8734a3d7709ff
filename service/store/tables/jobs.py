"""Jobs: work that people ask for beside rounds, and the tables that came with it."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from service.store.states import JOB_STATES, UNFINISHED_JOB_STATES, JobState, Queue
from service.store.tables.base import Base, Json, Leased, one_of


class Job(Leased, Base):
    """One request that a worker answers. `kind` names its handler.

    `request` is what was asked for, every choice made; `context` what was known then, so that a job that is
    done again reads the very same data.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(one_of("state", JOB_STATES), name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        Index("ix_jobs_workspace_id_kind_created_at_id", "workspace_id", "kind", "created_at", "id"),
        Index("ix_jobs_campaign_id_kind_created_at_id", "campaign_id", "kind", "created_at", "id"),
        Index("ix_jobs_kind_state", "kind", "state"),
        Index(
            "ix_jobs_unfinished",
            "state",
            postgresql_where=literal_column(one_of("state", UNFINISHED_JOB_STATES)),
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    kind: Mapped[str]
    queue: Mapped[Queue]
    state: Mapped[JobState] = mapped_column(default="queued")
    request: Mapped[Json]
    context: Mapped[Json]
    result: Mapped[Json | None] = mapped_column(deferred=True)  # up to ten thousand rows: no list reads them


class JobInput(Base):
    """The table that came with a job, as it was sent; the digest is of the content."""

    __tablename__ = "job_inputs"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    media_type: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes]
