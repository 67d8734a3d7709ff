"""What the tools return: the members of the API's answers that a model needs, without the long ones."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

_MOST_ROWS = 50
Shares = dict[str, dict[str, float]]


class CampaignItem(BaseModel):
    """A campaign in a list."""

    id: str
    name: str
    state: str
    domain_kind: str
    rounds: int
    results: int


class CampaignDetails(CampaignItem):
    """A campaign with its specification."""

    spec: dict[str, Any]


class ResultItem(BaseModel):
    """One stored result."""

    id: str
    object: str
    type: str
    relation: str
    value: float | None
    units: str | None
    outcome: str
    status: str
    candidate_id: str | None


class ReportRow(BaseModel):
    """One row of an upload that was rejected or has a warning."""

    row: int
    status: str
    column: str | None = None
    reason: str | None = None
    warnings: list[str] = []


class UploadSummary(BaseModel):
    """What became of an upload; `rows` are the first that were rejected or have a warning."""

    accepted: int
    rejected: int
    duplicates: int
    skipped: int
    is_dry_run: bool = Field(description="nothing was stored")
    read_as: dict[str, str] = Field(description="each column of the table, and what it was read as")
    warnings: list[str]
    rows: list[ReportRow]


class RoundItem(BaseModel):
    """A round: from the campaign's data to a batch of candidates."""

    number: int
    state: str
    progress: float
    message: str
    released_at: str | None
    statements: list[str] = Field(description="what the round says of its models and its batch")


class CandidateItem(BaseModel):
    """A candidate with what is expected of it and why it was chosen."""

    id: str
    rank: int
    object: str
    display: str
    status: str
    predictions: Shares = Field(description="by objective: mean, sd and a 90 % interval")
    computed: dict[str, float]
    feasibility: float
    reason: str


class BatchDetails(BaseModel):
    """The candidates of a round, by rank."""

    round: int
    state: str
    candidates: list[CandidateItem]


class SampleItem(BaseModel):
    """An object that the trained policy proposes."""

    object: str
    display: str
    predictions: Shares
    computed: dict[str, float]
    reason: str


class PredictionItem(BaseModel):
    """What is expected of one of the caller's own objects."""

    row: int
    object: str
    predictions: Shares
    computed: dict[str, float]
    feasibility: float
    in_domain: bool | None
    refused: list[str] = Field(description="why the campaign would not propose it")


class PredictionsDetails(BaseModel):
    """Predictions, and the rows that are no object of the campaign's domain."""

    predictions: list[PredictionItem]
    rejected: list[ReportRow]


class InsightsDetails(BaseModel):
    """What a campaign has brought so far."""

    statements: list[str]
    pareto_front: list[dict[str, Any]] = Field(description="the best trade-offs that were measured")
    rounds: list[dict[str, Any]] = Field(description="for each round: best values, hit rate, diversity")


class Done(BaseModel):
    """What was done."""

    detail: str


Table = Annotated[
    list[dict[str, Any]],
    Field(
        min_length=1,
        description="one object for each row. Columns: candidate_id, or the object itself (smiles, sequence, "
        "formula ...); type, value, units; optionally relation (= < > ...), outcome, replicate, external_id",
    ),
]


def upload_summary(report: Any, *, is_dry_run: bool) -> UploadSummary:
    """Return the report of an upload in short."""
    rows = [row for row in report["rows"] if row["status"] == "rejected" or row["warnings"]]
    return UploadSummary(
        **{name: report[name] for name in ("accepted", "rejected", "duplicates", "skipped", "warnings")},
        is_dry_run=is_dry_run,
        read_as=(report["reading"] or {}).get("columns") or {},
        rows=[ReportRow.model_validate(row) for row in rows[:_MOST_ROWS]],
    )


def round_item(found: Any) -> RoundItem:
    """Return a round in short."""
    return RoundItem.model_validate({**found, "statements": (found["summary"] or {}).get("statements", [])})
