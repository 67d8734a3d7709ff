"""Events that others are told of, and the endpoints that want to hear them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables.base import Base, Json, created, key
from service.store.tables.lanes import Lane, lane_constraints


class Event(Base):
    """Something that happened in a workspace; `data` holds ids only. `id` is the deliveries' `webhook-id`."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_workspace_id_sequence", "workspace_id", "sequence"),
        Index("ix_events_created_at", "created_at"),
    )

    id: Mapped[UUID] = key()
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    type: Mapped[str]
    data: Mapped[Json]
    created_at: Mapped[datetime] = created()


class WebhookEndpoint(Lane, Base):
    """An address that hears of events of some types (all, when there are none), and its signing secrets.

    `secret_ids` are the newest first: two while one is being replaced. `failing_since` is when deliveries
    began to fail without one that succeeded.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = lane_constraints("webhook_endpoints")

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    url: Mapped[str]
    description: Mapped[str | None]
    types: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    secret_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    failing_since: Mapped[datetime | None]
