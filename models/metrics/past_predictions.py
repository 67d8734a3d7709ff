"""What the last batches' predictions met, for intervals of the next round. Torch-free.

Knows forecasts and results on the modelled scale; no proxy and no interval. Forecasts are of single readings,
and replicates count by their mean, as in `models.metrics.calibration`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.data.tables import bounds, to_model_scale
from models.metrics.calibration import RECENT_ROUNDS, exact_mean, is_censored, results_by_forecast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.spec import CampaignSpec
    from models.records import Forecast, History, Measurement
    from models.specs.objectives import Transform


@final
@dataclass(frozen=True, slots=True)
class PastPrediction:
    """A prediction with its deviation, and the bounds of what was measured: equal where it is exact."""

    object: str
    mean: float
    sd: float
    lower: float
    upper: float


def past_predictions(spec: CampaignSpec, history: History) -> dict[str, list[PastPrediction]]:
    """Return what the last rounds with results predicted and met, by assay type.

    At most `RECENT_ROUNDS` rounds, because proxies change. Of objectives that share a type, the first counts.
    """
    results = results_by_forecast(history)
    answers: dict[str, list[PastPrediction]] = {}
    for objective in spec.objectives:
        kind = objective.assay_type
        if kind is None or kind in answers:
            continue
        transform = spec.transform_of(objective)
        rounds: dict[int, list[PastPrediction]] = {}
        for forecast in history.forecasts:
            if forecast.objective == objective.name:
                met = results.get((forecast.round, forecast.object, kind), ())
                rounds.setdefault(forecast.round, []).extend(_met(forecast, met, transform))
        recent = [number for number in sorted(rounds) if rounds[number]][-RECENT_ROUNDS:]
        answers[kind] = [item for number in recent for item in rounds[number]]
    return answers


def _met(forecast: Forecast, measured: Sequence[Measurement], transform: Transform) -> list[PastPrediction]:
    """Return the forecast with its result, or nothing without a usable one."""
    mean, sd = to_model_scale(forecast.prediction.mean, transform), forecast.prediction.sd
    if not (math.isfinite(mean) and sd > 0):
        return []
    value = exact_mean(measured, transform)
    if value is not None:
        return [PastPrediction(forecast.object, mean, sd, value, value)]
    ends = [bounds(result, transform) for result in measured if is_censored(result)]
    if not ends:
        return []
    lower, upper = max(low for low, _ in ends), min(high for _, high in ends)
    return [PastPrediction(forecast.object, mean, sd, lower, upper)] if lower < upper else []
