"""Deliver events to a webhook endpoint: the next message, the request, and what its answer means.

The steps of a lane are in `lane_steps`; who calls these functions is `workers.endpoints`.
"""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import func
from sqlalchemy.orm import Session

from service.address_rules import RefusedAddressError, Rules
from service.campaigns.leases import Lease
from service.integrations import lane_steps, signing
from service.outbound.pinned_http import (
    ConnectionFailedError,
    Exchange,
    Http,
    HttpEnvironment,
    Reply,
    ResponseTooLongError,
    retry_after,
)
from service.sealing import Sealer, SealingError
from service.store import events, outbox, webhooks
from service.store.tables import Json, OutboxItem, WebhookEndpoint

SECONDS: Final = 15.0
"""Deadline of a delivery; a receiver should answer at once and work afterwards."""
MOST_BYTES: Final = 2**20
"""Longest answer; nothing of it is read."""
PATIENCE: Final = timedelta(days=5)
"""An endpoint whose deliveries fail for so long, without one that succeeds, is disabled."""
_SEALED_SECONDS: Final = 600.0
_SUCCESS, _REDIRECT = 2, 3
"""First digits of a status."""
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One attempt of a delivery, signed."""

    item_id: UUID
    url: str
    body: str
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: `problem` is None if the receiver took it, `patience` its `Retry-After`."""

    problem: Json | None = None
    is_gone: bool = False
    patience: float | None = None
    exchange: Exchange | None = None


def next_message(session: Session, sealer: Sealer, lease: Lease[WebhookEndpoint]) -> Message | None:
    """Return the next message that is due, or None.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    item = lane_steps.next_item(session, lease)
    if item is None:
        return None
    endpoint = session.get_one(WebhookEndpoint, lease.item_id)
    try:
        secrets = _secrets(session, sealer, endpoint)
    except SealingError as error:
        _log.error("webhook not signed", webhook=str(endpoint.id), problem=error.detail)
        problem = _problem("The message could not be signed", error.detail)
        lane_steps.wait_for_item(session, lease, item.id, _SEALED_SECONDS, problem=problem)
        return None
    body = _body(session, item)
    headers = signing.signed_headers(secrets, item.key, outbox.clock(session), body)
    return Message(item.id, endpoint.url, body, headers)


def post(message: Message, rules: Rules) -> Outcome:
    """Send a message and return what came of it; its address is judged again, and pinned."""
    logged: list[Exchange] = []
    environment = HttpEnvironment(rules, is_confidential=True, on_exchange=logged.append)
    content = message.body.encode()
    try:
        with closing(Http(message.url, environment)) as http:
            reply = http.request(
                "POST", "", headers=message.headers, seconds=SECONDS, most_bytes=MOST_BYTES, content=content
            )
    except RefusedAddressError as error:
        outcome = Outcome(_problem("The address is refused", str(error)))
    except (ConnectionFailedError, ResponseTooLongError) as error:
        outcome = Outcome(_problem("The receiver did not answer", str(error)))
    else:
        outcome = judged(reply)
    return Outcome(outcome.problem, outcome.is_gone, outcome.patience, logged[-1] if logged else None)


def judged(reply: Reply) -> Outcome:
    """Return what an answer means: 2xx is taken, 410 is for ever, 429 and 503 may ask for time."""
    kind = reply.status // 100
    if kind == _SUCCESS:
        return Outcome()
    detail = f"the receiver answered {reply.status}"
    if kind == _REDIRECT:
        detail += ", and a redirect is not followed: register the address that it leads to"
    patience = retry_after(reply) if reply.status in _BUSY else None
    problem = _problem("The receiver did not take the message", detail)
    return Outcome(problem, is_gone=reply.status == HTTPStatus.GONE, patience=patience)


def record(session: Session, lease: Lease[WebhookEndpoint], item_id: UUID, outcome: Outcome) -> None:
    """Write down how an attempt ended.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    lane_steps.renew(session, lease)
    if outcome.exchange is not None:
        lane_steps.log_exchange(session, lease, outcome.exchange, item_id)
    if outcome.problem is None:
        lane_steps.renew(session, lease, failing_since=None, problem=None)
        lane_steps.settle_item(session, lease, item_id)
        return
    item = session.get_one(OutboxItem, item_id, populate_existing=True)
    if item.verb == "test":  # a user waits for the outcome, and can repeat it
        lane_steps.settle_item(session, lease, item_id, "dead", outcome.problem)
        return
    _record_failure(session, lease, item, outcome, outcome.problem)


def _record_failure(
    session: Session, lease: Lease[WebhookEndpoint], item: OutboxItem, outcome: Outcome, problem: Json
) -> None:
    since = func.coalesce(WebhookEndpoint.failing_since, func.clock_timestamp())
    lane_steps.renew(session, lease, failing_since=since, problem=problem)
    if outcome.is_gone:
        outbox.postpone(session, item.id, 0, tries=OutboxItem.tries + 1, problem=problem)
        _disable(session, lease, _problem("The receiver is gone", "it answered 410 Gone"))
        return
    if outcome.patience is not None:
        lane_steps.keep_quiet(session, lease, outcome.patience)
        lane_steps.wait_for_item(session, lease, item.id, 0, problem=problem)
    elif lane_steps.retry_item(session, lease, item, problem) == "dead":
        _log.warning("webhook delivery given up", webhook=str(lease.item_id), delivery=str(item.id))
    if webhooks.is_failing_for(session, lease.item_id, PATIENCE):
        detail = f"no delivery has succeeded for {PATIENCE.days} days; the last time, {problem['detail']}"
        _disable(session, lease, _problem("The receiver did not answer for too long", detail))


def _disable(session: Session, lease: Lease[WebhookEndpoint], problem: Json) -> None:
    lane_steps.break_lane(session, lease, problem)
    _log.warning("webhook disabled", webhook=str(lease.item_id), problem=problem["detail"])


def _secrets(session: Session, sealer: Sealer, endpoint: WebhookEndpoint) -> list[str]:
    bound = (endpoint.workspace_id, webhooks.PURPOSE, "")
    return [sealer.unseal(row.sealed, *bound) for row in webhooks.signing(session, endpoint.secret_ids)]


def _body(session: Session, item: OutboxItem) -> str:
    if item.event_id is None:
        sent: dict[str, Any] = item.payload
        return signing.body_of(sent["type"], sent["timestamp"], sent["data"])
    event = events.find(session, item.workspace_id, item.event_id)
    assert event is not None, "an item goes with its event"
    return signing.body_of(event.type, signing.timestamp(event.created_at), event.data)


def _problem(title: str, detail: str) -> Json:
    return {"title": title, "detail": detail}
