"""A webhook endpoint in tests: what is emitted to it, its worker, and the passing of time.

Time is the database's: it passes when a test moves what waits for it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, update

from service.integrations import webhooks
from service.integrations.webhooks import Scope
from service.outbox.events import emit
from service.sealing import open_sealer
from service.store.campaigns import ensure_workspace
from service.store.tables import Event, ExchangeRecord, OutboxItem, Secret, WebhookEndpoint
from workers.context import WorkerContext
from workers.endpoints import drain_endpoint

DAY = timedelta(days=1)


class Hook:
    """An endpoint, what is emitted to it, and the passing of time."""

    def __init__(
        self, context: WorkerContext, url: str, *types: str, workspace_id: UUID | None = None
    ) -> None:
        self.context, self.sessions = context, context.sessions
        self.sealer, self.rules = open_sealer(context.settings), context.settings.webhook_rules
        with self.sessions.begin() as session:
            self.workspace_id = workspace_id or ensure_workspace(session, f"lab {uuid4()}").id
            fields = {"url": url, "types": types, "description": None}
            made = webhooks.create(session, self.sealer, self.rules, self.workspace_id, fields)
        self.id, self.secret = made.row.id, made.secret
        self.scope = Scope(self.workspace_id, self.id)

    def emit(self, *numbers: int) -> list[str]:
        """Emit one event for each number, each in its own transaction; return their ids."""
        for number in numbers:
            with self.sessions.begin() as session:
                emit(session, self.workspace_id, "batch.ready", {"round": number})
        with self.sessions() as session:
            query = select(Event.id).where(Event.workspace_id == self.workspace_id).order_by(Event.sequence)
            return [str(key) for key in session.scalars(query)][-len(numbers) :]

    def drain(self) -> None:
        """Work off what is due, as a worker does that got the lane's task."""
        with self.sessions.begin() as session:
            session.execute(
                update(WebhookEndpoint)
                .where(WebhookEndpoint.id == self.id, WebhookEndpoint.state == "idle")
                .where(WebhookEndpoint.status == "active", WebhookEndpoint.due_at <= func.clock_timestamp())
                .where(func.coalesce(WebhookEndpoint.quiet_until <= func.clock_timestamp(), True))
                .values(state="queued")
            )
        drain_endpoint(self.context, self.id)

    def pass_time(self, by: timedelta = 2 * DAY) -> None:
        """Let everything that waits for a time wait for an earlier one."""
        with self.sessions.begin() as session:
            lane = update(WebhookEndpoint).where(WebhookEndpoint.id == self.id)
            for column in ("due_at", "quiet_until", "failing_since"):
                session.execute(lane.values({column: getattr(WebhookEndpoint, column) - by}))
            session.execute(
                update(OutboxItem)
                .where(OutboxItem.endpoint_id == self.id)
                .values(due_at=OutboxItem.due_at - by)
            )
            secrets = update(Secret).where(Secret.workspace_id == self.workspace_id)
            session.execute(secrets.values(replaced_at=Secret.replaced_at - by))

    @property
    def row(self) -> WebhookEndpoint:
        with self.sessions() as session:
            return session.get_one(WebhookEndpoint, self.id)

    @property
    def items(self) -> list[OutboxItem]:
        query = select(OutboxItem).where(OutboxItem.endpoint_id == self.id).order_by(OutboxItem.sequence)
        with self.sessions() as session:
            return list(session.scalars(query))

    @property
    def states(self) -> list[str]:
        return [item.state for item in self.items]

    @property
    def log(self) -> list[ExchangeRecord]:
        query = (
            select(ExchangeRecord).where(ExchangeRecord.endpoint_id == self.id).order_by(ExchangeRecord.id)
        )
        with self.sessions() as session:
            return list(session.scalars(query))

    def do(self, command: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with self.sessions.begin() as session:
            return command(session, *arguments, **options)
