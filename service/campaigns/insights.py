"""What a campaign has brought so far, read from what is stored. It computes nothing itself: `models.insights` does."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.insights.build import insights
from models.insights.records import NEW, PastRound, ProposedObject
from models.records import Forecast, History, Prediction
from models.summaries.round import read_round_summary
from service.campaigns.current import current_measurements
from service.campaigns.queries import get_campaign
from service.errors import UnprocessableError
from service.store import insights as insight_rows


def get_insights(
    session: Session, workspace_id: UUID, campaign_id: UUID, thresholds: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return the insights of a campaign as plain JSON.

    Args:
        session: the transaction.
        workspace_id: of the caller.
        campaign_id: of a campaign there.
        thresholds: what counts as a hit, by objective.

    Raises:
        NotFoundError: if the workspace has no such campaign.
        UnprocessableError: if a threshold names no objective.
    """
    campaign = get_campaign(session, workspace_id, campaign_id)
    spec = CampaignSpec.from_stored(campaign.spec)
    _check(thresholds or {}, spec)
    candidates = insight_rows.candidates(session, campaign.id)
    history = History(
        measurements=tuple(current_measurements(session, campaign.id, campaign.spec)),
        forecasts=tuple(_forecasts(candidates, spec)),
    )
    rounds = list(_rounds(insight_rows.rounds(session, campaign.id), candidates))
    answer = insights(spec, open_domain(spec.domain), history, rounds, thresholds)
    return {"campaign_id": campaign.id, "name": spec.name, **answer}


def _check(thresholds: Mapping[str, float], spec: CampaignSpec) -> None:
    known = [objective.name for objective in spec.objectives]
    for name in thresholds:
        if name not in known:
            detail = f"no objective {name!r}; the campaign has {', '.join(known)}"
            raise UnprocessableError(detail, [{"pointer": "/threshold", "in": "query", "detail": detail}])


def _forecasts(candidates: Sequence[RowMapping], spec: CampaignSpec) -> Iterator[Forecast]:
    """Yield what rounds said of their new objects, for each measured objective."""
    measured = [objective.name for objective in spec.objectives if objective.assay_type is not None]
    for row in candidates:
        for name in measured:
            if row["purpose"] in NEW and name in row["predictions"]:
                forecast = row["predictions"][name]
                prediction = Prediction(forecast["mean"], forecast["sd"], forecast["low"], forecast["high"])
                yield Forecast(row["round"], row["object"], name, prediction)


def _rounds(rounds: Sequence[RowMapping], candidates: Sequence[RowMapping]) -> Iterator[PastRound]:
    batches: dict[int, list[ProposedObject]] = defaultdict(list)
    for row in candidates:
        nearest = row["nearest_measured"]["similarity"] if row["nearest_measured"] else None
        batches[row["round"]].append(
            ProposedObject(row["object"], row["purpose"], row["status"], nearest, row["computed"] or {})
        )
    for row in rounds:
        summary = read_round_summary(row["summary"] or {})
        yield PastRound(row["number"], row["state"], tuple(batches[row["number"]]), summary)
