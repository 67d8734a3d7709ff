"""What people do with an endpoint, as its receiver sees it: secrets, tests, pauses and replays."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs
from webhook_hooks import DAY, Hook
from webhook_receivers import Receiver

from service.integrations import replaying, webhooks
from service.outbox.events import emit
from service.store.tables import Event, ExchangeRecord, OutboxItem, Secret, WebhookEndpoint
from workers.context import WorkerContext
from workers.endpoints import drain_endpoint
from workers.upkeep import sweep, tick


def test_both_secrets_sign_for_a_day_and_then_the_new_one_alone(hook: Hook, receiver: Receiver) -> None:
    rotated = hook.do(webhooks.rotate, hook.sealer, hook.scope)
    assert rotated.secret != hook.secret
    hook.emit(1)
    hook.drain()
    assert len(receiver.arrived[0].headers["webhook-signature"].split(" ")) == 2
    assert receiver.arrived[0].verified(hook.secret) == receiver.arrived[0].verified(rotated.secret)
    hook.pass_time(timedelta(hours=25))
    hook.emit(2)
    hook.drain()
    assert receiver.arrived[1].verified(rotated.secret)
    with pytest.raises(WebhookVerificationError):
        receiver.arrived[1].verified(hook.secret)
    sweep(hook.context)
    with hook.sessions() as session:
        assert len(session.scalars(select(Secret).where(Secret.workspace_id == hook.workspace_id)).all()) == 1
    hook.emit(3)
    hook.drain()
    assert receiver.arrived[2].verified(rotated.secret)


def test_a_revoked_secret_signs_no_more(hook: Hook, receiver: Receiver) -> None:
    second = hook.do(webhooks.rotate, hook.sealer, hook.scope)
    third = hook.do(webhooks.rotate, hook.sealer, hook.scope, revoke=True)
    hook.emit(1)
    hook.drain()
    assert receiver.arrived[0].verified(third.secret)
    for secret in (hook.secret, second.secret):
        with pytest.raises(WebhookVerificationError):
            receiver.arrived[0].verified(secret)


def test_a_test_overtakes_what_waits_and_is_tried_once(hook: Hook, receiver: Receiver) -> None:
    receiver.answers(500)
    ids = hook.emit(1)
    hook.drain()
    hook.do(webhooks.send_test, hook.scope)
    hook.drain()
    assert receiver.arrived[1].verified(hook.secret)["type"] == "webhook.test"
    assert hook.states == ["waiting", "dead"]
    assert hook.items[0].tries == 1
    receiver.answers(200)
    hook.do(webhooks.send_test, hook.scope)
    hook.drain()
    assert hook.states == ["waiting", "dead", "done"]
    assert receiver.ids[0] in ids
    assert len(set(receiver.ids)) == 3


def test_a_paused_endpoint_gets_afterwards_what_happened_meanwhile(hook: Hook, receiver: Receiver) -> None:
    hook.emit(1)
    hook.do(webhooks.pause, hook.scope)
    drain_endpoint(hook.context, hook.id)
    ids = hook.emit(2)
    hook.drain()
    assert receiver.arrived == []
    hook.do(webhooks.resume, hook.scope)
    drain_endpoint(hook.context, hook.id)
    assert len(receiver.ids) == 2
    assert receiver.ids[1:] == ids


def test_another_address_gets_at_once_what_waits(hook: Hook, receiver: Receiver) -> None:
    receiver.answers(429, Retry_After="3600")
    hook.emit(1)
    hook.drain()
    receiver.answers(204)
    url = {"url": receiver.url + "/new"}
    hook.do(webhooks.change, hook.rules, hook.scope, url)
    drain_endpoint(hook.context, hook.id)
    assert [item.path for item in receiver.arrived] == ["/hooks/assay", "/hooks/assay/new"]
    assert (hook.states, hook.row.problem) == (["done"], None)


def test_what_was_delivered_is_replayed_with_the_same_id(hook: Hook, receiver: Receiver) -> None:
    ids = hook.emit(1, 2)
    hook.drain()
    hook.do(replaying.replay_delivery, hook.scope, hook.items[0].id)
    drain_endpoint(hook.context, hook.id)
    assert receiver.ids == [*ids, ids[0]]
    assert receiver.arrived[2].body == receiver.arrived[0].body
    since = datetime.now(UTC) - DAY
    assert hook.do(replaying.replay_since, hook.scope, since, undelivered=True) == 0
    assert hook.do(replaying.replay_since, hook.scope, since, undelivered=False) == 2
    drain_endpoint(hook.context, hook.id)
    assert receiver.ids[3:] == ids
    assert hook.do(replaying.replay_since, hook.scope, datetime.now(UTC) + DAY, undelivered=False) == 0


def test_a_new_endpoint_can_hear_of_what_it_missed_in_order(hook: Hook, receiver: Receiver) -> None:
    ids = hook.emit(1, 2)
    hook.drain()
    late = Hook(hook.context, receiver.url, "batch.ready", workspace_id=hook.workspace_id)
    with hook.sessions.begin() as session:
        emit(session, hook.workspace_id, "round.failed", {})
    assert late.do(replaying.replay_since, late.scope, datetime.now(UTC) - DAY, undelivered=False) == 2
    late.drain()
    assert receiver.ids[2:] == ids


def test_no_log_and_no_row_shows_a_secret_or_an_address(hooked: WorkerContext, receiver: Receiver) -> None:
    hook = Hook(hooked, f"http://{receiver.host}/hooks?sig=hush")
    receiver.answers(500, b"the body of an answer")
    hook.emit(1)
    with capture_logs() as logs:
        hook.drain()
        hook.pass_time(6 * DAY)
        hook.drain()
    shown = f"{logs} {[vars(row) for row in (*hook.items, *hook.log)]} {hook.row.problem}"
    assert hook.row.status == "broken"
    assert hook.secret.removeprefix("whsec_") not in shown
    assert "hush" not in shown
    assert "the body" not in shown


def test_old_exchanges_events_and_deliveries_are_dropped_and_what_waits_is_kept(
    hook: Hook,
) -> None:
    ids = hook.emit(1, 2)
    hook.drain()
    hook.do(webhooks.pause, hook.scope)
    waiting = hook.emit(3)
    fresh = hook.emit(4)

    def age(days: int) -> None:
        with hook.sessions.begin() as session:
            by = timedelta(days=days)
            session.execute(update(ExchangeRecord).values(at=func.now() - by))
            for table in (Event, OutboxItem):
                old = update(table).where(table.workspace_id == hook.workspace_id)
                if table is Event:
                    old = old.where(Event.id != UUID(fresh[0]))
                session.execute(old.values(created_at=func.now() - by))

    age(29)
    sweep(hook.context)
    assert len(hook.log) == 2
    age(31)
    sweep(hook.context)
    assert hook.log == []
    assert len(hook.items) == 4
    age(91)
    sweep(hook.context)
    with hook.sessions() as session:
        kept = set(session.scalars(select(Event.id).where(Event.workspace_id == hook.workspace_id)))
    assert kept == {UUID(waiting[0]), UUID(fresh[0])}
    assert hook.states == ["waiting", "waiting"]
    assert not kept & set(map(UUID, ids))


def test_the_timetable_queues_what_is_due(hook: Hook) -> None:
    hook.emit(1)
    with hook.sessions.begin() as session:
        session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == hook.id)
            .values(state="idle", due_at=func.now())
        )
    tick(hook.context)
    assert hook.row.state == "queued"
