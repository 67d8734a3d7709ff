"""Whether predictions were right.

Forecasts of earlier rounds, scored against what was measured afterwards.
"""

from typing import Literal

from pydantic import Field

from models.summaries.base import Number, SummaryPart


class ErrorDeviationCorrelation(SummaryPart):
    """Whether large errors came with large deviations (Spearman), beside the value of exact deviations."""

    value: Number = Field(
        default=None, description="rank correlation of absolute errors and predicted deviations"
    )
    expected: Number = Field(default=None, description="its mean if the deviations were exactly right")
    low: Number = Field(default=None, description="5 % quantile of the same")
    high: Number = Field(default=None, description="95 % quantile of the same")


class ForecastScores(SummaryPart):
    """Scores of forecasts on the modelled scale (decades with log10).

    Null where no forecast met an exact value.
    """

    n: int = Field(description="forecasts that met an exact value")
    coverage: dict[str, Number] | None = Field(
        default=None,
        description="share of values inside the central Gaussian interval, by its nominal coverage",
    )
    interval_90: Number = Field(
        default=None, description="share of values inside the 90 % interval as predicted"
    )
    crps: Number = Field(default=None, description="mean continuous ranked probability score")
    nll: Number = Field(default=None, description="mean negative log-likelihood in nats")
    sharpness: Number = Field(default=None, description="mean predicted deviation")
    rmse: Number = Field(default=None, description="root mean squared error")
    bias: Number = Field(default=None, description="mean of value minus prediction")
    error_sd_correlation: ErrorDeviationCorrelation | None = Field(
        default=None, description="null with fewer than four forecasts"
    )
    open: int | None = Field(default=None, description="forecasts without a usable result")
    censored: int | None = Field(default=None, description="forecasts that met a limit, such as > 5")
    consistent: int | None = Field(
        default=None, description="of these, limits that agree with the 90 % interval"
    )


class DriftProbabilities(SummaryPart):
    """Probabilities of what was seen, were the predictions calibrated."""

    interval_90: Number = Field(
        default=None, description="of so many values inside the 90 % intervals (binomial)"
    )
    errors: Number = Field(default=None, description="of errors of such a size (simulated)")


class Drift(SummaryPart):
    """Whether the last rounds' uncertainties are still the right size."""

    rounds: list[int] = Field(description="the last rounds with results, three at most")
    n: int = Field(description="their forecasts that met an exact value")
    inside_90: int | None = Field(default=None, description="of these, values inside the 90 % interval")
    error_ratio: Number = Field(
        default=None, description="mean absolute error divided by what was predicted; 1 is right"
    )
    p_too_narrow: DriftProbabilities = Field(description="small where intervals are too narrow")
    p_too_wide: DriftProbabilities = Field(description="small where intervals are too wide")
    verdict: Literal["too narrow", "too wide", "no drift"] = Field(
        description="drift where a probability is under 0.01"
    )


class ObjectiveCalibration(SummaryPart):
    """All forecasts of one objective."""

    all: ForecastScores = Field(description="of all rounds together")
    drift: Drift | None = Field(description="null without results")


class RoundForecastScores(ForecastScores):
    """Scores of one round's forecasts."""

    round: int = Field(description="number of the round that forecast")


class CalibrationRecord(ObjectiveCalibration):
    """All forecasts of one objective, together and by round."""

    rounds: list[RoundForecastScores] = Field(default_factory=list, description="scores by round, ascending")
