"""Routes of deliveries: what was sent to a webhook, and sending it again."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.api.body import StrictRoute
from service.api.conventions import PageQuery, answer
from service.api.dependencies import Admin, Transaction
from service.api.documentation import LINK, guarded
from service.api.idempotency import Once
from service.api.webhooks import QUEUED, ChangeWebhook, DeliveryId, ReadWebhook, delivery_response
from service.integrations import replaying
from service.schemas.base import Page
from service.schemas.connectors import Skip
from service.schemas.webhooks import WebhookDelivery
from service.store.states import OutboxState

router = APIRouter(prefix="/v1/webhooks/{webhook_id}/deliveries", tags=["webhooks"], route_class=StrictRoute)

StateQuery = Annotated[OutboxState | None, Query(description="deliveries in this state only")]


@router.get("", responses={200: LINK, **guarded(404)})
def list_webhook_deliveries(
    scope: ReadWebhook, session: Transaction, query: PageQuery, state: StateQuery = None
) -> Page[WebhookDelivery]:
    """List what was or is to be sent, newest first, with the attempts of the last 30 days."""
    states = () if state is None else (state,)
    page = replaying.list_deliveries(session, scope, states, query.limit, query.cursor)
    return query.answer(page, WebhookDelivery)


@router.get("/{delivery_id}", responses=guarded(404))
def get_webhook_delivery(
    scope: ReadWebhook, delivery_id: DeliveryId, session: Transaction
) -> WebhookDelivery:
    """Return one delivery with its attempts."""
    return WebhookDelivery.model_validate(replaying.get_delivery(session, scope, delivery_id))


@router.post(
    "/{delivery_id}/replay",
    status_code=202,
    response_model=WebhookDelivery,
    responses={**QUEUED, **guarded(404)},
)
def replay_webhook_delivery(
    scope: ChangeWebhook, delivery_id: DeliveryId, session: Transaction, once: Once
) -> Response:
    """Send one message again, or at once if it waits for its next attempt; its `webhook-id` is the same."""

    def replay() -> Response:
        replaying.replay_delivery(session, scope, delivery_id)
        return delivery_response(session, scope, delivery_id)

    return once(replay)


@router.post("/{delivery_id}/skip", response_model=WebhookDelivery, responses=guarded(404, 409, 415))
def skip_webhook_delivery(
    scope: ChangeWebhook,
    delivery_id: DeliveryId,
    why: Skip,
    caller: Admin,
    session: Transaction,
    once: Once,
) -> Response:
    """Give one message up that the receiver cannot take; those behind it go on."""

    def skip() -> Response:
        replaying.skip_delivery(session, scope, delivery_id, why.reason, caller.key_id)
        shown = replaying.get_delivery(session, scope, delivery_id)
        return answer(WebhookDelivery.model_validate(shown))

    return once(skip)
