"""A campaign as the API answers it, alone and in a list."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AliasChoices, Field

from service.schemas.base import Answer
from service.store.states import CampaignState


class CampaignSummary(Answer):
    """A campaign in a list: which one it is, and how far it has come."""

    id: UUID
    name: str
    state: CampaignState
    domain_kind: str = Field(description="what is designed: the `kind` of its domain")
    created_at: datetime
    updated_at: datetime
    rounds: int = Field(validation_alias=AliasChoices("n_rounds", "rounds"), description="rounds started so far")
    results: int = Field(validation_alias=AliasChoices("n_results", "results"), description="result rows stored so far")


class Campaign(CampaignSummary):
    """What may be built, what is wanted, and how far it has come."""

    spec: dict[str, Any] = Field(
        title="Accepted specification",
        description="the CampaignSpec as it was accepted, defaults filled in",
    )
