"""SQL of candidates."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.store.states import LIVE, NEW, CandidateStatus
from service.store.tables import Campaign, Candidate, Result, Round


def find(session: Session, workspace_id: UUID, candidate_id: UUID) -> Candidate | None:
    """Return a candidate of this workspace."""
    query = (
        select(Candidate)
        .join(Campaign, Campaign.id == Candidate.campaign_id)
        .where(Candidate.id == candidate_id, Campaign.workspace_id == workspace_id)
    )
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def of_round(session: Session, round_id: UUID) -> Sequence[Candidate]:
    """Return a round's candidates by rank."""
    return session.scalars(
        select(Candidate).where(Candidate.round_id == round_id).order_by(Candidate.rank)
    ).all()


def by_id(session: Session, campaign_id: UUID, ids: Collection[UUID]) -> dict[UUID, Candidate]:
    """Return those of the given candidates that belong to the campaign."""
    any_of_these = any_(literal(list(ids), ARRAY(Uuid())))  # one parameter: a statement takes 65,535
    query = select(Candidate).where(Candidate.campaign_id == campaign_id, Candidate.id == any_of_these)
    return {row.id: row for row in session.scalars(query)}


def newest_by_object(
    session: Session, campaign_id: UUID, objects: Collection[str]
) -> Mapping[str, Candidate]:
    """Return the newest waiting candidate of each proposed object, or the newest if none waits."""
    any_of_these = any_(literal(list(objects), ARRAY(Text())))
    query = select(Candidate).join(Round, Round.id == Candidate.round_id)
    query = query.where(Candidate.campaign_id == campaign_id, Candidate.object == any_of_these)
    return {
        row.object: row for row in session.scalars(query.order_by(Candidate.status.in_(LIVE), Round.number))
    }


def objects(session: Session, campaign_id: UUID, statuses: Collection[CandidateStatus]) -> list[str]:
    """Return the distinct objects of candidates in these statuses, sorted."""
    query = select(Candidate.object).where(
        Candidate.campaign_id == campaign_id, Candidate.status.in_(statuses)
    )
    return sorted(set(session.scalars(query)))


def measured_elsewhere(session: Session, campaign_id: UUID) -> list[str]:
    """Return the objects of candidates that have results of which none is about exactly that object.

    What was really made may differ from what was proposed, as 41.7 degrees do from 40.
    """
    made = exists().where(Result.candidate_id == Candidate.id)
    query = select(Candidate.object).where(Candidate.campaign_id == campaign_id, made)
    query = query.where(
        ~made.where(Result.object == Candidate.object), Candidate.status.in_(("measured", "failed"))
    )
    return sorted(set(session.scalars(query)))


def predictions_before(session: Session, row: Round) -> Sequence[tuple[int, str, dict[str, Any]]]:
    """Return round, object and predictions of the new objects that rounds before this one proposed, in order.

    What took the place of a candidate after this round began is left out: a retry reads what the first
    attempt read.
    """
    was_there = or_(Candidate.replaces.is_(None), Candidate.created_at <= row.created_at)
    query = (
        select(Round.number, Candidate.object, Candidate.payload["predictions"])
        .join(Round, Round.id == Candidate.round_id)
        .where(
            Candidate.campaign_id == row.campaign_id, Candidate.purpose.in_(NEW), Round.number < row.number
        )
        .where(was_there)
        .order_by(Round.number, Candidate.rank)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def has_live(session: Session, round_id: UUID) -> bool:
    """Tell whether a candidate of the round still waits for its outcome."""
    live = exists().where(Candidate.round_id == round_id, Candidate.status.in_(LIVE))
    return session.scalars(select(live)).one()


def is_new_object_live(session: Session, campaign_id: UUID, text: str) -> bool:
    """Tell whether the campaign waits for the outcome of this object as something new."""
    live = exists().where(
        Candidate.campaign_id == campaign_id,
        Candidate.object == text,
        Candidate.status.in_(LIVE),
        Candidate.purpose.in_(NEW),
    )
    return session.scalars(select(live)).one()
