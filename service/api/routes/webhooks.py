"""Routes of webhooks: register an endpoint that receives events, and list them."""

from fastapi import APIRouter, Response

from service.api.body import StrictRoute
from service.api.conventions import PageQuery
from service.api.dependencies import Admin, Operators, Reader, Transaction
from service.api.documentation import LINK, Responses, guarded, header
from service.api.idempotency import Once
from service.api.webhooks import secret_response
from service.integrations import webhooks
from service.schemas.base import Page
from service.schemas.webhooks import NewWebhook, Webhook, WebhookRequest
from service.sealing import open_sealer

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=StrictRoute)

CREATED: Responses = {201: {"description": "With its secret", **header("Location", "its address")}}


@router.post("", status_code=201, response_model=NewWebhook, responses={**CREATED, **guarded(409, 415)})
def create_webhook(
    wanted: WebhookRequest, caller: Admin, session: Transaction, once: Once, settings: Operators
) -> Response:
    """Register an endpoint. The secret that signs its messages is in this answer only."""

    def make() -> Response:
        made = webhooks.create(
            session, open_sealer(settings), settings.webhook_rules, caller.workspace_id, wanted.model_dump()
        )
        return secret_response(session, made, 201, {"Location": f"/v1/webhooks/{made.row.id}"})

    return once(make, forget={"secret"})


@router.get("", responses={200: LINK, **guarded()})
def list_webhooks(caller: Reader, session: Transaction, query: PageQuery) -> Page[Webhook]:
    """List the workspace's webhooks, oldest first."""
    return query.answer(
        webhooks.list_endpoints(session, caller.workspace_id, query.limit, query.cursor), Webhook
    )
