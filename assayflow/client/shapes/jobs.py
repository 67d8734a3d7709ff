"""What the API says of samples, predictions, backtests and insights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from assayflow.client.shapes.base import Job

if TYPE_CHECKING:
    from assayflow.client.shapes.results import UploadReport
    from assayflow.client.shapes.rounds import Matched, Nearest, Prediction, Proposed


class Samples(Job):
    """More candidates from a trained policy: the request, every choice made."""

    campaign_id: str
    request: dict[str, Any]


class SamplesAnswer(Samples):
    """A request for samples with its answer."""

    samples: list[Proposed] | None
    summary: dict[str, Any] | None


class PredictedRow(TypedDict):
    """What the campaign believes of one row's object; `low` and `high` bound the 90 % interval."""

    row: int
    object: str
    compound_id: str | None
    display: str
    predictions: dict[str, Prediction]
    computed: dict[str, float]
    acquisition: float
    feasibility: float
    guardrails: dict[str, float]
    nearest_measured: Nearest | None
    in_domain: bool | None
    alerts: list[str]
    matched_pair: Matched | None
    refused: list[str]
    messages: list[dict[str, Any]]


class Predictions(Job):
    """Predictions of the user's own objects."""

    campaign_id: str
    request: dict[str, Any]


class PredictionsAnswer(Predictions):
    """Predictions, with what became of every row."""

    report: UploadReport | None
    rows: list[PredictedRow] | None


class Backtest(Job):
    """A backtest in a list: a single backtest also has the specification."""

    name: str
    request: dict[str, Any]


class BacktestAnswer(Job):
    """A backtest with its answer."""

    request: dict[str, Any]
    objects: int | None
    report: UploadReport | None
    result: dict[str, Any] | None


class FigureLink(TypedDict):
    """A figure that can be downloaded."""

    name: str
    title: str
    svg: str
    png: str


class Insights(TypedDict):
    """What a campaign has brought so far."""

    campaign_id: str
    name: str
    statements: list[str]
    messages: list[dict[str, Any]]
    objectives: list[dict[str, Any]]
    pareto: dict[str, Any]
    initial: dict[str, Any]
    hits: dict[str, Any]
    rounds: list[dict[str, Any]]
    calibration: dict[str, dict[str, Any]]
    importance: dict[str, Any] | None
    figures: list[FigureLink]
