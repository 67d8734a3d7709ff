"""What routes of webhooks share: which webhook is meant, who may read or change it, and how it is shown."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Response
from sqlalchemy.orm import Session

from service.api.conventions import answer, etag
from service.api.dependencies import Admin, Reader
from service.api.documentation import Responses, header
from service.integrations import replaying, webhooks
from service.integrations.webhooks import NewSecret, Scope
from service.schemas.webhooks import NewWebhook, Webhook, WebhookDelivery
from service.store import tables

QUEUED: Responses = {202: {"description": "It waits to be sent", **header("Location", "its address")}}

WebhookId = Annotated[
    UUID, Path(description="the webhook's id", examples=["4b8e1d2f-6a3c-4e5d-9f70-1c2b3a4d5e6f"])
]
DeliveryId = Annotated[
    UUID, Path(description="the delivery's id", examples=["6e5d4c3b-2a19-4807-b6c5-d4e3f2a1b0c9"])
]


async def scope_to_read(webhook_id: WebhookId, caller: Reader) -> Scope:
    """Return whose webhook is read, and which."""
    return Scope(caller.workspace_id, webhook_id)


async def scope_to_change(webhook_id: WebhookId, caller: Admin) -> Scope:
    """Return whose webhook is changed, and which."""
    return Scope(caller.workspace_id, webhook_id)


ReadWebhook = Annotated[Scope, Depends(scope_to_read)]
ChangeWebhook = Annotated[Scope, Depends(scope_to_change)]


def webhook_response(session: Session, row: tables.WebhookEndpoint) -> Response:
    """Answer with a webhook and its version."""
    shown = Webhook.model_validate(webhooks.view(session, row))
    return answer(shown, headers={"ETag": etag(row.version)})


def secret_response(
    session: Session, made: NewSecret, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a webhook and its new secret."""
    shown = NewWebhook.model_validate({**webhooks.view(session, made.row), "secret": made.secret})
    return answer(shown, status, {"ETag": etag(made.row.version), **(headers or {})})


def delivery_response(session: Session, scope: Scope, delivery_id: UUID) -> Response:
    """Answer 202 with a delivery and where to follow it."""
    shown = WebhookDelivery.model_validate(replaying.get_delivery(session, scope, delivery_id))
    return answer(shown, 202, {"Location": f"/v1/webhooks/{scope.endpoint_id}/deliveries/{delivery_id}"})
