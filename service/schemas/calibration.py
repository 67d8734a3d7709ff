"""Whether predictions were right: forecasts of earlier rounds, scored against what was measured afterwards."""

from typing import Literal

from pydantic import BaseModel, Field


class ErrorDeviationCorrelation(BaseModel):
    """Whether large errors came with large deviations (Spearman), beside what exactly right deviations would give."""

    value: float = Field(description="rank correlation of absolute errors and predicted deviations")
    expected: float = Field(description="its mean if the deviations were exactly right")
    low: float = Field(description="5 % quantile of the same")
    high: float = Field(description="95 % quantile of the same")


class ForecastScores(BaseModel):
    """Scores of forecasts on the modelled scale (decades with log10); null where no forecast met an exact value."""

    n: int = Field(description="forecasts that met an exact value")
    coverage: dict[str, float] | None = Field(
        default=None, description="share of values inside the central Gaussian interval, by its nominal coverage"
    )
    interval_90: float | None = Field(default=None, description="share of values inside the 90 % interval as predicted")
    crps: float | None = Field(default=None, description="mean continuous ranked probability score")
    nll: float | None = Field(default=None, description="mean negative log-likelihood in nats")
    sharpness: float | None = Field(default=None, description="mean predicted deviation")
    rmse: float | None = Field(default=None, description="root mean squared error")
    bias: float | None = Field(default=None, description="mean of value minus prediction")
    error_sd_correlation: ErrorDeviationCorrelation | None = Field(
        default=None, description="null with fewer than four forecasts"
    )
    open: int = Field(description="forecasts without a usable result")
    censored: int = Field(description="forecasts that met a limit, such as > 5")
    consistent: int = Field(description="of these, limits that agree with the 90 % interval")


class DriftProbabilities(BaseModel):
    """Probabilities of what was seen, were the predictions calibrated."""

    interval_90: float = Field(description="of so many values inside the 90 % intervals (binomial)")
    errors: float = Field(description="of errors of such a size (simulated)")


class Drift(BaseModel):
    """Whether the last rounds' uncertainties are still the right size."""

    rounds: list[int] = Field(description="the last rounds with results, three at most")
    n: int = Field(description="their forecasts that met an exact value")
    inside_90: int = Field(description="of these, values inside the 90 % interval")
    error_ratio: float = Field(description="mean absolute error divided by what was predicted; 1 is right")
    p_too_narrow: DriftProbabilities = Field(description="small where intervals are too narrow")
    p_too_wide: DriftProbabilities = Field(description="small where intervals are too wide")
    verdict: Literal["too narrow", "too wide", "no drift"] = Field(
        description="drift where a probability is under 0.01"
    )


class ObjectiveCalibration(BaseModel):
    """All forecasts of one objective."""

    all: ForecastScores = Field(description="of all rounds together")
    drift: Drift | None = Field(description="null without results")
