"""Deliver what is due to one webhook endpoint, in order. Safe under redelivery and kills at any moment.

A worker that is killed between the receiver's answer and the commit leaves the message to the next one, which
sends it again with the same `webhook-id`.
"""

import time
from uuid import UUID

from service.campaigns.leases import Lease
from service.integrations import deliveries
from service.integrations.lane_steps import ENDPOINTS
from service.sealing import open_sealer
from service.store.tables import WebhookEndpoint
from workers.context import WorkerContext
from workers.lane_runner import RUN_SECONDS, run_lane
from workers.lease_runner import lease_for
from workers.progress import Progress


def drain_endpoint(context: WorkerContext, endpoint_id: UUID) -> None:
    """Deliver to an endpoint if it is queued; ignore outdated messages about other endpoints."""
    lease = lease_for(context, ENDPOINTS, endpoint_id)
    run_lane(context, lease, lambda progress: _deliver(context, lease, progress))


def _deliver(context: WorkerContext, lease: Lease[WebhookEndpoint], progress: Progress) -> None:
    """Deliver what is due, one message after the other.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    sealer, rules = open_sealer(context.settings), context.settings.webhook_rules
    deadline = time.monotonic() + RUN_SECONDS
    while progress.stop is None and time.monotonic() < deadline:
        with context.sessions.begin() as session:
            message = deliveries.next_message(session, sealer, lease)
        if message is None:
            return
        outcome = deliveries.post(message, rules)
        with context.sessions.begin() as session:
            deliveries.record(session, lease, message.item_id, outcome)
