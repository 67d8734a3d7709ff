"""The tables, typed. PostgreSQL only (JSONB, partial indexes); states are checked by the database, rules are elsewhere.

Every row belongs to a workspace, directly or through its campaign. All times are UTC.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from models.records import Outcome, Purpose, Relation
from service.store.states import (
    CAMPAIGN_STATES,
    CANDIDATE_STATUSES,
    COMPUTING,
    LIVE,
    NEW,
    PURPOSES,
    ROUND_STATES,
    CampaignState,
    CandidateStatus,
    RoundState,
)

Json = dict[str, Any]


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _unique_where(name: str, column: str | None, condition: str) -> Index:
    """Return an index by which at most one row of a campaign (with the same `column`) fulfils the condition."""
    columns = ("campaign_id", *((column,) if column else ()))
    return Index(name, *columns, unique=True, postgresql_where=literal_column(condition))


def _key() -> Mapped[UUID]:
    return mapped_column(primary_key=True, default=uuid4)


def _campaign() -> Mapped[UUID]:
    return mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))


def _created() -> Mapped[datetime]:
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
    }
    # fmt: on


class Workspace(Base):
    """Who owns campaigns and keys."""

    __tablename__ = "workspaces"

    id: Mapped[UUID] = _key()
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = _created()


class ApiKey(Base):
    """A key; its secret is stored as SHA-256 only."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[datetime] = _created()
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The stored answer to a POST, in the transaction of its work; "in flight" is an advisory lock, not a row."""

    __tablename__ = "idempotency_keys"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int]
    headers: Mapped[Json]
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Upload(Base):
    """One accepted upload of results."""

    __tablename__ = "uploads"

    id: Mapped[UUID] = _key()
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), index=True)
    api_key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    filename: Mapped[str | None]
    media_type: Mapped[str]
    sha256: Mapped[str]
    n_accepted: Mapped[int]
    n_rejected: Mapped[int]
    created_at: Mapped[datetime] = _created()


class Result(Base):
    """One measured or failed row: verbatim as it came, and standardised. `sequence` orders rows for snapshots."""

    __tablename__ = "results"
    __table_args__ = (
        CheckConstraint("relation IN ('=', '<', '<=', '>', '>=', '~')", name="relation"),
        CheckConstraint(
            "outcome IN ('ok', 'failed_synthesis', 'failed_qc', 'insoluble', 'assay_failed', 'not_tested')",
            name="outcome",
        ),
        CheckConstraint("outcome <> 'ok' OR value IS NOT NULL", name="ok_has_value"),
        _unique_where("uq_results_campaign_id_external_id", "external_id", "external_id IS NOT NULL"),
        Index("ix_results_campaign_id_sequence", "campaign_id", "sequence"),
    )

    id: Mapped[UUID] = _key()
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    campaign_id: Mapped[UUID] = _campaign()
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
    comment: Mapped[str | None]
    created_at: Mapped[datetime] = _created()


class Round(Base):
    """One turn of a campaign. `spec` and `snapshot` are frozen at start, so that a retry reads the very same data."""

    __tablename__ = "rounds"
    __table_args__ = (
        CheckConstraint(_one_of("state", ROUND_STATES), name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        UniqueConstraint("campaign_id", "number"),
        _unique_where("uq_rounds_computing", None, _one_of("state", COMPUTING)),
    )

    id: Mapped[UUID] = _key()
    campaign_id: Mapped[UUID] = _campaign()
    number: Mapped[int]
    state: Mapped[RoundState] = mapped_column(default="queued")
    progress: Mapped[float] = mapped_column(Float(53), default=0.0)
    message: Mapped[str] = mapped_column(default="waiting for a worker")
    seed: Mapped[int] = mapped_column(BigInteger)
    spec: Mapped[Json]
    snapshot: Mapped[Json]
    """{"last_sequence": int, "pending": [object], "excluded": [object], "digest": SHA-256 of the history}"""
    attempt: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    summary: Mapped[Json | None]
    failure: Mapped[Json | None]
    versions: Mapped[Json | None]
    created_at: Mapped[datetime] = _created()
    queued_at: Mapped[datetime] = _created()
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class RoundEvent(Base):
    """What happened in a round, in order: `id` is the Last-Event-ID of server-sent events."""

    __tablename__ = "round_events"
    __table_args__ = (Index("ix_round_events_round_id_id", "round_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    state: Mapped[RoundState]
    progress: Mapped[float] = mapped_column(Float(53))
    message: Mapped[str]
    at: Mapped[datetime] = _created()


class Candidate(Base):
    """One proposed object. `payload` is everything that explains the choice, `version` is its ETag.

    A new object waits for its outcome once; a control or a replicate may do so in several rounds.
    """

    __tablename__ = "candidates"
    __table_args__ = (
        CheckConstraint(_one_of("status", CANDIDATE_STATUSES), name="status"),
        CheckConstraint(_one_of("purpose", PURPOSES), name="purpose"),
        UniqueConstraint("round_id", "rank"),
        UniqueConstraint("round_id", "object"),
        _unique_where(
            "uq_candidates_live_object", "object", f"{_one_of('status', LIVE)} AND {_one_of('purpose', NEW)}"
        ),
        Index("ix_candidates_campaign_id_object", "campaign_id", "object"),
    )

    id: Mapped[UUID] = _key()
    campaign_id: Mapped[UUID] = _campaign()
    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    rank: Mapped[int]
    object: Mapped[str]
    display: Mapped[str]
    columns: Mapped[Json]
    purpose: Mapped[Purpose] = mapped_column(default="exploit")
    status: Mapped[CandidateStatus] = mapped_column(default="proposed")
    status_reason: Mapped[str | None]
    payload: Mapped[Json]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = _created()
    updated_at: Mapped[datetime] = _created()


class Campaign(Base):
    """What may be built and what is wanted; `version` is its ETag. `n_rounds` and `n_results` are counted on load."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(_one_of("state", CAMPAIGN_STATES), name="state"),
        Index("ix_campaigns_workspace_id_created_at_id", "workspace_id", "created_at", "id"),
    )

    id: Mapped[UUID] = _key()
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str]
    domain_kind: Mapped[str]
    spec: Mapped[Json]
    state: Mapped[CampaignState] = mapped_column(default="active")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = _created()
    updated_at: Mapped[datetime] = _created()
    n_rounds: Mapped[int] = column_property(
        select(func.count(Round.id))
        .where(Round.campaign_id == id)  # noqa: A003 - the column above is meant
        .correlate_except(Round)
        .scalar_subquery()
    )
    n_results: Mapped[int] = column_property(
        select(func.count(Result.id))
        .where(Result.campaign_id == id)  # noqa: A003 - the column above is meant
        .correlate_except(Result)
        .scalar_subquery()
    )
