"""Webhooks, their deliveries, and the archive of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, final

from assayflow.client.calls import Call, Operation, deleted, get, patched, post
from assayflow.client.operations import PageOf, Resource, Transport_co, listed, operation, pages_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from assayflow.client.shapes.webhooks import (
        ArchivedEvent,
        NewWebhook,
        Replayed,
        Webhook,
        WebhookDelivery,
    )

DeliveryState = Literal["waiting", "done", "refused", "dead", "skipped"]


@final
class Webhooks(Resource[Transport_co]):
    """Endpoints that receive signed messages about events."""

    @operation
    def create(self, url: str, types: Sequence[str] = (), description: str | None = None) -> Call[NewWebhook]:
        """Register an endpoint; the secret that signs its messages is in this answer only.

        Args:
            url: where messages are posted.
            types: the events that it receives; all, also those to come, when empty.
            description: whose it is, or what for.
        """
        return post("/webhooks", {"url": url, "types": [*types], "description": description})

    @pages_of
    def list(self) -> PageOf[Webhook]:
        """Return the webhooks of the workspace, oldest first."""
        return listed("/webhooks")

    @operation
    def get(self, webhook: str) -> Call[Webhook]:
        """Return a webhook without its secret."""
        return get(f"/webhooks/{webhook}")

    @operation
    def update(self, webhook: str, changes: Mapping[str, Any]) -> Operation[Webhook]:
        """Change address, types or description."""
        return patched(f"/webhooks/{webhook}", dict(changes))

    @operation
    def delete(self, webhook: str) -> Operation[None]:
        """Delete a webhook with its secret and its deliveries; events stay in the archive."""
        return deleted(f"/webhooks/{webhook}")

    @operation
    def pause(self, webhook: str) -> Call[Webhook]:
        """Send nothing for now; messages wait."""
        return post(f"/webhooks/{webhook}/pause")

    @operation
    def resume(self, webhook: str) -> Call[Webhook]:
        """Send what waits; this also takes a disabled webhook into use again."""
        return post(f"/webhooks/{webhook}/resume")

    @operation
    def rotate(self, webhook: str, *, revoke: bool = False) -> Call[NewWebhook]:
        """Make a new secret; the old one signs too for 24 hours, unless it is revoked at once."""
        return post(f"/webhooks/{webhook}/rotate", {"revoke": revoke})

    @operation
    def test(self, webhook: str) -> Call[WebhookDelivery]:
        """Send a `webhook.test` now; its delivery says how it went."""
        return post(f"/webhooks/{webhook}/test")

    @operation
    def replay(
        self, webhook: str, since: datetime, which: Literal["all", "undelivered"] = "all"
    ) -> Call[Replayed]:
        """Send again what happened since a time with a zone."""
        return post(f"/webhooks/{webhook}/replay", {"since": since.isoformat(), "which": which})

    @pages_of
    def deliveries(self, webhook: str, state: DeliveryState | None = None) -> PageOf[WebhookDelivery]:
        """Return what was or is to be sent, newest first, with its attempts."""
        return listed(f"/webhooks/{webhook}/deliveries", {"state": state})

    @operation
    def delivery(self, webhook: str, delivery: str) -> Call[WebhookDelivery]:
        """Return one delivery with its attempts."""
        return get(f"/webhooks/{webhook}/deliveries/{delivery}")

    @operation
    def redeliver(self, webhook: str, delivery: str) -> Call[WebhookDelivery]:
        """Send one message again, under the same `webhook-id`."""
        return post(f"/webhooks/{webhook}/deliveries/{delivery}/replay")

    @operation
    def skip(self, webhook: str, delivery: str, reason: str) -> Call[WebhookDelivery]:
        """Give one message up, so that those behind it go on."""
        return post(f"/webhooks/{webhook}/deliveries/{delivery}/skip", {"reason": reason})


@final
class Events(Resource[Transport_co]):
    """What happened in the last 90 days."""

    @pages_of
    def list(self, types: Sequence[str] = (), after: str | None = None) -> PageOf[ArchivedEvent]:
        """Return what happened, in the order in which it was committed.

        Args:
            types: only events of these types.
            after: the id of the last event that is known already.
        """
        return listed("/events", {"type": [*types] or None, "after": after})

    @operation
    def get(self, event: str) -> Call[ArchivedEvent]:
        """Return an event."""
        return get(f"/events/{event}")
