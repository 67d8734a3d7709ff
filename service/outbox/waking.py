"""Wake a lane: there is something for it to do. Knows neither events nor kinds of connectors."""

from uuid import UUID

from sqlalchemy.orm import Session

from service.dispatch import CONNECTOR_TASK, ENDPOINT_TASK, send_after_commit
from service.store import outbox
from service.store.outbox import LaneTable
from service.store.tables import Connector


def wake(session: Session, table: LaneTable, lane_id: UUID) -> None:
    """Make a lane due now; an idle one that may work is queued, and its task sent after the commit.

    A lane that runs, is paused, or whose other side wants quiet is due as soon as it can be. The lane's
    row stays locked until the transaction ends: a worker that ends its work waits for it, and nothing that
    was added before is overlooked.
    """
    if outbox.wake(session, table, lane_id):
        send(session, table, lane_id)


def send(session: Session, table: LaneTable, lane_id: UUID) -> None:
    """Send the task of a queued lane when the transaction commits."""
    send_after_commit(session, CONNECTOR_TASK if table is Connector else ENDPOINT_TASK, lane_id, "io")


def send_due(session: Session, table: LaneTable, lane_id: UUID | None = None) -> int:
    """Queue the lanes of a table whose time has come, or this one if it has; return how many there were."""
    due = outbox.queue_due(session, table, lane_id)
    for ready in due:
        send(session, table, ready)
    return len(due)
