"""SQL of what people decide about a batch: decisions, reserves that take a place, and what was released."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from service.store.tables import Candidate, CandidateDecision, Reserve, Round, RoundRelease


def decisions(session: Session, candidate_id: UUID) -> Sequence[CandidateDecision]:
    """Return what was decided about a candidate, in order."""
    query = select(CandidateDecision).where(CandidateDecision.candidate_id == candidate_id)
    return session.scalars(query.order_by(CandidateDecision.id)).all()


def rejected_with_analogues(session: Session, round_id: UUID) -> Sequence[tuple[str, float]]:
    """Return the objects of a round that are rejected with their analogues, with the least similarity."""
    query = (
        select(Candidate.object, func.min(CandidateDecision.similarity))
        .join(CandidateDecision, CandidateDecision.candidate_id == Candidate.id)
        .where(Candidate.round_id == round_id, Candidate.status == "rejected")
        .where(CandidateDecision.similarity.is_not(None))
        .group_by(Candidate.object)
    )
    return [(text, least) for text, least in session.execute(query) if least is not None]


def unused_reserves(session: Session, round_id: UUID) -> Sequence[Reserve]:
    """Return the reserves of a round that took no place, the next best first."""
    query = select(Reserve).where(Reserve.round_id == round_id, ~exists().where(Candidate.id == Reserve.id))
    return session.scalars(query.order_by(Reserve.rank)).all()


def replacement(session: Session, candidate_id: UUID) -> Candidate | None:
    """Return the candidate that took the place of another."""
    return session.scalars(select(Candidate).where(Candidate.replaces == candidate_id)).one_or_none()


def save_release(session: Session, round_id: UUID, content: bytes) -> None:
    """Keep what was released; a round is released once."""
    session.add(RoundRelease(round_id=round_id, content=content))


def release(session: Session, round_id: UUID) -> tuple[bytes, str] | None:
    """Return what was released and its SHA-256, or None."""
    query = select(RoundRelease.content, Round.batch_sha256).join(Round, Round.id == RoundRelease.round_id)
    row = session.execute(query.where(RoundRelease.round_id == round_id)).one_or_none()
    return (bytes(row[0]), row[1]) if row and row[1] else None
