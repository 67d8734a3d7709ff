"""A round and what happens in it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from models.summaries.round import RoundSummary, read_round_summary
from service.schemas.base import Answer, Request
from service.schemas.problems import Failure
from service.store.states import RoundState


class RoundRequest(Request):
    """What may be said when a round is started: nothing yet, so that an unknown wish is not ignored."""


class ResultsChanged(Answer):
    """How many of the results that a round could read were amended after it started."""

    withdrawn: int = Field(description="results that count no more")
    corrected: int = Field(description="results that another stands in the place of")


class Round(Answer):
    """One turn of a campaign: from its data to a batch, and from the batch to results."""

    id: UUID = Field(description="of the round")
    number: int = Field(description="from 1, in order")
    campaign_id: UUID = Field(description="the campaign")
    state: RoundState = Field(description="where the round is on its way")
    progress: float = Field(ge=0, le=1, description="share of the computation that is done")
    message: str = Field(description="what is happening, for a person")
    created_at: datetime = Field(description="when it was asked for")
    started_at: datetime | None = Field(description="when a worker began; null before")
    finished_at: datetime | None = Field(description="when the computation ended")
    released_at: datetime | None = Field(description="when the batch went to the lab; it is frozen since")
    released_by: str | None = Field(description="the id of the API key that released it")
    batch_sha256: str | None = Field(description="SHA-256 of the released batch, whose bytes are at `.../release`")
    seed: int = Field(description="of every random number in it")
    summary: Annotated[RoundSummary, BeforeValidator(read_round_summary)] | None = Field(
        description="what the round measured of itself; null until it has ended"
    )
    failure: Failure | None = Field(description="why, when the state is failed")
    results_changed_since: ResultsChanged = Field(
        default=ResultsChanged(withdrawn=0, corrected=0),
        description="results it was computed from that were withdrawn or corrected since: a retry reads them as they "
        "were, the next round as they are",
    )


class RoundEvent(Answer):
    """One step of a round: the data of a server-sent event, whose id is the event's `id`."""

    state: RoundState = Field(description="the round's state")
    progress: float = Field(ge=0, le=1, description="share of the computation that is done")
    message: str = Field(description="what is happening, for a person")
    at: datetime = Field(description="when it happened")
