"""A round and what happens in it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from models.summaries.round import RoundSummary, read_round_summary
from service.schemas.base import Answer, Request
from service.store.states import RoundState


class RoundRequest(Request):
    """What may be said when a round is started: nothing yet, so that an unknown wish is not ignored."""


class ResultsChanged(Answer):
    """How many of the results that a round could read were amended after it started."""

    withdrawn: int
    corrected: int


class Round(Answer):
    """One turn of a campaign: from its data to a batch, and from the batch to results."""

    id: UUID
    number: int
    campaign_id: UUID
    state: RoundState
    progress: float = Field(ge=0, le=1, description="share of the computation that is done")
    message: str = Field(description="what is happening, for a person")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None = Field(description="when the computation ended")
    released_at: datetime | None = Field(description="when the batch went to the lab")
    seed: int
    summary: Annotated[RoundSummary, BeforeValidator(read_round_summary)] | None = Field(
        description="what the round measured of itself; null until it has ended"
    )
    failure: dict[str, Any] | None = Field(description="a problem (RFC 9457) when the state is failed")
    results_changed_since: ResultsChanged = Field(
        default=ResultsChanged(withdrawn=0, corrected=0),
        description="results it was computed from that were withdrawn or corrected since: a retry reads them as they "
        "were, the next round as they are",
    )


class RoundEvent(Answer):
    """One step of a round: the data of a server-sent event, whose id is the event's `id`."""

    state: RoundState
    progress: float = Field(ge=0, le=1)
    message: str
    at: datetime
