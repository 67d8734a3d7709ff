"""Events are written with the transaction that caused them, in the order of the commits, or not at all."""

from collections.abc import Callable
from uuid import UUID, uuid4

from sqlalchemy import select

from service.outbox.events import EVENT_TYPES, emit
from service.store import events
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.tables import Event, OutboxItem, WebhookEndpoint


def types_of(live: Sessions, workspace_id: UUID) -> list[str]:
    with live() as session:
        return [row.type for row in events.page(session, workspace_id, None, 100).items]


def deliveries(live: Sessions, endpoint_id: UUID) -> list[OutboxItem]:
    query = select(OutboxItem).where(OutboxItem.endpoint_id == endpoint_id).order_by(OutboxItem.sequence)
    with live() as session:
        return list(session.scalars(query))


def test_an_event_is_there_with_its_commit_and_waits_for_who_wants_it(
    live: Sessions, workspace_id: UUID, make_endpoint: Callable[..., UUID], sent: list[object]
) -> None:
    all_types, ready_only, other = (
        make_endpoint(),
        make_endpoint("batch.ready"),
        make_endpoint("round.failed"),
    )
    paused = make_endpoint(status="paused")
    broken = make_endpoint(status="broken")
    campaign_id = uuid4()
    with live.begin() as session:
        emit(session, workspace_id, "batch.ready", {"campaign_id": campaign_id, "round": 3})
        assert session.scalars(select(Event).where(Event.workspace_id == workspace_id)).all() == []
        assert sent == []
    with live() as session:
        (event,) = session.scalars(select(Event).where(Event.workspace_id == workspace_id))
    assert (event.type, event.data) == ("batch.ready", {"campaign_id": str(campaign_id), "round": 3})
    for endpoint_id in (all_types, ready_only, paused):
        (item,) = deliveries(live, endpoint_id)
        assert (item.verb, item.key, item.event_id, item.state) == (
            "event",
            str(event.id),
            event.id,
            "waiting",
        )
    assert deliveries(live, other) == deliveries(live, broken) == []
    assert {(task, item) for task, item, _ in sent} == {
        ("assayflow.endpoint", all_types),
        ("assayflow.endpoint", ready_only),
    }
    with live() as session:
        states = {row.id: (row.state, row.due_at) for row in session.scalars(select(WebhookEndpoint))}
    assert states[ready_only][0] == "queued"
    assert states[paused][0] == "idle"
    assert states[paused][1] is not None
    assert states[other] == ("idle", None)


def test_what_rolls_back_emits_nothing(
    live: Sessions, workspace_id: UUID, make_endpoint: Callable[..., UUID], sent: list[object]
) -> None:
    endpoint_id = make_endpoint()
    with live() as session:
        session.execute(select(Event))
        emit(session, workspace_id, "batch.ready", {})
        session.rollback()
        session.commit()
    with live() as session:  # nothing had begun
        emit(session, workspace_id, "batch.ready", {})
        session.rollback()
        session.commit()
    assert types_of(live, workspace_id) == []
    assert deliveries(live, endpoint_id) == []
    assert sent == []


def test_what_a_savepoint_undoes_is_not_emitted_and_the_rest_is(live: Sessions, workspace_id: UUID) -> None:
    with live.begin() as session:
        emit(session, workspace_id, "batch.ready", {})
        undone = session.begin_nested()
        emit(session, workspace_id, "round.failed", {})
        with session.begin_nested():
            emit(session, workspace_id, "results.rejected", {})
        undone.rollback()
        with session.begin_nested():
            emit(session, workspace_id, "results.stored", {})
    assert types_of(live, workspace_id) == ["batch.ready", "results.stored"]


def test_events_are_in_the_order_of_the_commits(
    live: Sessions, workspace_id: UUID, make_endpoint: Callable[..., UUID]
) -> None:
    """A reader that remembers the last one misses none, and an endpoint hears of them in that order."""
    endpoint_id = make_endpoint()
    with live.begin() as slow:
        emit(slow, workspace_id, "batch.ready", {})
        with live.begin() as quick:
            emit(quick, workspace_id, "batch.released", {})
            emit(quick, workspace_id, "results.stored", {})
        assert types_of(live, workspace_id) == ["batch.released", "results.stored"]
    assert types_of(live, workspace_id) == ["batch.released", "results.stored", "batch.ready"]
    with live() as session:
        kinds = [
            events.find(session, workspace_id, item.event_id).type for item in deliveries(live, endpoint_id)
        ]
    assert kinds == ["batch.released", "results.stored", "batch.ready"]


def test_an_endpoint_that_is_deleted_meanwhile_breaks_nothing(
    live: Sessions, workspace_id: UUID, make_endpoint: Callable[..., UUID]
) -> None:
    endpoint_id = make_endpoint()
    with live.begin() as session:
        emit(session, workspace_id, "batch.ready", {})
        with live.begin() as other:
            other.delete(other.get(WebhookEndpoint, endpoint_id))
    assert types_of(live, workspace_id) == ["batch.ready"]


def test_another_workspace_hears_nothing(
    live: Sessions, make_endpoint: Callable[..., UUID], workspace_id: UUID
) -> None:
    endpoint_id = make_endpoint()
    with live.begin() as session:
        other = ensure_workspace(session, f"other {uuid4()}").id
        for event_type in EVENT_TYPES:
            emit(session, other, event_type, {})
    assert deliveries(live, endpoint_id) == []
    assert types_of(live, workspace_id) == []
    assert types_of(live, other) == list(EVENT_TYPES)
