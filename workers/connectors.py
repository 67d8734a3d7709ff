"""Drain a connector's lane: send what waits in the outbox, then read what is new in the other system.

Every call of the other system lies between two short transactions. A worker that dies between them has told
nobody, so the next one asks the system what it has (`find`) before it writes again, unless the system has
natural keys.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from models.records import Cancelled
from service.address_rules import RefusedAddressError
from service.integrations import lane_steps, pulling, sending
from service.integrations.lane_steps import CONNECTORS, LeaseLostError
from service.integrations.opening import Outside, UnusableConnectorError, account_of, open_connector
from service.integrations.receipts import apply_receipt
from service.lims.contract import (
    AccessDeniedError,
    Pending,
    RecordGoneError,
    Refused,
    RetryLaterError,
)
from service.lims.replies import LONGEST_DETAIL
from service.outbound.pinned_http import ConnectionFailedError, ResponseTooLongError
from service.sealing import open_sealer
from service.store import lane_links
from service.store.outbox import MATERIAL, NOTIFY, ORDER
from workers.lane_runner import RUN_SECONDS, run_lane
from workers.lease_runner import lease_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from service.campaigns.leases import Lease
    from service.integrations.sending import MaterialItem
    from service.lims.contract import Answer
    from service.lims.contract import Connector as OpenConnector
    from service.outbound.pinned_http import Exchange
    from service.store.tables import Connector, Json, OutboxItem
    from workers.context import WorkerContext
    from workers.progress import Progress

_NOT_OF_THE_ITEM = (AccessDeniedError, Cancelled, LeaseLostError, RefusedAddressError, SQLAlchemyError)
"""What ends a run. Anything else that is raised by mistake, such as on an answer that no version of a system
gave before, is of one item or one link, and holds up no other."""
_LATER = (RetryLaterError, ConnectionFailedError, ResponseTooLongError)
_log = structlog.get_logger(__name__)


def drain_connector(context: WorkerContext, connector_id: UUID, outside: Outside | None = None) -> None:
    """Do what waits in a connector's lane, if it is queued."""
    lease = lease_for(context, CONNECTORS, connector_id)
    run_lane(
        context,
        lease,
        lambda progress: ConnectorRun(context, lease, progress, outside or Outside()).run(),
        lambda session: lane_links.earliest_pull(session, connector_id),
    )


@final
class ConnectorRun:
    """One turn of a connector's lane.

    Args:
        context: the worker's.
        lease: the lane's, which is held.
        progress: says when the work must stop.
        outside: the transport; tests replace it.
    """

    def __init__(
        self, context: WorkerContext, lease: Lease[Connector], progress: Progress, outside: Outside
    ) -> None:
        self._context = context
        self._lease = lease
        self._progress = progress
        self._outside = outside
        self._exchanges: list[Exchange] = []
        self._item: OutboxItem | None = None

    def run(self) -> None:
        """Send and read until nothing is due, the other side asks for quiet, or the turn is over."""
        deadline = time.monotonic() + RUN_SECONDS
        try:
            kind = self._open()
            while time.monotonic() < deadline:
                self._progress.raise_if_cancelled()
                if not (self._send(kind) or self._pull(kind)):
                    return
        except UnusableConnectorError as error:
            self._break(str(error))
        except AccessDeniedError as error:
            self._break(f"access was denied: {error}")
        except RefusedAddressError as error:
            self._break(str(error))
        finally:
            self._log_exchanges()

    def _open(self) -> OpenConnector:
        context = self._context
        with context.sessions.begin() as session:
            row = lane_steps.renew(session, self._lease)
            account = account_of(session, row, open_sealer(context.settings), context.settings)
        outside = Outside(
            on_exchange=self._note_exchange,
            check_cancelled=self._progress.raise_if_cancelled,
            resolve=self._outside.resolve,
            transport=self._outside.transport,
        )
        return open_connector(account, context.settings, outside)

    def _send(self, kind: OpenConnector) -> bool:
        """Send what is first in the outbox; False if nothing is due or may be sent."""
        with self._context.sessions.begin() as session:
            item = lane_steps.next_item(session, self._lease)
            if item is None and lane_links.release_orders(session, self._lease.item_id):
                item = lane_steps.next_item(session, self._lease)
            self._item = item
            if item is None:
                return False
            session.expunge(item)
        verbs = {MATERIAL: self._send_materials, ORDER: self._send_order, NOTIFY: self._notify}
        try:
            verbs[item.verb](kind, item)
        except _NOT_OF_THE_ITEM:
            raise
        except _LATER as error:
            return self._try_later(item, error)
        except Exception as error:  # noqa: BLE001 - a kind may be anybody's
            self._refuse(item, error)
        self._log_exchanges(item)
        return True

    def _send_materials(self, kind: OpenConnector, head: OutboxItem) -> None:
        if head.ticket is not None:
            self._look_at_task(kind, head, head.ticket)
            return
        with self._context.sessions.begin() as session:
            most = kind.manners.materials_per_call
            items = sending.materials_to_send(session, self._lease, head, most)
        if not items:
            return
        answers = self._answers(kind, items)
        with self._context.sessions.begin() as session:
            sending.store_answers(session, self._lease, items, answers)

    def _look_at_task(self, kind: OpenConnector, head: OutboxItem, ticket: str) -> None:
        """Ask what became of materials that the other system writes in its own time."""
        with self._context.sessions.begin() as session:
            items = sending.materials_of_task(session, head)
        answers = _listed(kind.task(ticket), len(items))
        with self._context.sessions.begin() as session:
            sending.store_answers(session, self._lease, items, answers)

    def _answers(self, kind: OpenConnector, items: Sequence[MaterialItem]) -> Sequence[Answer]:
        """Write materials that are not there yet; those that are answer with their records."""
        keys = [item.material.key for item in items]
        found = {} if kind.manners.natural_key else kind.find("material", keys)
        absent = [item.material for item in items if item.material.key not in found]
        written = dict(zip((material.key for material in absent), kind.put_materials(absent), strict=True))
        return [found[key] if key in found else written[key] for key in keys]

    def _send_order(self, kind: OpenConnector, item: OutboxItem) -> None:
        with self._context.sessions.begin() as session:
            wanted = sending.order_to_send(session, self._lease, item)
        if wanted is None:
            return
        answer: Answer
        if kind.manners.sends_materials and not wanted.order.materials:
            answer = Refused(detail="none of its materials is there, so there is nothing to order")
        elif item.ticket is not None:
            (answer,) = _listed(kind.task(item.ticket), 1)
        else:
            key = wanted.order.key
            found = {} if kind.manners.natural_key else kind.find("order", [key])
            answer = found[key] if key in found else kind.put_order(wanted.order)
        with self._context.sessions.begin() as session:
            sending.store_order(session, self._lease, wanted, answer)

    def _notify(self, kind: OpenConnector, item: OutboxItem) -> None:
        with self._context.sessions.begin() as session:
            wanted = sending.news_to_send(session, self._lease, item)
        if wanted is None:
            return
        answer = kind.notify(wanted.record, wanted.news)
        with self._context.sessions.begin() as session:
            sending.settle_by(session, self._lease, item.id, answer)

    def _pull(self, kind: OpenConnector) -> bool:
        """Read one page of one link's changes and store its results; False if no link is due."""
        self._item = None
        sessions = self._context.sessions
        with sessions.begin() as session:
            waiting = pulling.unapplied(session, self._lease)
            wanted = None if waiting else pulling.next_pull(session, self._lease)
        if waiting:
            self._apply(waiting)
            return True
        if wanted is None:
            return False
        try:
            page = kind.changes(wanted.scope, wanted.cursor)
        except _NOT_OF_THE_ITEM:
            raise
        except Exception as error:  # noqa: BLE001 - a kind may be anybody's
            self._pull_later(wanted.link_id, error)
            return True
        with sessions.begin() as session:
            kept = pulling.keep(session, self._lease, wanted, page)
        self._log_exchanges()
        self._apply(kept)
        return True

    def _apply(self, receipt_ids: Sequence[UUID]) -> None:
        """Read receipts, and let the other system hear of files that were read."""
        for receipt_id in receipt_ids:
            self._progress.raise_if_cancelled()
            applied = apply_receipt(self._context.sessions.begin, self._context.reader, receipt_id)
            if applied is not None:
                with self._context.sessions.begin() as session:
                    pulling.report(session, self._lease, receipt_id, applied)

    def _try_later(self, item: OutboxItem, error: Exception) -> bool:
        """Let an item be tried again, and send nothing more in this turn."""
        seconds = error.seconds if isinstance(error, RetryLaterError) else None
        with self._context.sessions.begin() as session:
            if seconds is None:
                outcome = lane_steps.retry_item(session, self._lease, item, _problem(error))
                if outcome == "dead":
                    sending.need_attention(session, self._lease, {"dead": 1})
            else:
                lane_steps.wait_for_item(session, self._lease, item.id, seconds, problem=_problem(error))
                if _is_whole(error):
                    lane_steps.keep_quiet(session, self._lease, seconds)
        return False

    def _refuse(self, item: OutboxItem, error: Exception) -> None:
        """Leave an item to a person that no repetition will help: its record is gone, or this is a bug."""
        if not isinstance(error, RecordGoneError):
            _log.exception("connector failed", verb=item.verb, item=str(item.id))
        with self._context.sessions.begin() as session:
            lane_steps.settle_item(session, self._lease, item.id, "refused", _problem(error))
            sending.need_attention(session, self._lease, {"refused": 1})

    def _pull_later(self, link_id: UUID, error: Exception) -> None:
        if not isinstance(error, (*_LATER, RecordGoneError)):
            _log.exception("connector failed", link=str(link_id))
        seconds = error.seconds if isinstance(error, RetryLaterError) else None
        with self._context.sessions.begin() as session:
            pulling.postpone(session, self._lease, link_id, seconds, _problem(error))
            if seconds is not None and _is_whole(error):
                lane_steps.keep_quiet(session, self._lease, seconds)

    def _break(self, reason: str) -> None:
        with self._context.sessions.begin() as session:
            lane_steps.break_lane(session, self._lease, {"detail": reason[:LONGEST_DETAIL]})
            sending.need_attention(session, self._lease, {"broken": 1})

    def _note_exchange(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)
        self._outside.on_exchange(exchange)

    def _log_exchanges(self, item: OutboxItem | None = None) -> None:
        """Write down the requests since the last time."""
        done, self._exchanges[:] = list(self._exchanges), []
        if not done:
            return
        with self._context.sessions.begin() as session:
            for exchange in done:
                lane_steps.log_exchange(session, self._lease, exchange, item.id if item else None)


def _is_whole(error: Exception) -> bool:
    """Return whether nothing else may be sent to the system meanwhile."""
    return isinstance(error, RetryLaterError) and error.whole_connector


def _listed(answer: Pending | Sequence[Answer], n: int) -> Sequence[Answer]:
    """Return an answer for each of the records that a task is about."""
    return [answer] * n if isinstance(answer, Pending) else answer


def _problem(error: Exception) -> Json:
    if isinstance(error, RetryLaterError):
        return {"detail": error.reason[:LONGEST_DETAIL]}
    if isinstance(error, RecordGoneError | ConnectionFailedError | ResponseTooLongError):
        return {"detail": str(error)[:LONGEST_DETAIL]}
    return {"detail": f"the connector failed ({type(error).__name__}); see the worker's log"}
