"""Webhooks: endpoints that hear of events, and their deliveries. A secret is in one answer only."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints

from service.outbox.events import EventType
from service.schemas.api_keys import must_be_text
from service.schemas.base import Answer, Request
from service.store.states import LaneStatus, OutboxState

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Description = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
Types = Annotated[list[EventType], Field(max_length=50)]
_URL = "where messages are posted: https, or an address that the operator has listed"
_TYPES = "the events that it hears of; all, also those to come, when empty"


class WebhookRequest(Request):
    """An endpoint to be registered."""

    url: Url = Field(description=_URL, examples=["https://lab.example.org/hooks/assayflow"])
    types: Types = Field(default=[], description=_TYPES)
    description: Description | None = Field(default=None, description="whose it is, or what for")


class WebhookChange(Request):
    """Members to change; what is absent stays."""

    url: Url = Field(default="", description=_URL)
    types: Types = Field(default=[], description=_TYPES)
    description: Description | None = Field(default=None, description="whose it is, or what for")


class DeliveryProblem(Answer):
    """Why an attempt failed, or an endpoint was disabled."""

    title: str = Field(description="the kind of failure")
    detail: str = Field(description="what happened; nothing of the receiver's answer but its status")


class Webhook(Answer):
    """An endpoint without its secret."""

    id: UUID = Field(description="names the webhook in its address")
    url: str = Field(description="where messages are posted; values in its query are not shown")
    types: list[EventType] = Field(description=_TYPES)
    description: str | None = Field(description="whose it is, or what for")
    status: LaneStatus = Field(
        description="active; paused by a person, while messages wait; or broken: disabled, as its receiver "
        "is gone or did not answer for five days, until a user resumes it"
    )
    problem: DeliveryProblem | None = Field(description="why the last attempt failed, or it was disabled")
    failing_since: datetime | None = Field(description="since when no attempt has succeeded; null if one has")
    quiet_until: datetime | None = Field(description="the receiver wants no message before this time")
    waiting: int = Field(description="how many deliveries wait")
    old_secret_until: datetime | None = Field(
        description="a replaced secret signs beside the new one until then; null without one"
    )
    created_at: datetime = Field(description="when it was registered")
    updated_at: datetime = Field(description="when a user changed it last")


class NewWebhook(Webhook):
    """An endpoint that has just been given a secret."""

    secret: str | None = Field(
        description="signs the messages, `whsec_` and Base64; shown once: null when the answer is a replay"
    )


class RotateRequest(Request):
    """How a secret is replaced."""

    revoke: bool = Field(
        default=False, description="the old secret signs no more, at once; else it does for 24 hours"
    )


class DeliveryAttempt(Answer):
    """One attempt of a delivery; nothing of the answer is kept but its status."""

    at: datetime = Field(description="when it was made")
    status: int | None = Field(description="the status of the answer; null where none arrived")
    seconds: float = Field(description="how long it took")
    problem: str | None = Field(description="why no answer arrived")


class WebhookDelivery(Answer):
    """One message to one endpoint."""

    id: UUID = Field(description="names the delivery in its address")
    message_id: UUID = Field(validation_alias="key", description="its `webhook-id`: the id of its event")
    type: str = Field(description="what happened, or `webhook.test`")
    state: OutboxState = Field(
        description="waiting; done: the receiver took it; dead: given up after ten repeated attempts"
    )
    tries: int = Field(description="how many attempts failed or succeeded")
    due_at: datetime = Field(description="the next attempt is not before this time, while it waits")
    problem: DeliveryProblem | None = Field(description="why the last attempt failed")
    created_at: datetime = Field(description="when the message was made")
    done_at: datetime | None = Field(description="when it was taken or given up")
    attempts: list[DeliveryAttempt] = Field(description="the attempts of the last 30 days, in order")


class ReplayRequest(Request):
    """What is sent again."""

    since: Annotated[AwareDatetime, BeforeValidator(must_be_text)] = Field(
        description="events from this time on", examples=["2026-03-02T00:00:00Z"]
    )
    which: Literal["all", "undelivered"] = Field(
        default="all", description="all that it wants, or those that it did not take or never heard of"
    )


class Replayed(Answer):
    """What is sent again."""

    replayed: int = Field(description="how many deliveries wait to be sent")
