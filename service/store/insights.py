"""SQL of insights: all results, rounds and candidates of a campaign, as plain columns."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from service.store.tables import Candidate, Round


def rounds(session: Session, campaign_id: UUID) -> Sequence[RowMapping]:
    """Return number, state and summary of every round, ascending."""
    query = select(Round.number, Round.state, Round.summary).where(Round.campaign_id == campaign_id)
    return session.execute(query.order_by(Round.number)).mappings().all()


def candidates(session: Session, campaign_id: UUID) -> Sequence[RowMapping]:
    """Return every candidate by round and rank: round, object, purpose, status, and what was said of it."""
    query = (
        select(
            Round.number.label("round"),
            Candidate.object,
            Candidate.purpose,
            Candidate.status,
            Candidate.payload["predictions"].label("predictions"),
            Candidate.payload["computed"].label("computed"),
            Candidate.payload["nearest_measured"].label("nearest_measured"),
        )
        .join(Round, Round.id == Candidate.round_id)
        .where(Candidate.campaign_id == campaign_id)
        .order_by(Round.number, Candidate.rank)
    )
    return session.execute(query).mappings().all()
