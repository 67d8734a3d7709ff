"""What all tables share.

The base, the columns of leased work, and short names for usual columns and conditions.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Float, ForeignKey, Index, MetaData, Text, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from models.records import Outcome, Purpose, Relation
from service.store.states import (
    AmendmentKind,
    CampaignState,
    CandidateStatus,
    JobState,
    LaneState,
    LaneStatus,
    OutboxState,
    Pull,
    Push,
    Queue,
    ReceiptState,
    RoundState,
)

Json = dict[str, Any]


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the condition that a column has one of these values."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def unique_where(name: str, columns: Sequence[str], condition: str) -> Index:
    """Return an index that admits one row per campaign (and `columns`) that fulfils the condition."""
    return Index(name, "campaign_id", *columns, unique=True, postgresql_where=literal_column(condition))


def key() -> Mapped[UUID]:
    """Return a primary key that the program makes."""
    return mapped_column(primary_key=True, default=uuid4)


def campaign_key() -> Mapped[UUID]:
    """Return the key of the campaign that a row belongs to and goes with."""
    return mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))


def counter() -> Mapped[int]:
    """Return a count of other rows, changed in the transaction that adds them."""
    return mapped_column(default=0, server_default="0")


def created() -> Mapped[datetime]:
    """Return a time that is the transaction's unless it is given."""
    return mapped_column(server_default=func.now())


class Base(DeclarativeBase):
    """Base of all tables: names of constraints are predictable, so that migrations can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # fmt: off
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declaration
        datetime: DateTime(timezone=True), Json: JSONB(none_as_null=True), str: Text(), CampaignState: Text(),
        RoundState: Text(), CandidateStatus: Text(), Relation: Text(), Outcome: Text(), Purpose: Text(),
        JobState: Text(), Queue: Text(), AmendmentKind: Text(), LaneState: Text(),
        LaneStatus: Text(), OutboxState: Text(), ReceiptState: Text(), Push: Text(), Pull: Text(),
    }
    # fmt: on


class Leased:
    """Columns of work that one worker at a time holds under a lease.

    `state` and what it means are the table's own.
    """

    id: Mapped[UUID] = key()
    progress: Mapped[float] = mapped_column(Float(53), default=0.0)
    message: Mapped[str] = mapped_column(default="waiting for a worker")
    attempt: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    failure: Mapped[Json | None]
    versions: Mapped[Json | None]
    created_at: Mapped[datetime] = created()
    queued_at: Mapped[datetime] = created()
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
