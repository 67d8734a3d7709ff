"""Candidates, batches of them, and what a person may decide about one."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from models.messages.message import MessageRecord
from models.records import Purpose
from service.schemas.base import Request
from service.store.states import CandidateStatus, RoundState


class Prediction(BaseModel):
    """What is expected of one objective; `low` and `high` bound the 90 % interval."""

    mean: float
    sd: float
    low: float
    high: float


class Condition(BaseModel):
    """What the policy was asked for: the inverse temperature and the weight of each objective."""

    beta: float
    preference: dict[str, float]


class Nearest(BaseModel):
    """The most similar measured object."""

    object: str
    similarity: float


class Proposed(BaseModel):
    """One object from a policy with everything that explains it."""

    rank: int
    object: str = Field(description="canonical text")
    display: str = Field(description="what a person reads: SMILES, HELM, formula, recipe")
    columns: dict[str, Any] = Field(description="the object as table columns, as an upload accepts them")
    predictions: dict[str, Prediction]
    computed: dict[str, float]
    acquisition: float
    feasibility: float
    guardrails: dict[str, float]
    condition: Condition | None = Field(description="null for a replicate or a control, which no policy drew")
    log_reward: float | None
    log_pf: float | None
    nearest_measured: Nearest | None
    purpose: Purpose = Field(
        description="exploit and explore: a new object; replicate: a measured one again; control: part of every batch"
    )
    in_domain: bool | None = Field(
        default=None,
        description="near enough to measured objects to trust the predictions; null when nothing has been measured",
    )
    reason: str = Field(description="why this one, in plain sentences")
    messages: list[MessageRecord] = Field(
        default_factory=list, description="the sentences of `reason`; empty for candidates of earlier releases"
    )
    route: Any = Field(default=None, description="how to make it, for molecules built by reactions")


class Candidate(Proposed):
    """One proposed object of a batch, and what people decided about it."""

    id: UUID
    campaign_id: UUID
    status: CandidateStatus
    status_reason: str | None


class Batch(BaseModel):
    """The candidates of one round, by rank."""

    campaign_id: UUID
    round: int
    state: RoundState
    candidates: list[Candidate]


class Decision(Request):
    """What a person decides about a candidate."""

    status: Literal["proposed", "approved", "rejected", "withdrawn"] = Field(
        description="`proposed` takes an approval or a rejection back"
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)] | None = Field(
        default=None, description="required to reject and to withdraw", examples=["too similar to a known irritant"]
    )
