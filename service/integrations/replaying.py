"""What was sent to a webhook endpoint, and sending it again.

Each function runs in the caller's transaction and commits nothing.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import ConflictError, NotFoundError
from service.integrations.webhooks import Scope, get, locked
from service.outbox.waking import wake
from service.store import outbox
from service.store import webhooks as rows
from service.store.paging import Page
from service.store.states import OutboxState
from service.store.tables import WebhookEndpoint


def list_deliveries(
    session: Session, scope: Scope, states: Collection[OutboxState], limit: int, cursor: str | None = None
) -> Page[dict[str, Any]]:
    """Return one page of an endpoint's deliveries with their attempts, newest first.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    get(session, scope)
    page = rows.deliveries(session, scope.endpoint_id, states, limit, cursor)
    attempts = rows.attempts(session, [row["id"] for row in page.items])
    return Page([{**row, "attempts": attempts.get(row["id"], [])} for row in page.items], page.next_cursor)


def get_delivery(session: Session, scope: Scope, delivery_id: UUID) -> dict[str, Any]:
    """Return a delivery with its attempts.

    Raises:
        NotFoundError: if the workspace has no such endpoint, or the endpoint no such delivery.
    """
    get(session, scope)
    row = rows.delivery(session, scope.endpoint_id, delivery_id)
    if row is None:
        raise NotFoundError(f"webhook {scope.endpoint_id} has no delivery {delivery_id}")
    return {**row, "attempts": rows.attempts(session, [delivery_id]).get(delivery_id, [])}


def replay_delivery(session: Session, scope: Scope, delivery_id: UUID) -> None:
    """Send one delivery again, or at once if it waits for its next attempt; its `webhook-id` is the same.

    Raises:
        NotFoundError: if the workspace has no such endpoint, or the endpoint no such delivery.
    """
    row = locked(session, scope)
    get_delivery(session, scope, delivery_id)
    outbox.wait_again(session, [delivery_id])
    wake(session, WebhookEndpoint, row.id)


def skip_delivery(session: Session, scope: Scope, delivery_id: UUID, reason: str, by: str) -> None:
    """Give one delivery up, with a reason and the key of who did, so that those behind it go on.

    Raises:
        NotFoundError: if the workspace has no such endpoint, or the endpoint no such delivery.
        ConflictError: if it does not wait: it was taken, or given up before.
    """
    row = locked(session, scope)
    before = get_delivery(session, scope, delivery_id)["problem"] or {}
    detail = f"skipped by {by}: {reason}"
    problem = {**before, "title": "A person gave the message up", "detail": detail}
    if not outbox.settle(session, delivery_id, "skipped", problem):
        raise ConflictError("this message does not wait: it was taken, or given up before")
    wake(session, WebhookEndpoint, row.id)


def replay_since(session: Session, scope: Scope, since: datetime, *, undelivered: bool) -> int:
    """Send again what happened since a time, or only what was not delivered; return how many deliveries.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    row = locked(session, scope)
    n = rows.replay_since(session, row, since, undelivered=undelivered)
    wake(session, WebhookEndpoint, row.id)
    return n
