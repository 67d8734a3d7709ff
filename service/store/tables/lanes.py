"""What connectors and webhook endpoints share: a lane that one worker at a time drains, and its outbox."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Identity, Index, func, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from service.store.states import LANE_STATES, LANE_STATUSES, OUTBOX_STATES, LaneState, LaneStatus, OutboxState
from service.store.tables.base import Base, Json, Leased, created, key, one_of


class Lane(Leased):
    """Columns of a lane: leased work that never ends, but is idle until `due_at`.

    `status` is for people: a paused lane sends nothing, a broken one waits for other credentials or settings.
    `quiet_until` is the other side's wish: nothing is sent before.
    """

    state: Mapped[LaneState] = mapped_column(default="idle")
    status: Mapped[LaneStatus] = mapped_column(default="active")
    due_at: Mapped[datetime | None]
    quiet_until: Mapped[datetime | None]
    problem: Mapped[Json | None]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = created()


def lane_constraints(table: str) -> tuple[CheckConstraint | Index, ...]:
    """Return the constraints and the timetable's index of a table of lanes."""
    return (
        CheckConstraint(one_of("state", LANE_STATES), name="state"),
        CheckConstraint(one_of("status", LANE_STATUSES), name="status"),
        Index(
            f"ix_{table}_due_at",
            "due_at",
            postgresql_where=literal_column("state = 'idle' AND status = 'active'"),
        ),
    )


class OutboxItem(Base):
    """One thing to say to the other side of a lane, in the order of `sequence`.

    `key` is what makes it one wish: written twice, it is sent once. `ticket` is an asynchronous task there
    that is waited for. `verb` is one of material, order, notify and event.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("num_nonnulls(connector_id, endpoint_id) = 1", name="one_lane"),
        CheckConstraint(one_of("state", OUTBOX_STATES), name="state"),
        Index("uq_outbox_connector_id_key", "connector_id", "key", unique=True),
        Index("uq_outbox_endpoint_id_key", "endpoint_id", "key", unique=True),
        Index(
            "ix_outbox_connector_id_waiting",
            "connector_id",
            "sequence",
            postgresql_where=literal_column("state = 'waiting'"),
        ),
        Index(
            "ix_outbox_endpoint_id_waiting",
            "endpoint_id",
            "sequence",
            postgresql_where=literal_column("state = 'waiting'"),
        ),
    )

    id: Mapped[UUID] = key()
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    connector_id: Mapped[UUID | None] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID | None] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    link_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("connector_links.id", ondelete="CASCADE"), index=True
    )
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    verb: Mapped[str]
    key: Mapped[str]
    payload: Mapped[Json]
    ticket: Mapped[str | None]
    state: Mapped[OutboxState] = mapped_column(default="waiting")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    problem: Mapped[Json | None]
    created_at: Mapped[datetime] = created()
    done_at: Mapped[datetime | None]


class ExchangeRecord(Base):
    """One request to the other side of a lane, kept for 30 days: neither bodies, headers nor queries."""

    __tablename__ = "exchanges"
    __table_args__ = (
        Index("ix_exchanges_connector_id_id", "connector_id", "id"),
        Index("ix_exchanges_endpoint_id_id", "endpoint_id", "id"),
        Index("ix_exchanges_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    connector_id: Mapped[UUID | None] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID | None] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    outbox_id: Mapped[UUID | None] = mapped_column(ForeignKey("outbox.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime] = created()
    method: Mapped[str]
    path: Mapped[str]
    status: Mapped[int | None]
    seconds: Mapped[float] = mapped_column(Float(53))
    problem: Mapped[str | None]
