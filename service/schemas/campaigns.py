"""A campaign as the API answers it, and what may be changed of one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AliasChoices, Field

from service.schemas.base import Answer
from service.store.states import CampaignState


class Campaign(Answer):
    """What may be built, what is wanted, and how far it has come."""

    id: UUID
    name: str
    state: CampaignState
    spec: dict[str, Any] = Field(description="the CampaignSpec as it was accepted, defaults filled in")
    created_at: datetime
    updated_at: datetime
    rounds: int = Field(validation_alias=AliasChoices("n_rounds", "rounds"), description="rounds started so far")
    results: int = Field(validation_alias=AliasChoices("n_results", "results"), description="result rows stored so far")
