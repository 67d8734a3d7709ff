"""Campaigns and what was measured in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Identity, Index, func, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from models.records import Outcome, Relation
from service.store.states import CAMPAIGN_STATES, CampaignState
from service.store.tables.base import Base, Json, campaign_key, counter, created, key, one_of, unique_where


class Upload(Base):
    """One accepted upload of results; `blob` names its bytes, where they were kept as they came."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_campaign_id_sha256", "campaign_id", "sha256"),)

    id: Mapped[UUID] = key()
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    api_key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    filename: Mapped[str | None]
    media_type: Mapped[str]
    sha256: Mapped[str]
    blob: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"))
    sheet: Mapped[str | None]
    n_accepted: Mapped[int]
    n_rejected: Mapped[int]
    created_at: Mapped[datetime] = created()


class Result(Base):
    """One measured or failed row: verbatim as it came, and standardised. `sequence` orders rows for snapshots.

    A row is never changed or deleted, which the database refuses: what makes it count no more is an `Amendment`.
    `revision` counts the rows that had the same external id before. `other_columns` are cells that were not read.
    """

    __tablename__ = "results"
    __table_args__ = (
        CheckConstraint("relation IN ('=', '<', '<=', '>', '>=', '~')", name="relation"),
        CheckConstraint(
            "outcome IN ('ok', 'failed_synthesis', 'failed_qc', 'insoluble', 'assay_failed', 'not_tested')",
            name="outcome",
        ),
        CheckConstraint("outcome <> 'ok' OR value IS NOT NULL", name="ok_has_value"),
        unique_where(
            "uq_results_campaign_id_type_external_id_revision",
            ("type", "external_id", "revision"),
            "external_id IS NOT NULL",
        ),
        Index("ix_results_campaign_id_sequence", "campaign_id", "sequence"),
        # of the digest: an object's text may be longer than an entry of an index
        Index("ix_results_campaign_id_object_digest", "campaign_id", func.md5(literal_column("object"))),
        Index(
            "ix_results_campaign_id_compound_id",
            "campaign_id",
            text("(verbatim ->> 'compound_id')"),
            postgresql_where=text("verbatim ->> 'compound_id' IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = key()
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    campaign_id: Mapped[UUID] = campaign_key()
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), index=True)
    candidate_id: Mapped[UUID | None] = mapped_column(ForeignKey("candidates.id", ondelete="SET NULL"), index=True)
    row: Mapped[int]
    verbatim: Mapped[Json]
    object: Mapped[str]
    type: Mapped[str]
    value: Mapped[float | None] = mapped_column(Float(53))
    relation: Mapped[Relation] = mapped_column(default="=")
    upper_value: Mapped[float | None] = mapped_column(Float(53))
    standard_error: Mapped[float | None] = mapped_column(Float(53))
    units: Mapped[str | None]
    outcome: Mapped[Outcome] = mapped_column(default="ok")
    replicate: Mapped[str | None]
    assay_version: Mapped[str | None]
    plate: Mapped[str | None]
    measured_at: Mapped[datetime | None]
    lot: Mapped[str | None]
    external_id: Mapped[str | None]
    revision: Mapped[int] = counter()
    comment: Mapped[str | None]
    other_columns: Mapped[Json | None]
    created_at: Mapped[datetime] = created()


class Reading(Base):
    """How files from one source are read: `options` are those of an upload, as JSON."""

    __tablename__ = "readings"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    options: Mapped[Json]
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class Campaign(Base):
    """What may be built and what is wanted; `version` is its ETag.

    `n_rounds` and `n_results` are counters, kept where rounds and results are added (`store.rounds`, `store.results`):
    counting a million rows at each read would take seconds. What was corrected or withdrawn is not counted.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(one_of("state", CAMPAIGN_STATES), name="state"),
        Index("ix_campaigns_workspace_id_created_at_id", "workspace_id", "created_at", "id"),
    )

    id: Mapped[UUID] = key()
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str]
    domain_kind: Mapped[str]
    spec: Mapped[Json]
    state: Mapped[CampaignState] = mapped_column(default="active")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()
    n_rounds: Mapped[int] = counter()
    n_results: Mapped[int] = counter()
