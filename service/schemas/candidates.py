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

    mean: float = Field(description="expected value in the objective's units; the median with log10")
    sd: float = Field(description="standard deviation; in decades with log10")
    low: float = Field(description="lower end of the interval, in the objective's units")
    high: float = Field(description="upper end of the interval, in the objective's units")


class Condition(BaseModel):
    """What the policy was asked for: the inverse temperature and the weight of each objective."""

    beta: float = Field(description="inverse temperature: the higher, the greedier")
    preference: dict[str, float] = Field(description="by objective; all weights sum to 1")


class Nearest(BaseModel):
    """The most similar measured object."""

    object: str = Field(description="its canonical text")
    similarity: float = Field(description="from 0 to 1, by the domain's own measure")


class Proposed(BaseModel):
    """One object from a policy with everything that explains it."""

    rank: int = Field(description="place in the batch, from 1")
    object: str = Field(description="canonical text")
    display: str = Field(description="what a person reads: SMILES, HELM, formula, recipe")
    columns: dict[str, Any] = Field(description="the object as table columns, as an upload accepts them")
    predictions: dict[str, Prediction] = Field(description="by objective; only measured objectives have one")
    computed: dict[str, float] = Field(description="by property: what is known without an assay")
    acquisition: float = Field(description="what measuring it is worth by the campaign's acquisition")
    feasibility: float = Field(description="probability that it can be made and measured")
    guardrails: dict[str, float] = Field(description="by guardrail: the greatest risk that the data leave possible")
    condition: Condition | None = Field(description="null for a replicate or a control, which no policy drew")
    log_reward: float | None = Field(description="log-reward under the condition; null where no policy drew it")
    log_pf: float | None = Field(description="log-probability of the trajectory that built it; null likewise")
    nearest_measured: Nearest | None = Field(description="the most similar one; null without results")
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

    id: UUID = Field(description="names the candidate in every address and in uploads (`candidate_id`)")
    campaign_id: UUID = Field(description="the campaign that proposed it")
    status: CandidateStatus = Field(description="what became of it; `withdrawn`: nobody waits for it any more")
    status_reason: str | None = Field(description="what the person said who rejected or withdrew it")


class Batch(BaseModel):
    """The candidates of one round, by rank."""

    campaign_id: UUID = Field(description="the campaign")
    round: int = Field(description="the number of the round that proposed it")
    state: RoundState = Field(description="of the round")
    candidates: list[Candidate] = Field(description="by rank")


class Decision(Request):
    """What a person decides about a candidate."""

    status: Literal["proposed", "approved", "rejected", "withdrawn"] = Field(
        description="`proposed` takes an approval or a rejection back"
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)] | None = Field(
        default=None, description="required to reject and to withdraw", examples=["too similar to a known irritant"]
    )
