"""Collections: uploaded lists of objects that specifications name by the digest of their content."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables.base import Base, Json, created, key


class Collection(Base):
    """One uploaded list; it is never changed. `sha256` names its content among the blobs.

    Several collections may share a content, which is then stored once. `report` says what became of rows
    with a remark.
    """

    __tablename__ = "collections"
    __table_args__ = (
        Index("ix_collections_workspace_id_created_at_id", "workspace_id", "created_at", "id"),
        Index("ix_collections_sha256", "sha256"),
    )

    id: Mapped[UUID] = key()
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    api_key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    name: Mapped[str]
    filename: Mapped[str | None]
    media_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"))
    n_rows: Mapped[int]
    columns: Mapped[list[str]] = mapped_column(JSONB())
    report: Mapped[Json] = mapped_column(deferred=True)
    created_at: Mapped[datetime] = created()
