"""Deliver what is due to one webhook endpoint, in order. Safe under redelivery and kills at any moment.

A worker that is killed between the receiver's answer and the commit leaves the message to the next one, which
sends it again with the same `webhook-id`.
"""

from uuid import UUID

from service.integrations import deliveries
from service.integrations.lane_steps import ENDPOINTS
from service.sealing import open_sealer
from workers.context import WorkerContext
from workers.lane_runner import drain_lane
from workers.lease_runner import lease_for


def drain_endpoint(context: WorkerContext, endpoint_id: UUID) -> None:
    """Deliver to an endpoint if it is queued; ignore outdated messages about other endpoints."""
    lease = lease_for(context, ENDPOINTS, endpoint_id)
    sealer, rules = open_sealer(context.settings), context.settings.webhook_rules

    def deliver_next() -> bool:
        with context.sessions.begin() as session:
            message = deliveries.next_message(session, sealer, lease)
        if message is None:
            return False
        outcome = deliveries.post(message, rules)
        with context.sessions.begin() as session:
            deliveries.record(session, lease, message.item_id, outcome)
        return True

    drain_lane(context, lease, deliver_next)
