"""What a round measured of itself: its data, models, training, batch and advice. Versioned; stored as JSON.

Raise `SUMMARY_VERSION` when a key changes its meaning; a new key does not need it.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from models.summaries.base import Number, Summary, read_summary
from models.summaries.calibration import CalibrationRecord
from models.summaries.importance import RoundImportance
from models.summaries.proxies import ApplicabilitySummary, FeasibilitySummary, OutlierSummary, ProxySummary
from models.summaries.selection import (
    AlertCounts,
    BatchDiversity,
    BatchSettings,
    Draws,
    GuardrailSummary,
    StoppingAdvice,
)
from models.summaries.training import (
    BaseMeasureUsed,
    BetaRangeUsed,
    ComputationCost,
    Convergence,
    HazardListUsed,
    MultiplierSummary,
    PriorUsed,
    Reach,
    TrainingStart,
    TrainingSummary,
)

SUMMARY_VERSION = 1


class RoundSummary(Summary):
    """What a round measured of itself. A part that was not computed is null or empty."""

    data_digest: str | None = Field(default=None, description="SHA-256 of the data that the round knew")
    seed: int | None = Field(default=None, description="of every random number in the round")
    device: str | None = Field(default=None, description="that trained the policy")
    processor: str | None = Field(
        default=None, description="kind of processor; another may round differently"
    )
    versions: dict[str, str] = Field(
        default_factory=dict, description="of the packages that computed the round"
    )
    hazard_lists: list[HazardListUsed] = Field(default_factory=list, description="hazard lists in force")

    proxies: dict[str, ProxySummary] = Field(
        default_factory=dict, description="models and results, by assay type"
    )
    failed_proxies: dict[str, str] = Field(
        default_factory=dict, description="why proxies were not used, by name"
    )
    cold_start: list[str] = Field(default_factory=list, description="assay types without any usable result")
    feasibility: FeasibilitySummary | None = Field(
        default=None, description="failures to make or measure objects"
    )
    outliers: list[OutlierSummary] = Field(
        default_factory=list, description="the most striking results, 20 at most"
    )
    n_outliers: int | None = Field(default=None, description="all results that disagree with others")
    applicability: ApplicabilitySummary | None = Field(
        default=None, description="where predictions can be trusted"
    )
    calibration: dict[str, CalibrationRecord] = Field(
        default_factory=dict, description="forecasts of earlier rounds against results, by objective"
    )
    reach: Reach | None = Field(default=None, description="measured objects that the campaign's space holds")

    start: TrainingStart | None = Field(
        default=None, description="from which policy training began; null for a new one"
    )
    training: TrainingSummary | None = Field(default=None, description="null where nothing was trained")
    beta_range: BetaRangeUsed | None = Field(
        default=None, description="inverse temperatures of training; null where nothing was trained"
    )
    log_z: dict[str, Number] = Field(
        default_factory=dict, description="estimate of log Z, by inverse temperature"
    )
    convergence: list[Convergence] | None = Field(
        default=None,
        description="how near the policy came to its target, by inverse temperature; null if not computed",
    )
    base_measure: BaseMeasureUsed | None = Field(
        default=None, description="weights of sizes before any reward"
    )
    prior: PriorUsed | None = Field(default=None, description="what the sampler's policy started from")
    multipliers: list[MultiplierSummary] = Field(
        default_factory=list, description="constraints that a Lagrange multiplier enforces"
    )
    importance: RoundImportance | None = Field(default=None, description="null with too few values")

    sampled: int | None = Field(default=None, description="objects that were drawn or listed")
    draws: Draws | None = Field(default=None, description="where they came from")
    unique: int | None = Field(default=None, description="distinct objects among them")
    refused: dict[str, int] = Field(default_factory=dict, description="refused objects by reason, most first")
    allowed: int | None = Field(default=None, description="objects that the batch was chosen among")
    guardrails: dict[str, GuardrailSummary] = Field(
        default_factory=dict, description="by name of the guardrail"
    )
    selection: BatchSettings | None = Field(default=None, description="how the batch was chosen")
    chosen: int | None = Field(default=None, description="new candidates of the batch")
    again: int | None = Field(default=None, description="controls and replicates of the batch")
    space_filling: bool | None = Field(
        default=None, description="nothing ranked objects, so the batch covers the space"
    )
    alerts: AlertCounts | None = Field(default=None, description="structural alerts of the candidates")
    diversity: BatchDiversity | None = Field(default=None, description="of the new candidates")
    stopping: StoppingAdvice | None = Field(default=None, description="whether another round is worth it")
    cost: ComputationCost | None = Field(default=None, description="time and model evaluations")


def read_round_summary(document: Mapping[str, Any]) -> RoundSummary:
    """Return the stored summary of a round, whichever release wrote it."""
    return read_summary(RoundSummary, document)
