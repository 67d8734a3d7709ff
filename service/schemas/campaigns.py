"""A campaign as the API answers it, alone and in a list."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AliasChoices, Field

from service.schemas.base import Answer
from service.store.states import CampaignState


class CampaignSummary(Answer):
    """A campaign in a list: which one it is, and how far it has come."""

    id: UUID = Field(description="names the campaign in every address")
    name: str = Field(description="as the specification says")
    state: CampaignState = Field(description="an archived campaign can be read, not changed")
    domain_kind: str = Field(description="what is designed: the `kind` of its domain")
    created_at: datetime = Field(description="when it was created")
    updated_at: datetime = Field(description="when its specification or state last changed")
    rounds: int = Field(
        validation_alias=AliasChoices("n_rounds", "rounds"), description="rounds started so far"
    )
    results: int = Field(
        validation_alias=AliasChoices("n_results", "results"), description="result rows stored so far"
    )


class Campaign(CampaignSummary):
    """What may be built, what is wanted, and how far it has come."""

    spec: dict[str, Any] = Field(
        title="Accepted specification",
        description="the CampaignSpec as it was accepted, defaults filled in",
    )
