"""Rounds, what happened in them, what they trained, and the candidates they proposed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.records import Purpose
from service.store.states import (
    CANDIDATE_STATUSES,
    COMPUTING,
    LIVE,
    NEW,
    PURPOSES,
    ROUND_STATES,
    CandidateStatus,
    RoundState,
)
from service.store.tables.base import Base, Json, Leased, campaign_key, created, key, one_of, unique_where


class Round(Leased, Base):
    """One turn of a campaign.

    `spec` and `snapshot` are frozen at start, so that a retry reads the very same data.
    """

    __tablename__ = "rounds"
    __table_args__ = (
        CheckConstraint(one_of("state", ROUND_STATES), name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        UniqueConstraint("campaign_id", "number"),
        unique_where("uq_rounds_computing", (), one_of("state", COMPUTING)),
        Index("ix_rounds_state", "state"),
    )

    campaign_id: Mapped[UUID] = campaign_key()
    number: Mapped[int]
    state: Mapped[RoundState] = mapped_column(default="queued")
    seed: Mapped[int] = mapped_column(BigInteger)
    spec: Mapped[Json]
    snapshot: Mapped[Json]
    """{"last_sequence": int, "pending": [object], "excluded": [object], "digest": SHA-256 of the history,
    "start": {"campaign_id", "round_id"} of the policy that training begins from, if any}"""
    summary: Mapped[Json | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    batch_sha256: Mapped[str | None]
    """of the released batch, as `RoundRelease` keeps it"""


class RoundRelease(Base):
    """What went to the lab, byte for byte as it was when the round was released."""

    __tablename__ = "round_releases"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes]
    created_at: Mapped[datetime] = created()


class RoundEvent(Base):
    """What happened in a round, in order: `id` is the Last-Event-ID of server-sent events."""

    __tablename__ = "round_events"
    __table_args__ = (Index("ix_round_events_round_id_id", "round_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    state: Mapped[RoundState]
    progress: Mapped[float] = mapped_column(Float(53))
    message: Mapped[str]
    at: Mapped[datetime] = created()


class RoundArtefact(Base):
    """What a round trained, to be drawn from again; the digest is of the content."""

    __tablename__ = "round_artefacts"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str]
    content: Mapped[bytes]
    created_at: Mapped[datetime] = created()


class Candidate(Base):
    """One proposed object. `payload` is everything that explains the choice, `version` is its ETag.

    `route` says how the object can be made, where its domain knows.

    `status_before_results` is what it goes back to when the results that settled it are corrected or
    withdrawn.

    A new object waits for its outcome once; a control or a replicate may do so in several rounds.
    """

    __tablename__ = "candidates"
    __table_args__ = (
        CheckConstraint(one_of("status", CANDIDATE_STATUSES), name="status"),
        CheckConstraint(one_of("purpose", PURPOSES), name="purpose"),
        UniqueConstraint("round_id", "rank"),
        UniqueConstraint("round_id", "object"),
        unique_where(
            "uq_candidates_live_object", ("object",), f"{one_of('status', LIVE)} AND {one_of('purpose', NEW)}"
        ),
        Index("ix_candidates_campaign_id_object", "campaign_id", "object"),
        Index("ix_candidates_campaign_id_status", "campaign_id", "status"),
    )

    id: Mapped[UUID] = key()
    campaign_id: Mapped[UUID] = campaign_key()
    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    rank: Mapped[int]
    object: Mapped[str]
    display: Mapped[str]
    columns: Mapped[Json]
    purpose: Mapped[Purpose] = mapped_column(default="exploit")
    status: Mapped[CandidateStatus] = mapped_column(default="proposed")
    status_reason: Mapped[str | None]
    status_before_results: Mapped[CandidateStatus | None]
    payload: Mapped[Json]
    route: Mapped[Json | None]
    replaces: Mapped[UUID | None] = mapped_column(
        ForeignKey("candidates.id", ondelete="SET NULL"), unique=True
    )
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class Reserve(Base):
    """An object that could take the place of a candidate, and is then one under the same id.

    Never changed.
    """

    __tablename__ = "reserves"
    __table_args__ = (
        CheckConstraint(one_of("purpose", PURPOSES), name="purpose"),
        UniqueConstraint("round_id", "rank"),
    )

    id: Mapped[UUID] = key()
    round_id: Mapped[UUID] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    rank: Mapped[int]
    object: Mapped[str]
    display: Mapped[str]
    columns: Mapped[Json]
    purpose: Mapped[Purpose]
    payload: Mapped[Json]
    route: Mapped[Json | None]
    created_at: Mapped[datetime] = created()


class CandidateDecision(Base):
    """What a person decided about a candidate, and why. Rows are added and never changed.

    `similarity` says from which likeness on analogues were decided about as well; of those, and of a
    candidate that takes a place, `because_of` is the one that the person named.
    """

    __tablename__ = "candidate_decisions"
    __table_args__ = (CheckConstraint(one_of("status", CANDIDATE_STATUSES), name="status"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    candidate_id: Mapped[UUID] = mapped_column(ForeignKey("candidates.id", ondelete="CASCADE"), index=True)
    status: Mapped[CandidateStatus]
    reason: Mapped[str | None]
    similarity: Mapped[float | None] = mapped_column(Float(53))
    because_of: Mapped[UUID | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime] = created()
