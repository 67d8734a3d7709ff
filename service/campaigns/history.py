"""What a round may know: the campaign's data frozen at its start, so that a retry reads the very same."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.records import Forecast, History, Prediction
from service.campaigns.current import measurements, retest_policies
from service.store import amendments, campaigns, candidates, results
from service.store.states import LIVE
from service.store.tables import Round


def take_snapshot(session: Session, campaign_id: UUID) -> dict[str, Any]:
    """Freeze what the campaign knows now; the caller holds the campaign's lock.

    Results and amendments are never changed, so their last sequences name them, and the policies of retests
    are frozen with them; candidates change their status, so the objects are listed. What earlier rounds
    forecast is fixed by the round's number and when it began: only the newest round can still get a batch,
    and what takes a place in an older one says when it did.
    """
    given_up = candidates.objects(session, campaign_id, ("rejected", "withdrawn"))
    made_otherwise = candidates.measured_elsewhere(session, campaign_id)
    return {
        "last_sequence": results.last_sequence(session, campaign_id),
        "last_amendment": amendments.last_sequence(session, campaign_id),
        "retests": retest_policies(campaigns.get(session, campaign_id).spec),
        "pending": candidates.objects(session, campaign_id, LIVE),
        "excluded": sorted({*given_up, *made_otherwise}),
    }


def load_history(session: Session, row: Round) -> History:
    """Return the data of a round's snapshot."""
    return replace(
        load_known(session, row.campaign_id, row.snapshot), forecasts=tuple(_forecasts(session, row))
    )


def load_known(session: Session, campaign_id: UUID, snapshot: Mapping[str, Any]) -> History:
    """Return the data of a snapshot, without what rounds forecast."""
    return History(
        measurements=tuple(measurements(session, campaign_id, snapshot)),
        pending=tuple(snapshot["pending"]),
        excluded=tuple(snapshot["excluded"]),
    )


def _forecasts(session: Session, row: Round) -> Iterator[Forecast]:
    """Yield what earlier rounds said of the new objects they proposed, for each measured objective by name.

    Controls and replicates are no test of the proxies: their values were known when they were predicted.
    """
    objectives = row.spec["objectives"]
    measured = sorted(
        item["name"] for item in objectives if not (item.get("computed") or item.get("derived"))
    )
    for number, text, predictions in candidates.predictions_before(session, row):
        for objective in measured:
            if objective in predictions:
                yield Forecast(number, text, objective, _prediction(predictions[objective]))


def _prediction(stored: Mapping[str, float]) -> Prediction:
    return Prediction(mean=stored["mean"], sd=stored["sd"], low=stored["low"], high=stored["high"])
