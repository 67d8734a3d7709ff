"""Candidates, batches of them, and what a person may decide about one."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from models.messages.message import MessageRecord
from models.records import Outcome, Purpose, Relation
from service.schemas.base import Answer, Request
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


class Matched(BaseModel):
    """A measured object that differs by one exchange."""

    object: str = Field(description="its canonical text")
    change: str = Field(description="what it has, `>>`, and what replaces it: `H>>F`")


class Proposed(BaseModel):
    """One object from a policy with everything that explains it."""

    rank: int = Field(description="place in the batch, from 1")
    object: str = Field(description="canonical text")
    display: str = Field(description="what a person reads: SMILES, HELM, formula, recipe")
    columns: dict[str, Any] = Field(description="the object as table columns, as an upload accepts them")
    remarks: dict[str, str] = Field(
        default_factory=dict,
        description="what files say of the object beside its columns: `stereo` of molecules, which is "
        "`none`, `defined`, `racemate` or such as `2 of 4 isomers`",
    )
    predictions: dict[str, Prediction] = Field(description="by objective; only measured objectives have one")
    computed: dict[str, float] = Field(description="by property: what is known without an assay")
    acquisition: float = Field(description="what measuring it is worth by the campaign's acquisition")
    feasibility: float = Field(description="probability that it can be made and measured")
    guardrails: dict[str, float] = Field(
        description="by guardrail: the greatest risk that the data leave possible"
    )
    condition: Condition | None = Field(description="null for a replicate or a control, which no policy drew")
    log_reward: float | None = Field(
        description="log-reward under the condition; null where no policy drew it"
    )
    log_pf: float | None = Field(description="log-probability of the trajectory that built it; null likewise")
    nearest_measured: Nearest | None = Field(description="the most similar one; null without results")
    purpose: Purpose = Field(
        description="exploit and explore: a new object; replicate: a measured one again; control: part of "
        "every batch"
    )
    in_domain: bool | None = Field(
        default=None,
        description="near enough to measured objects to trust the predictions; null when nothing has been "
        "measured",
    )
    reason: str = Field(description="why this one, in plain sentences")
    messages: list[MessageRecord] = Field(
        default_factory=list,
        description="the sentences of `reason`; empty for candidates of earlier releases",
    )
    alerts: list[str] = Field(
        default_factory=list,
        description="structural alerts that the campaign's policy names, with their catalogue",
    )
    matched_pair: Matched | None = Field(
        default=None, description="a measured object that differs by one exchange, if any is near"
    )
    route: Any = Field(default=None, description="how to make it, for molecules built by reactions")


class ResultSoFar(Answer):
    """One result that a candidate has already."""

    id: UUID = Field(description="of the result")
    object: str = Field(description="what was really measured: its conditions may differ from those proposed")
    type: str = Field(description="the assay type")
    relation: Relation = Field(description="`=`, or the sign of a limit")
    value: float | None = Field(description="in the campaign's units; null for a failure")
    upper_value: float | None = Field(description="the end of a range")
    standard_error: float | None = Field(description="of the value")
    units: str | None = Field(description="the campaign's units")
    outcome: Outcome = Field(description="`ok`, or why there is no value")
    replicate: str | None = Field(description="which repeat it is")
    measured_at: datetime | None = Field(description="when it was measured")


class Candidate(Proposed):
    """One proposed object of a batch, what people decided about it and what came of it."""

    id: UUID = Field(description="names the candidate in every address and in uploads (`candidate_id`)")
    campaign_id: UUID = Field(description="the campaign that proposed it")
    status: CandidateStatus = Field(
        description="what became of it; `withdrawn`: nobody waits for it any more"
    )
    status_reason: str | None = Field(description="why it was rejected or withdrawn; results do not erase it")
    replaces: UUID | None = Field(default=None, description="the candidate whose place it took")
    compound_id: str | None = Field(
        default=None, description="the id that the laboratory gave the object with any of its results"
    )
    results: list[ResultSoFar] = Field(default_factory=list, description="what was measured so far")


class Decided(Candidate):
    """A candidate after a decision about it."""

    analogues: list[UUID] = Field(default_factory=list, description="candidates that were rejected with it")


class Batch(BaseModel):
    """The candidates of one round, by rank."""

    campaign_id: UUID = Field(description="the campaign")
    round: int = Field(description="the number of the round that proposed it")
    state: RoundState = Field(description="of the round")
    sha256: str | None = Field(
        default=None, description="of the released batch: `GET .../release` returns its bytes"
    )
    candidates: list[Candidate] = Field(description="by rank")
    reserves: list[Proposed] = Field(
        default_factory=list,
        description="what could take the place of a candidate that is given up, in this order",
    )


class ReleasedCandidate(Proposed):
    """A candidate as it was released."""

    id: UUID = Field(description="of the candidate")


class ReleasedBatch(BaseModel):
    """A released batch, frozen: its canonical JSON has sorted keys, no blanks and UTF-8."""

    campaign_id: UUID = Field(description="the campaign")
    round: int = Field(description="the number of the round")
    seed: int = Field(description="of every random number of the round")
    data_digest: str | None = Field(description="SHA-256 of the data from which the round was computed")
    specification_sha256: str = Field(description="SHA-256 of the round's specification")
    candidates: list[ReleasedCandidate] = Field(description="those that were released, by rank")


Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class Decision(Request):
    """What a person decides about a candidate."""

    status: Literal["proposed", "approved", "rejected", "withdrawn"] = Field(
        description="`proposed` takes an approval or a rejection back"
    )
    reason: Reason | None = Field(
        default=None,
        description="required to reject and to withdraw",
        examples=["too similar to a known irritant"],
    )
    analogues: bool = Field(
        default=False,
        description="reject, for the same reason, what is like it among the undecided of its batch",
    )
    similarity: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="from which likeness on something is an analogue; the domain's own measure of a family "
        "if absent",
        examples=[0.6],
    )


class DecisionRecord(Answer):
    """What was decided about a candidate, when and with which key; kept for ever."""

    status: CandidateStatus = Field(description="the status that the decision gave")
    reason: str | None = Field(description="why; null for an approval without one")
    similarity: float | None = Field(description="from which likeness on analogues were rejected as well")
    because_of: UUID | None = Field(description="the candidate whose analogue it is, or whose place it took")
    decided_by: str | None = Field(description="the id of the API key")
    decided_at: datetime = Field(description="when it was decided")
