"""What became of results after they were stored, and the bytes in which they came."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.store.states import AMENDMENT_KINDS, AmendmentKind
from service.store.tables.base import Base, campaign_key, created, key, one_of


class Amendment(Base):
    """Ends one result: a correction names the result that stands in its place, a withdrawal none.

    `sequence` orders amendments for snapshots. A result is ended once; `origin_id` is the first result of its chain of
    corrections. `upload_id` is set where a whole upload was withdrawn. A row is never changed or deleted.
    """

    __tablename__ = "amendments"
    __table_args__ = (
        CheckConstraint(one_of("kind", AMENDMENT_KINDS), name="kind"),
        CheckConstraint("(kind = 'correction') = (replacement_id IS NOT NULL)", name="correction_has_replacement"),
        Index("ix_amendments_campaign_id_sequence", "campaign_id", "sequence"),
    )

    id: Mapped[UUID] = key()
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    campaign_id: Mapped[UUID] = campaign_key()
    kind: Mapped[AmendmentKind]
    result_id: Mapped[UUID] = mapped_column(ForeignKey("results.id", ondelete="CASCADE"), unique=True)
    replacement_id: Mapped[UUID | None] = mapped_column(ForeignKey("results.id", ondelete="CASCADE"), unique=True)
    origin_id: Mapped[UUID] = mapped_column(ForeignKey("results.id", ondelete="CASCADE"), index=True)
    upload_id: Mapped[UUID | None] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"))
    reason: Mapped[str]
    api_key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = created()


class Blob(Base):
    """Bytes as they were sent, named by their SHA-256; `content` is gzip where `is_packed`, and `size` is unpacked."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    is_packed: Mapped[bool]
    content: Mapped[bytes]
    created_at: Mapped[datetime] = created()
