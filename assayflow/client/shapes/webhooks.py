"""What the API says of webhooks, deliveries and archived events."""

from __future__ import annotations

from typing import TypedDict


class DeliveryProblem(TypedDict):
    """Why an attempt failed, or an endpoint was disabled."""

    title: str
    detail: str


class DeliveryAttempt(TypedDict):
    """One attempt of a delivery; nothing of the answer is kept but its status."""

    at: str
    status: int | None
    seconds: float
    problem: str | None


class Webhook(TypedDict):
    """An endpoint without its secret."""

    id: str
    url: str
    types: list[str]
    description: str | None
    status: str
    problem: DeliveryProblem | None
    failing_since: str | None
    quiet_until: str | None
    waiting: int
    old_secret_until: str | None
    created_at: str
    updated_at: str


class NewWebhook(Webhook):
    """An endpoint that has just been given a secret."""

    secret: str | None


class WebhookDelivery(TypedDict):
    """One message to one endpoint."""

    id: str
    message_id: str
    type: str
    state: str
    tries: int
    due_at: str
    problem: DeliveryProblem | None
    created_at: str
    done_at: str | None
    attempts: list[DeliveryAttempt]


class Replayed(TypedDict):
    """What is sent again."""

    replayed: int


class ArchivedEvent(TypedDict):
    """Something that happened in the workspace. What it is about is read from its `href`, with a key."""

    id: str
    type: str
    data: dict[str, str | int | None]
    created_at: str
