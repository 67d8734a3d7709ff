"""Webhooks are delivered in order, signed, once per commit, and patiently; the receiver is a real server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs
from webhook_hooks import DAY, Hook
from webhook_receivers import Receiver

from service.campaigns import leases
from service.integrations import deliveries, replaying, webhooks
from service.integrations.lane_steps import ENDPOINTS
from service.store.tables import Secret, WebhookEndpoint
from workers.context import WorkerContext
from workers.endpoints import drain_endpoint


def test_events_arrive_in_order_signed_and_thin(hook: Hook, receiver: Receiver) -> None:
    ids = hook.emit(1, 2, 3)
    hook.drain()
    assert receiver.ids == ids
    messages = [item.verified(hook.secret) for item in receiver.arrived]
    assert [message["data"] for message in messages] == [{"round": 1}, {"round": 2}, {"round": 3}]
    assert {message["type"] for message in messages} == {"batch.ready"}
    assert set(messages[0]) == {"type", "timestamp", "data"}
    sent_at = datetime.fromisoformat(messages[0]["timestamp"])
    assert abs(datetime.now(UTC) - sent_at) < timedelta(minutes=1)
    assert receiver.arrived[0].headers["content-type"] == "application/json"
    assert hook.states == ["done"] * 3
    assert (hook.row.state, hook.row.due_at, hook.row.status) == ("idle", None, "active")
    with pytest.raises(WebhookVerificationError):
        receiver.arrived[0].verified(webhooks.signing.new_secret())


def test_a_query_is_sent_and_not_logged(hooked: WorkerContext, receiver: Receiver) -> None:
    hook = Hook(hooked, f"http://{receiver.host}/hooks/?sig=a%2Bb%3D&v=1")
    hook.emit(1)
    hook.drain()
    assert [item.path for item in receiver.arrived] == ["/hooks/?sig=a%2Bb%3D&v=1"]
    assert [(row.method, row.path, row.status) for row in hook.log] == [("POST", "/hooks/", 204)]


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 422, 500, 502, 429, 503])
def test_a_failure_is_tried_again_later_and_later_ones_wait(
    hook: Hook, receiver: Receiver, status: int
) -> None:
    receiver.answers(status, Location=f"http://{receiver.host}/elsewhere")
    ids = hook.emit(1, 2)
    hook.drain()
    assert receiver.ids == ids[:1]
    assert [item.path for item in receiver.arrived] == ["/hooks/assay"]
    first, second = hook.items
    assert (first.state, first.tries, second.tries) == ("waiting", 1, 0)
    assert str(status) in first.problem["detail"]
    assert timedelta(seconds=2) < first.due_at - datetime.now(UTC) < timedelta(seconds=6)
    assert hook.row.due_at == first.due_at
    assert hook.row.failing_since is not None
    hook.drain()
    assert len(receiver.arrived) == 1
    receiver.answers(200)
    hook.pass_time()
    hook.drain()
    assert receiver.ids == [ids[0], *ids]
    assert hook.states == ["done", "done"]
    assert (hook.row.failing_since, hook.row.problem) == (None, None)


def test_the_signature_is_that_of_the_attempt_and_the_id_that_of_the_event(
    hook: Hook, receiver: Receiver
) -> None:
    receiver.answers(500)
    hook.emit(1)
    hook.drain()
    hook.pass_time()
    hook.drain()
    first, second = receiver.arrived
    assert first.id == second.id
    assert first.body == second.body
    assert second.verified(hook.secret)


def test_a_delivery_is_given_up_after_its_last_attempt_and_the_next_one_goes_on(
    hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "PATIENCE", timedelta(days=3650))
    receiver.answer = lambda item: (500 if item.verified(hook.secret)["data"]["round"] == 1 else 204, {}, b"")
    ids = hook.emit(1, 2)
    for _ in range(11):
        hook.drain()
        hook.pass_time()
    assert receiver.ids == [ids[0]] * 11 + [ids[1]]
    assert hook.states == ["dead", "done"]
    assert hook.row.status == "active"


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_time_gets_it_and_no_failure_is_counted(
    hook: Hook, receiver: Receiver, status: int
) -> None:
    receiver.answers(status, Retry_After="120")
    hook.emit(1, 2)
    hook.drain()
    assert len(receiver.arrived) == 1
    assert timedelta(seconds=100) < hook.row.quiet_until - datetime.now(UTC) < timedelta(seconds=121)
    assert [item.tries for item in hook.items] == [0, 0]
    hook.drain()
    assert len(receiver.arrived) == 1
    receiver.answers(200)
    hook.pass_time()
    hook.drain()
    assert hook.states == ["done", "done"]


def test_gone_disables_at_once_and_resuming_sends_what_waited(hook: Hook, receiver: Receiver) -> None:
    receiver.answers(410)
    ids = hook.emit(1, 2)
    hook.drain()
    assert (hook.row.status, hook.row.state) == ("broken", "idle")
    assert "410" in hook.row.problem["detail"]
    assert len(receiver.arrived) == 1
    missed = hook.emit(3)
    hook.drain()
    assert len(receiver.arrived) == 1
    receiver.answers(204)
    hook.do(webhooks.resume, hook.scope)
    hook.drain()
    assert receiver.ids[1:] == ids
    assert hook.do(replaying.replay_since, hook.scope, datetime.now(UTC) - DAY, undelivered=True) == 1
    hook.drain()
    assert receiver.ids[3:] == missed


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "60"}])
def test_patience_ends_after_five_days_without_a_success(
    hook: Hook, receiver: Receiver, headers: dict[str, str]
) -> None:
    receiver.answers(503, **headers)
    hook.emit(1)
    hook.drain()
    assert hook.row.status == "active"
    hook.pass_time(timedelta(days=4, hours=23))
    hook.drain()
    assert hook.row.status == "active"
    hook.pass_time()
    with capture_logs() as logs:
        hook.drain()
    assert hook.row.status == "broken"
    assert "5 days" in hook.row.problem["detail"]
    assert hook.states == ["waiting"]
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["webhook disabled"]


def test_a_success_gives_patience_back(hook: Hook, receiver: Receiver) -> None:
    receiver.answers(500)
    hook.emit(1)
    hook.drain()
    hook.pass_time(4 * DAY)
    receiver.answers(200)
    hook.drain()
    receiver.answers(500)
    hook.emit(2)
    hook.drain()
    hook.pass_time(4 * DAY)
    hook.drain()
    assert hook.row.status == "active"


def test_a_dead_endpoint_delays_nobody(hooked: WorkerContext, receiver: Receiver) -> None:
    dead = Hook(hooked, "http://127.0.0.1:9/nobody")
    alive = Hook(hooked, receiver.url, workspace_id=dead.workspace_id)
    ids = alive.emit(1, 2)
    dead.drain()
    alive.drain()
    assert receiver.ids == ids
    assert dead.states == ["waiting", "waiting"]
    assert dead.items[0].problem["detail"] == dead.log[0].problem == "the connection failed (ConnectError)"


def test_an_answer_that_is_not_read_is_of_no_interest(hook: Hook, receiver: Receiver) -> None:
    receiver.answers(200, b"<html>" + b"x" * 100_000)
    hook.emit(1)
    hook.drain()
    assert hook.states == ["done"]
    receiver.answers(200, b"x" * (deliveries.MOST_BYTES + 1))
    hook.emit(2)
    hook.drain()
    assert hook.states == ["done", "waiting"]


def test_two_workers_deliver_once(hook: Hook, receiver: Receiver) -> None:
    """While one worker waits for the receiver, the same task comes again and another event is emitted."""

    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        if len(receiver.arrived) == 1:
            hook.emit(2)
            drain_endpoint(hook.context, hook.id)
        return 204, {}, b""

    receiver.answer = answer
    hook.emit(1)
    hook.drain()
    assert len(receiver.arrived) == len(set(receiver.ids)) == 2
    assert hook.states == ["done", "done"]


class Killed(BaseException):
    """As SIGKILL: nothing after it runs."""


def test_what_a_killed_worker_had_sent_is_sent_again_with_the_same_id(
    hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = hook.emit(1)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "record", die)
        with pytest.raises(Killed):
            hook.drain()
    assert hook.row.state == "running"
    with hook.sessions.begin() as session:
        session.execute(update(WebhookEndpoint).values(lease_until=func.now() - timedelta(seconds=1)))
        leases.requeue_lost(session, ENDPOINTS, resend_seconds=300, max_attempts=1)
    hook.drain()
    assert receiver.ids == ids * 2
    assert receiver.arrived[0].body == receiver.arrived[1].body
    assert hook.states == ["done"]


def test_a_worker_that_lost_its_lease_records_nothing(hook: Hook, receiver: Receiver) -> None:
    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        with hook.sessions.begin() as session:
            session.execute(update(WebhookEndpoint).values(lease_owner="another"))
        return 204, {}, b""

    receiver.answer = answer
    hook.emit(1)
    hook.drain()
    assert hook.states == ["waiting"]
    assert (hook.row.state, hook.row.lease_owner) == ("running", "another")


@pytest.mark.parametrize(
    ("hosts", "why"), [("", "not a public one"), ("lab.example.org", "not a public one")]
)
def test_an_address_is_judged_at_every_attempt(hook: Hook, receiver: Receiver, hosts: str, why: str) -> None:
    hook.emit(1)
    hook.context.settings = hook.context.settings.model_copy(update={"webhook_hosts": hosts})
    hook.drain()
    assert receiver.arrived == []
    assert why in hook.items[0].problem["detail"]
    assert hook.items[0].tries == 1


def test_without_the_key_of_its_secret_a_message_waits_and_no_failure_is_counted(
    hook: Hook, receiver: Receiver, tmp_path: Path
) -> None:
    hook.emit(1)
    keys = hook.context.settings.secret_keys_file
    hook.context.settings = hook.context.settings.model_copy(update={"secret_keys_file": tmp_path / "none"})
    hook.drain()
    assert receiver.arrived == []
    (item,) = hook.items
    assert (item.state, item.tries, hook.row.failing_since) == ("waiting", 0, None)
    assert hook.row.due_at > datetime.now(UTC) + timedelta(minutes=9)
    hook.context.settings = hook.context.settings.model_copy(update={"secret_keys_file": keys})
    hook.pass_time()
    hook.drain()
    assert hook.states == ["done"]


def test_a_bug_interrupts_a_lane_and_does_not_end_it(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    hook.emit(1)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "post", broken)
        hook.drain()
    assert (hook.row.state, hook.row.status) == ("idle", "active")
    assert hook.row.quiet_until > datetime.now(UTC) + timedelta(seconds=30)
    hook.pass_time()
    hook.drain()
    assert hook.states == ["done"]


def test_a_deleted_endpoint_ends_quietly(hook: Hook, receiver: Receiver) -> None:
    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        hook.do(webhooks.delete, hook.scope)
        return 204, {}, b""

    receiver.answer = answer
    hook.emit(1)
    hook.drain()
    assert hook.items == []
    with hook.sessions() as session:
        assert session.scalars(select(Secret).where(Secret.workspace_id == hook.workspace_id)).all() == []
