"""All insights of a campaign in one plain JSON tree.

Numbers from stored results, the rest from rounds' summaries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.data.tables import to_units
from models.insights.diversity import diversity, novelty
from models.insights.hits import hits, rule_of, success
from models.insights.measured_table import measured
from models.insights.messages import insight_messages
from models.insights.pareto import pareto
from models.insights.progress import progress
from models.messages.message import as_summary
from models.metrics.calibration import calibration, drift_messages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.insights.records import PastRound
    from models.insights.utilities import UtilityScale
    from models.records import History
    from models.summaries.round import RoundSummary


def insights(
    spec: CampaignSpec,
    domain: Domain,
    history: History,
    rounds: Sequence[PastRound],
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Return everything that is known of how a campaign went.

    Args:
        spec: as the campaign is now.
        domain: bound to it.
        history: its results and forecasts.
        rounds: by number, ascending.
        thresholds: what counts as a hit, by objective.
    """
    everything = measured(spec, domain, history.measurements, rounds)
    numbers = [past.number for past in rounds]
    reached, rule = progress(everything, numbers, spec.seed), rule_of(everything, thresholds or {})
    found, record = hits(everything, rule, numbers), calibration(spec, history)
    told: dict[str, Any] = {
        "objectives": [_objective(scale) for scale in everything.scales],
        "pareto": pareto(everything, domain),
        "initial": {**reached[0], "hits": found[0]},
        "hits": {"rule": rule.words, "thresholds": dict(thresholds or {}), "is_told": rule.hits is not None},
        "rounds": [
            {
                **_round(past, domain),
                **reached[past.number],
                "hits": found[past.number],
                "calibration": _calibration(record, past.number),
            }
            for past in rounds
        ],
        "calibration": {name: {key: item[key] for key in ("all", "drift")} for name, item in record.items()},
        "importance": _importance(rounds),
    }
    return told | as_summary([*insight_messages(told, everything.scales), *drift_messages(record)])


def _objective(scale: UtilityScale) -> dict[str, Any]:
    objective = scale.objective
    return {
        "name": objective.name,
        "direction": objective.direction,
        "target": objective.target,
        "units": objective.units,
        "transform": scale.transform,
        "computed": objective.computed,
        "derived": None if objective.derived is None else objective.derived.described(),
        "range": None
        if scale.utility.source == "nothing"
        else [to_units(edge, scale.transform) for edge in (scale.utility.low, scale.utility.high)],
        "range_source": scale.utility.source,
    }


def _round(past: PastRound, domain: Domain) -> dict[str, Any]:
    """Return what is known of a round beside its results."""
    summary = past.summary
    cost, base_measure = summary.cost, summary.base_measure
    return {
        "number": past.number,
        "state": past.state,
        "candidates": len(past.candidates),
        "proposed": len(past.proposed),
        "success": success(past),
        "diversity": diversity(past, domain),
        "novelty": novelty(past),
        "refused": summary.refused,
        "sampled": summary.sampled,
        "seconds": {} if cost is None else cost.seconds,
        "objects_scored": None if cost is None else cost.objects_scored,
        "convergence": _convergence(summary),
        "base_measure": None if base_measure is None else base_measure.model_dump(),
    }


def _convergence(summary: RoundSummary) -> list[dict[str, Any]] | None:
    return None if summary.convergence is None else [item.model_dump() for item in summary.convergence]


def _calibration(objectives: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the scores of one round's forecasts by objective."""
    return {
        name: {key: value for key, value in item.items() if key != "round"}
        for name, record in objectives.items()
        for item in record["rounds"]
        if item["round"] == number
    }


def _importance(rounds: Sequence[PastRound]) -> dict[str, Any] | None:
    """Return what the proxies of the last round that told it hang on."""
    for past in reversed(rounds):
        if past.summary.importance is not None:
            return {"round": past.number, **past.summary.importance.model_dump()}
    return None
