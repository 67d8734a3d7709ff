"""Routes of one webhook: read, change, pause, resume, rotate its secret, try it, replay, delete."""

from fastapi import APIRouter, Response

from service.api.body import StrictRoute
from service.api.conventions import IfMatch, answer, etag, require_match
from service.api.dependencies import Operators, Transaction
from service.api.documentation import ETAG, Responses, guarded
from service.api.idempotency import Once
from service.api.webhooks import (
    QUEUED,
    ChangeWebhook,
    ReadWebhook,
    delivery_response,
    secret_response,
    webhook_response,
)
from service.integrations import replaying, webhooks
from service.schemas.webhooks import (
    NewWebhook,
    Replayed,
    ReplayRequest,
    RotateRequest,
    Webhook,
    WebhookChange,
    WebhookDelivery,
)
from service.sealing import open_sealer

router = APIRouter(prefix="/v1/webhooks/{webhook_id}", tags=["webhooks"], route_class=StrictRoute)

DELETED: Responses = {204: {"description": "Nothing is sent there any more"}}


@router.get("", response_model=Webhook, responses={200: ETAG, **guarded(404)})
def get_webhook(scope: ReadWebhook, session: Transaction) -> Response:
    """Return a webhook without its secret."""
    return webhook_response(session, webhooks.get(session, scope))


@router.patch("", response_model=Webhook, responses={200: ETAG, **guarded(404, 412, 415, 428)})
def patch_webhook(
    changes: WebhookChange,
    scope: ChangeWebhook,
    session: Transaction,
    settings: Operators,
    if_match: IfMatch = None,
) -> Response:
    """Change address, types or description; what waits is sent to the new address."""
    require_match(if_match, etag(webhooks.locked(session, scope).version))
    given = changes.model_dump(exclude_unset=True)
    return webhook_response(session, webhooks.change(session, settings.webhook_rules, scope, given))


@router.delete("", status_code=204, responses={**DELETED, **guarded(404, 412, 428)})
def delete_webhook(scope: ChangeWebhook, session: Transaction, if_match: IfMatch = None) -> None:
    """Delete a webhook with its secret and its deliveries; events stay in the archive."""
    require_match(if_match, etag(webhooks.locked(session, scope).version))
    webhooks.delete(session, scope)


@router.post("/pause", response_model=Webhook, responses={200: ETAG, **guarded(404, 409)})
def pause_webhook(scope: ChangeWebhook, session: Transaction, once: Once) -> Response:
    """Send nothing until a user resumes; messages wait meanwhile."""
    return once(lambda: webhook_response(session, webhooks.pause(session, scope)))


@router.post("/resume", response_model=Webhook, responses={200: ETAG, **guarded(404)})
def resume_webhook(scope: ChangeWebhook, session: Transaction, once: Once) -> Response:
    """Send again, at once, what waits; also how a disabled webhook is taken into use again."""
    return once(lambda: webhook_response(session, webhooks.resume(session, scope)))


@router.post("/rotate", response_model=NewWebhook, responses={200: ETAG, **guarded(404, 415)})
def rotate_webhook_secret(
    scope: ChangeWebhook,
    session: Transaction,
    once: Once,
    settings: Operators,
    wanted: RotateRequest | None = None,
) -> Response:
    """Make a new secret; for 24 hours messages bear two signatures, of the new and the old one."""
    is_revoked = wanted is not None and wanted.revoke

    def rotate() -> Response:
        made = webhooks.rotate(session, open_sealer(settings), scope, revoke=is_revoked)
        return secret_response(session, made)

    return once(rotate, forget={"secret"})


@router.post(
    "/test",
    status_code=202,
    response_model=WebhookDelivery,
    responses={**QUEUED, **guarded(404, 409)},
)
def test_webhook(scope: ChangeWebhook, session: Transaction, once: Once) -> Response:
    """Send a `webhook.test` now, before what waits; it is tried once, and its delivery says how it went."""
    return once(lambda: delivery_response(session, scope, webhooks.send_test(session, scope)))


@router.post(
    "/replay",
    status_code=202,
    response_model=Replayed,
    responses={202: {"description": "The messages wait to be sent"}, **guarded(404, 415)},
)
def replay_webhook(wanted: ReplayRequest, scope: ChangeWebhook, session: Transaction, once: Once) -> Response:
    """Send again what happened since a time, each message with its former `webhook-id`."""

    def replay() -> Response:
        is_undelivered = wanted.which == "undelivered"
        n = replaying.replay_since(session, scope, wanted.since, undelivered=is_undelivered)
        return answer(Replayed(replayed=n), 202)

    return once(replay)
