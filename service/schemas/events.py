"""Events, and the messages by which webhook endpoints hear of them: ids, counts and links alone."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from service.outbox.events import EventType
from service.schemas.base import Answer


class Event(Answer):
    """Something that happened in the workspace. What it is about is read from its `href`, with a key."""

    id: UUID = Field(description="the `webhook-id` of its deliveries")
    type: EventType = Field(description="what happened")
    data: dict[str, str | int | None] = Field(description="ids, counts and a link; see its message")
    created_at: datetime = Field(description="when it happened")


class EventData(BaseModel):
    """What every event is about."""

    model_config = ConfigDict(extra="forbid")


class _OfCampaign(EventData):
    campaign_id: UUID = Field(description="the campaign")
    href: str = Field(description="where to read it, below this service's address")


class _OfRound(_OfCampaign):
    round_id: UUID = Field(description="the round's id")
    round: int = Field(description="the round's number")


class RoundFailed(_OfRound):
    """A round could not be computed; it says why, and can be started again."""


class BatchReady(_OfRound):
    """A round has proposed its batch, which can be reviewed now."""

    n_candidates: int = Field(description="how many candidates it has; 0 where none was found")


class BatchReleased(_OfRound):
    """A batch was released to the lab and is frozen."""

    n_candidates: int = Field(description="how many candidates were released")
    batch_sha256: str = Field(description="SHA-256 of the released batch")


class ResultsStored(_OfCampaign):
    """Results were stored; one event for each upload."""

    upload_id: UUID = Field(description="the upload")
    n_stored: int = Field(description="how many results were stored, corrections included")
    n_corrections: int = Field(description="how many of them took the place of others")


class ResultsRejected(_OfCampaign):
    """Rows of an upload were rejected; one event for each upload."""

    upload_id: UUID | None = Field(description="the upload; null where nothing of it was kept")
    n_rejected: int = Field(description="how many rows were rejected")


class CampaignCompleted(_OfCampaign):
    """A campaign was archived: it is over, and can only be read."""


class ConnectorNeedsAttention(EventData):
    """A connector to a lab system waits for a person."""

    connector_id: UUID = Field(description="the connector")
    campaign_id: UUID | None = Field(default=None, description="whose results wait, where some do")
    receipt_id: UUID | None = Field(default=None, description="what came in and was not all stored")
    href: str | None = Field(default=None, description="where to look, below this service's address")
    refused: int = Field(default=0, description="how many things the other system refused")
    dead: int = Field(default=0, description="how many things were given up after many attempts")
    broken: int = Field(default=0, description="1 where it does nothing until its settings are mended")
    failing: int = Field(default=0, description="1 where its results could not be read for an hour")


class WebhookTest(EventData):
    """A user tries the webhook; this is in no archive."""

    webhook_id: UUID = Field(description="the webhook")
    href: str = Field(description="where to read it, below this service's address")


class Message(BaseModel):
    """What is posted to a webhook endpoint (Standard Webhooks 1.0)."""

    timestamp: datetime = Field(description="when it happened")


class RoundFailedMessage(Message):
    """A round has failed."""

    type: Literal["round.failed"] = Field(description="what happened")
    data: RoundFailed = Field(description="which round")


class BatchReadyMessage(Message):
    """A batch is ready."""

    type: Literal["batch.ready"] = Field(description="what happened")
    data: BatchReady = Field(description="which batch")


class BatchReleasedMessage(Message):
    """A batch was released to the lab."""

    type: Literal["batch.released"] = Field(description="what happened")
    data: BatchReleased = Field(description="which batch")


class ResultsStoredMessage(Message):
    """Results were stored."""

    type: Literal["results.stored"] = Field(description="what happened")
    data: ResultsStored = Field(description="of which campaign and upload")


class ResultsRejectedMessage(Message):
    """Rows of an upload were rejected."""

    type: Literal["results.rejected"] = Field(description="what happened")
    data: ResultsRejected = Field(description="of which campaign and upload")


class CampaignCompletedMessage(Message):
    """A campaign was archived."""

    type: Literal["campaign.completed"] = Field(description="what happened")
    data: CampaignCompleted = Field(description="which campaign")


class ConnectorNeedsAttentionMessage(Message):
    """A connector waits for a person."""

    type: Literal["connector.needs_attention"] = Field(description="what happened")
    data: ConnectorNeedsAttention = Field(description="which connector, and why")


class WebhookTestMessage(Message):
    """A user tries the webhook."""

    type: Literal["webhook.test"] = Field(description="what happened")
    data: WebhookTest = Field(description="which webhook")


MESSAGES: dict[str, type[Message]] = {
    "round.failed": RoundFailedMessage,
    "batch.ready": BatchReadyMessage,
    "batch.released": BatchReleasedMessage,
    "results.stored": ResultsStoredMessage,
    "results.rejected": ResultsRejectedMessage,
    "campaign.completed": CampaignCompletedMessage,
    "connector.needs_attention": ConnectorNeedsAttentionMessage,
    "webhook.test": WebhookTestMessage,
}
"""The message of each type."""
