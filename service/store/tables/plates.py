"""Plates: the specification of one, what its wells hold, which of them failed, and what was read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables.base import Base, Json, campaign_key, created, key


class Plate(Base):
    """One plate of a round; `version` is its ETag.

    `spec`, `layout` and `analysis` are the documents of `service.plates`; `transfers` is what robots reported
    of filling it: `{"failed": {well: reason}, "reports": [{sha256, filename, n_transfers}]}`.
    """

    __tablename__ = "plates"
    __table_args__ = (
        UniqueConstraint("campaign_id", "name"),
        Index("ix_plates_round_id_created_at_id", "round_id", "created_at", "id"),
    )

    id: Mapped[UUID] = key()
    campaign_id: Mapped[UUID] = campaign_key()
    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    name: Mapped[str]
    spec: Mapped[Json]
    layout: Mapped[Json]
    transfers: Mapped[Json | None]
    analysis: Mapped[Json | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()
