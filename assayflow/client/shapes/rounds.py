"""What the API says of rounds, batches and candidates."""

from __future__ import annotations

from typing import Any, TypedDict

from assayflow.client.shapes.base import Job


class Round(Job):
    """One turn of a campaign: from its data to a batch, and from the batch to results."""

    number: int
    campaign_id: str
    released_at: str | None
    released_by: str | None
    batch_sha256: str | None
    seed: int
    summary: dict[str, Any] | None
    results_changed_since: dict[str, Any]


class Prediction(TypedDict):
    """What is expected of one objective; `low` and `high` bound the 90 % interval."""

    mean: float
    sd: float
    low: float
    high: float


class Condition(TypedDict):
    """What the policy was conditioned on: the inverse temperature and the weight of each objective."""

    beta: float
    preference: dict[str, float]


class Nearest(TypedDict):
    """The most similar measured object."""

    object: str
    similarity: float


class ResultSoFar(TypedDict):
    """One result that a candidate has already."""

    id: str
    object: str
    type: str
    relation: str
    value: float | None
    upper_value: float | None
    standard_error: float | None
    units: str | None
    outcome: str
    replicate: str | None
    measured_at: str | None


class Matched(TypedDict):
    """A measured object that differs by one exchange."""

    object: str
    change: str


class Proposed(TypedDict):
    """One object from a policy with everything that explains it."""

    rank: int
    object: str
    display: str
    columns: dict[str, Any]
    remarks: dict[str, str]
    predictions: dict[str, Prediction]
    computed: dict[str, float]
    acquisition: float
    feasibility: float
    guardrails: dict[str, float]
    condition: Condition | None
    log_reward: float | None
    log_pf: float | None
    nearest_measured: Nearest | None
    purpose: str
    in_domain: bool | None
    reason: str
    messages: list[dict[str, Any]]
    alerts: list[str]
    matched_pair: Matched | None
    route: Any


class Candidate(Proposed):
    """One proposed object of a batch, what people decided about it and what came of it."""

    id: str
    campaign_id: str
    status: str
    status_reason: str | None
    replaces: str | None
    compound_id: str | None
    results: list[ResultSoFar]


class Decided(Candidate):
    """A candidate after a decision about it."""

    analogues: list[str]


class DecisionRecord(TypedDict):
    """What was decided about a candidate, when and with which key; kept for ever."""

    status: str
    reason: str | None
    similarity: float | None
    because_of: str | None
    decided_by: str | None
    decided_at: str


class Batch(TypedDict):
    """The candidates of one round, by rank."""

    campaign_id: str
    round: int
    state: str
    sha256: str | None
    candidates: list[Candidate]
    reserves: list[Proposed]


class ReleasedCandidate(Proposed):
    """A candidate as it was released."""

    id: str


class ReleasedBatch(TypedDict):
    """A released batch, frozen: its canonical JSON has sorted keys, no blanks and UTF-8."""

    campaign_id: str
    round: int
    seed: int
    data_digest: str | None
    specification_sha256: str
    candidates: list[ReleasedCandidate]
