"""SQL of insights: all results, rounds and candidates of a campaign, as plain columns."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from service.store.tables import Candidate, Round


def rounds(session: Session, campaign_id: UUID) -> Sequence[RowMapping]:
    """Return number, state and summary of every round, in ascending order."""
    query = select(Round.number, Round.state, Round.summary).where(Round.campaign_id == campaign_id)
    return session.execute(query.order_by(Round.number)).mappings().all()


def candidates(session: Session, campaign_id: UUID) -> Sequence[RowMapping]:
    """Return round, object, purpose, status and computed columns of every candidate, by round and rank.

    The computed columns are predictions, computed properties and the nearest measured object.
    """
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
