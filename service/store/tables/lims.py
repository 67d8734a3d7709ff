"""Connectors to a laboratory's systems: which, for which campaigns, who is who there, and what came in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.store.states import PULLS, PUSHES, RECEIPT_STATES, Pull, Push, ReceiptState
from service.store.tables.base import Base, Json, campaign_key, created, key, one_of
from service.store.tables.lanes import Lane, lane_constraints


class Secret(Base):
    """A sealed secret that this service must read again: it is in no answer and no log.

    `authority` is the only host[:port] to which it is sent; that of a webhook's signing key is empty. A
    replaced one stays until its last use.
    """

    __tablename__ = "secrets"

    id: Mapped[UUID] = key()
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    authority: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = created()
    replaced_at: Mapped[datetime | None]


class Connector(Lane, Base):
    """A workspace's account in another system.

    `settings` are those of the kind, without secrets; `standing` is what the last check found, `fields` what
    a mapping may name there.
    """

    __tablename__ = "connectors"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name", name="uq_connectors_workspace_id_name"),
        *lane_constraints("connectors"),
    )

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str]
    kind: Mapped[str]
    base_url: Mapped[str]
    settings: Mapped[Json]
    secret_id: Mapped[UUID | None] = mapped_column(ForeignKey("secrets.id", ondelete="SET NULL"))
    standing: Mapped[Json | None]
    fields: Mapped[list[Json] | None] = mapped_column(JSONB(none_as_null=True))


class HookEvent(Base):
    """An event of which a hook told, kept for some days so that its repetitions have no effect.

    `digest` is the SHA-256 of the other system's id of it.
    """

    __tablename__ = "hook_events"

    connector_id: Mapped[UUID] = mapped_column(
        ForeignKey("connectors.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    received_at: Mapped[datetime] = created()


class ConnectorLink(Base):
    """A campaign's use of a connector; `mapping_version` is kept with everything that the mapping made.

    `created_by` is the API key in whose name results are stored. `cursor` is how far changes were read.
    """

    __tablename__ = "connector_links"
    __table_args__ = (
        UniqueConstraint("connector_id", "campaign_id", name="uq_connector_links_connector_id_campaign_id"),
        CheckConstraint(one_of("push", PUSHES), name="push"),
        CheckConstraint(one_of("pull", PULLS), name="pull"),
        CheckConstraint("every_seconds >= 5", name="every_seconds"),
    )

    id: Mapped[UUID] = key()
    connector_id: Mapped[UUID] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"))
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    mapping: Mapped[Json]
    mapping_version: Mapped[int] = mapped_column(default=1)
    push: Mapped[Push] = mapped_column(default="on_release")
    pull: Mapped[Pull] = mapped_column(default="poll")
    every_seconds: Mapped[int] = mapped_column(default=300)
    cursor: Mapped[Json | None]
    pull_due_at: Mapped[datetime | None]
    last_pull_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class ExternalRecord(Base):
    """Which record of the other system one of ours is.

    `entity` is candidate, round or file; `entity_id` its id in this service, or the name of a file. `key` is
    what we chose and sent.
    """

    __tablename__ = "external_records"
    __table_args__ = (
        UniqueConstraint("connector_id", "entity", "entity_id", name="uq_external_records_entity"),
        UniqueConstraint("connector_id", "type", "external_id", name="uq_external_records_external_id"),
        Index("ix_external_records_connector_id_key", "connector_id", "key"),
        Index("ix_external_records_link_id_entity", "link_id", "entity"),
    )

    id: Mapped[UUID] = key()
    connector_id: Mapped[UUID] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"))
    link_id: Mapped[UUID | None] = mapped_column(ForeignKey("connector_links.id", ondelete="SET NULL"))
    entity: Mapped[str]
    entity_id: Mapped[str]
    type: Mapped[str]
    key: Mapped[str]
    external_id: Mapped[str]
    external_version: Mapped[str | None]
    url: Mapped[str | None]
    state: Mapped[str | None]
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class Receipt(Base):
    """What came in from another system, as it came, before anything of it was believed.

    `records` are the measurements of a page, so that they can be read again with a better mapping; a file is
    read again from its bytes. `report` says what became of the rows.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        CheckConstraint(one_of("state", RECEIPT_STATES), name="state"),
        Index("ix_receipts_connector_id_received_at", "connector_id", "received_at"),
        Index(
            "ix_receipts_link_id_needs_attention",
            "link_id",
            postgresql_where=literal_column("state = 'needs_attention'"),
        ),
    )

    id: Mapped[UUID] = key()
    connector_id: Mapped[UUID] = mapped_column(ForeignKey("connectors.id", ondelete="CASCADE"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("connector_links.id", ondelete="CASCADE"))
    campaign_id: Mapped[UUID] = campaign_key()
    blob: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"))
    records: Mapped[list[Json] | None] = mapped_column(JSONB(none_as_null=True))
    media_type: Mapped[str]
    filename: Mapped[str | None]
    record: Mapped[Json | None]
    mapping_version: Mapped[int]
    state: Mapped[ReceiptState] = mapped_column(default="stored")
    report: Mapped[Json | None]
    upload_id: Mapped[UUID | None] = mapped_column(ForeignKey("uploads.id", ondelete="SET NULL"))
    received_at: Mapped[datetime] = created()
    applied_at: Mapped[datetime | None]
