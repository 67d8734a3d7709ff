"""Prospective calibration: every batch is scored by its forecasts from before the measurements.

Knows forecasts and results, but no proxy: a round calls it before fitting the new results. Numbers are on the
modelled scale (log10 where the objective says so). A forecast is about one reading; replicates are compared
by their mean, which intervals cover slightly more often. A censored result has no error: it is counted, and
its agreement with the interval is reported separately.

Candidates are chosen because their predictions are high, so they are not exchangeable with the training data.
Neither a calibrated Gaussian nor a conformal interval has guaranteed coverage on a batch, so coverage is
measured.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from models.data.tables import CENSORED, bounds, limits, to_model_scale
from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from models.campaign.spec import CampaignSpec
    from models.records import Forecast, History, Measurement
    from models.specs.objectives import Objective, Transform

    Floats = npt.NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Nominal coverages of the central Gaussian intervals that are scored."""
STORED_LEVEL = 0.9
"""Nominal coverage of the interval that candidates carry."""
RECENT_ROUNDS = 3
"""The drift of an objective is tested over its last rounds with results."""
ALARM = 0.01
"""Probability below which a deviation is called drift.

Four one-sided tests share it, and campaigns are tested again with every round: of calibrated campaigns at
most one round in 25 warns.
"""
SIMULATIONS = 1000
LEAST_SIMULATIONS = 100
SIMULATED_ERRORS = 200_000
"""Simulations of large batches stop at so many errors, but not before `LEAST_SIMULATIONS`."""
ENOUGH_TO_RANK = 4
"""Fewer pairs than this give no informative rank correlation."""


@final
@dataclass(frozen=True, slots=True)
class ScoredForecasts:
    """Forecasts of one objective with exact values [N], all on the modelled scale."""

    mean: Floats
    sd: Floats
    low: Floats
    high: Floats
    value: Floats

    @property
    def z(self) -> Floats:
        """Errors in predicted deviations [N]."""
        return (self.value - self.mean) / self.sd

    @property
    def is_inside(self) -> npt.NDArray[np.bool_]:
        """Whether the stored intervals hold their values [N]."""
        return (self.low <= self.value) & (self.value <= self.high)


@final
@dataclass(frozen=True, slots=True)
class Outcomes:
    """Results for the forecasts of one objective in one round."""

    rows: tuple[tuple[float, float, float, float, float], ...]
    """mean, sd, low, high and value of each forecast with an exact value."""
    n_open: int
    """Forecasts without a usable result: pending, failed or not on the modelled scale."""
    n_censored: int
    n_consistent: int
    """Censored results that agree with the stored interval."""

    def scored(self) -> ScoredForecasts:
        """Return the rows as columns."""
        return ScoredForecasts(*np.asarray(self.rows, dtype=np.float64).reshape(-1, 5).T)


def crps(mean: Floats, sd: Floats, value: Floats) -> Floats:
    """Return the continuous ranked probability score [N] of Gaussians (Gneiting & Raftery 2007, eq. 21)."""
    from scipy.special import ndtr  # type: ignore[import-untyped] # publishes no types

    z = (value - mean) / sd
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return np.asarray(sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / math.sqrt(math.pi)), dtype=np.float64)


def negative_log_likelihood(mean: Floats, sd: Floats, value: Floats) -> Floats:
    """Return -log of the Gaussian densities at the values [N], in nats."""
    return np.asarray(
        0.5 * ((value - mean) / sd) ** 2 + np.log(sd) + 0.5 * math.log(2 * math.pi), dtype=np.float64
    )


def coverage(z: Floats, level: float) -> float:
    """Return the share of errors, in predicted deviations [N], inside the central interval of a Gaussian."""
    from scipy.special import ndtri

    return float((np.abs(z) <= ndtri(0.5 + level / 2)).mean())


def rank_correlation(left: Floats, right: Floats) -> float | None:
    """Return Spearman's rank correlation of [N] and [N], None where one of them does not vary."""
    ranks = [_centred_ranks(column) for column in (left, right)]
    norm = math.sqrt(float((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float((ranks[0] * ranks[1]).sum()) / norm if norm > 0 else None


def _centred_ranks(values: Floats) -> Floats:
    """Return ranks [N] about their mean; equal values share their mean rank."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[index] - (len(values) + 1) / 2, dtype=np.float64)


def _reference(sd: Floats) -> dict[str, float]:
    """Return the rank correlation of |error| and sd expected for exactly right deviations [N].

    Always the same draws, so that the record of an old round never changes.
    """
    n = max(LEAST_SIMULATIONS, min(SIMULATIONS, SIMULATED_ERRORS // len(sd)))
    errors = np.abs(np.random.default_rng(0).normal(size=(n, len(sd)))) * sd
    left, right = errors.argsort(axis=1).argsort(axis=1) - (len(sd) - 1) / 2, _centred_ranks(sd)
    similarity = left @ right / np.sqrt((left**2).sum(axis=1) * (right**2).sum())
    low, high = np.quantile(similarity, (0.05, 0.95))
    return {"expected": float(np.mean(similarity)), "low": float(low), "high": float(high)}


def _error_sd_correlation(scored: ScoredForecasts) -> dict[str, float] | None:
    """Return the rank correlation of errors and deviations, with its reference."""
    error = np.abs(scored.value - scored.mean)
    rho = rank_correlation(error, scored.sd) if len(error) >= ENOUGH_TO_RANK else None
    return None if rho is None else {"value": rho, **_reference(scored.sd)}


def scores(scored: ScoredForecasts) -> dict[str, Any]:
    """Return the scores of N >= 1 forecasts; lengths are in the units of the modelled scale."""
    columns = (scored.mean, scored.sd, scored.value)
    return {
        "n": len(scored.value),
        "coverage": {f"{level:g}": coverage(scored.z, level) for level in LEVELS},
        "interval_90": float(scored.is_inside.mean()),
        "crps": float(crps(*columns).mean()),
        "nll": float(negative_log_likelihood(*columns).mean()),
        "sharpness": float(scored.sd.mean()),
        "rmse": float(np.sqrt(((scored.value - scored.mean) ** 2).mean())),
        "bias": float((scored.value - scored.mean).mean()),
        "error_sd_correlation": _error_sd_correlation(scored),
    }


def calibration(spec: CampaignSpec, history: History) -> dict[str, Any]:
    """Return the campaign's calibration record as plain JSON.

    For every measured objective with forecasts: the scores of each round and of all rounds together, and
    whether the recent ones drift.
    """
    results = results_by_forecast(history)
    record: dict[str, Any] = {}
    for objective in spec.objectives:
        forecasts = [item for item in history.forecasts if item.objective == objective.name]
        if objective.assay_type is None or not forecasts:
            continue
        rounds = {
            number: _outcomes([item for item in forecasts if item.round == number], results, spec, objective)
            for number in sorted({item.round for item in forecasts})
        }
        record[objective.name] = _objective_record(rounds)
    return record


def results_by_forecast(history: History) -> Mapping[tuple[int, str, str], Sequence[Measurement]]:
    """Return usable results by the round that proposed the object, the object and the assay type."""
    results: dict[tuple[int, str, str], list[Measurement]] = defaultdict(list)
    for result in history.measurements:
        if result.round is not None and result.outcome == "ok" and result.value is not None:
            results[result.round, result.object, result.type].append(result)
    return results


def _outcomes(
    forecasts: Iterable[Forecast],
    results: Mapping[tuple[int, str, str], Sequence[Measurement]],
    spec: CampaignSpec,
    objective: Objective,
) -> Outcomes:
    kind = objective.assay_type
    assert kind is not None
    transform = spec.transform_of(objective)
    rows, verdicts, n_open = [], [], 0
    for forecast in forecasts:
        measured = results.get((forecast.round, forecast.object, kind), [])
        predicted = forecast.prediction
        low, high = limits(predicted.low, predicted.high, transform)
        mean, value = to_model_scale(predicted.mean, transform), exact_mean(measured, transform)
        ends = [bounds(result, transform) for result in measured if is_censored(result)]
        if value is not None and math.isfinite(mean) and predicted.sd > 0:
            rows.append((mean, predicted.sd, low, high, value))
        elif value is None and ends:
            verdicts.append(all(low <= upper and lower <= high for lower, upper in ends))
        else:
            n_open += 1
    return Outcomes(tuple(rows), n_open, len(verdicts), sum(verdicts))


def is_censored(result: Measurement) -> bool:
    """Return whether a result is a bound or a range."""
    return result.relation in CENSORED or result.upper_value is not None


def exact_mean(results: Iterable[Measurement], transform: Transform) -> float | None:
    """Return the mean of the uncensored values on the modelled scale, None without any."""
    values = [
        to_model_scale(item.value, transform)
        for item in results
        if item.value is not None and not is_censored(item)
    ]
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else None


def _objective_record(rounds: Mapping[int, Outcomes]) -> dict[str, Any]:
    by_round = [{"round": number, **_round_record(outcomes)} for number, outcomes in rounds.items()]
    together = Outcomes(
        tuple(row for outcomes in rounds.values() for row in outcomes.rows),
        sum(outcomes.n_open for outcomes in rounds.values()),
        sum(outcomes.n_censored for outcomes in rounds.values()),
        sum(outcomes.n_consistent for outcomes in rounds.values()),
    )
    recent = [number for number, outcomes in rounds.items() if outcomes.rows][-RECENT_ROUNDS:]
    rows = tuple(row for number in recent for row in rounds[number].rows)
    return {
        "rounds": by_round,
        "all": _round_record(together),
        "drift": _drift(recent, Outcomes(rows, 0, 0, 0).scored()),
    }


def _round_record(outcomes: Outcomes) -> dict[str, Any]:
    counts = {"open": outcomes.n_open, "censored": outcomes.n_censored, "consistent": outcomes.n_consistent}
    return {**(scores(outcomes.scored()) if outcomes.rows else {"n": 0}), **counts}


def _drift(rounds: Sequence[int], scored: ScoredForecasts) -> dict[str, Any] | None:
    """Return exact tests of stored intervals (binomial) and mean |z| (simulated), None without results."""
    n = len(scored.value)
    if n == 0:
        return None
    from scipy.special import bdtr

    inside = int(scored.is_inside.sum())
    size = float(np.abs(scored.z).mean())
    usual = np.abs(np.random.default_rng(0).normal(size=(SIMULATIONS, n))).mean(axis=1)
    p_narrow = float(bdtr(inside, n, STORED_LEVEL)), (1 + int((usual >= size).sum())) / (1 + SIMULATIONS)
    at_least = 1.0 - float(bdtr(inside - 1, n, STORED_LEVEL)) if inside else 1.0  # bdtr knows no -1
    p_wide = at_least, (1 + int((usual <= size).sum())) / (1 + SIMULATIONS)
    return {
        "rounds": list(rounds),
        "n": n,
        "inside_90": inside,
        "error_ratio": size / math.sqrt(2 / math.pi),
        "p_too_narrow": {"interval_90": p_narrow[0], "errors": p_narrow[1]},
        "p_too_wide": {"interval_90": p_wide[0], "errors": p_wide[1]},
        "verdict": "too narrow"
        if min(p_narrow) < ALARM
        else "too wide"
        if min(p_wide) < ALARM
        else "no drift",
    }


def drift_messages(record: Mapping[str, Any]) -> list[Message]:
    """Return a message for every objective whose recent intervals drift.

    Args:
        record: the calibration by objective, as `calibration` returns it.
    """
    drifts = {name: item["drift"] for name, item in record.items()}
    return [
        _on_drift(name, drift) for name, drift in drifts.items() if drift and drift["verdict"] != "no drift"
    ]


def _on_drift(name: str, drift: Mapping[str, Any]) -> Message:
    params = {
        "objective": name,
        "inside": drift["inside_90"],
        "count": drift["n"],
        "rounds": drift["rounds"],
        "error_ratio": drift["error_ratio"],
    }
    if drift["verdict"] == "too narrow":
        return message("intervals_too_narrow", **params)
    return message("intervals_too_wide", **params)
