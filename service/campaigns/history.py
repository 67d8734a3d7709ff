"""What a round may know: the campaign's data frozen at its start, so that a retry reads the very same."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.records import History, Measurement
from service.store import candidates, results
from service.store.states import LIVE
from service.store.tables import Result, Round


def take_snapshot(session: Session, campaign_id: UUID) -> dict[str, Any]:
    """Freeze what the campaign knows now; the caller holds the campaign's lock.

    Results are never changed, so their last sequence names them; candidates change their status, so the objects are
    listed.
    """
    return {
        "last_sequence": results.last_sequence(session, campaign_id),
        "pending": candidates.objects(session, campaign_id, LIVE),
        "excluded": candidates.objects(session, campaign_id, ("rejected", "withdrawn")),
    }


def load_history(session: Session, row: Round) -> History:
    """Return the data of a round's snapshot."""
    stored = results.until(session, row.campaign_id, row.snapshot["last_sequence"])
    return History(
        measurements=tuple(_measurement(result, number) for result, number in stored),
        pending=tuple(row.snapshot["pending"]),
        excluded=tuple(row.snapshot["excluded"]),
    )


def _measurement(result: Result, number: int | None) -> Measurement:
    return Measurement(
        object=result.object,
        type=result.type,
        value=result.value,
        relation=result.relation,
        upper_value=result.upper_value,
        standard_error=result.standard_error,
        outcome=result.outcome,
        assay_version=result.assay_version,
        round=number,
    )
