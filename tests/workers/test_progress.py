"""Progress is written at a limited rate, keeps the lease, and stops the work for every reason to stop."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from models.campaign.spec import CampaignSpec
from models.records import Cancelled
from service.campaigns import commands, queries, rounds
from service.campaigns.leases import Lease
from service.settings import Settings
from service.store import leases as lease_rows
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions, opened
from service.store.tables import Round
from workers.progress import Progress

SPEC = {"name": "Switches", "domain": {"kind": "switches"}, "objectives": [{"name": "glow"}]}


@pytest.fixture
def held(sessions: Sessions) -> tuple[Lease[Round], Callable[[], Any], Callable[[], Any]]:
    """A claimed round's lease, how to cancel the round, and how to read its events."""
    with sessions.begin() as session:
        workspace_id = ensure_workspace(session, f"lab {uuid4()}").id
        campaign_id = commands.create_campaign(session, workspace_id, CampaignSpec.model_validate(SPEC)).id
        lease = rounds.lease_of(commands.start_round(session, workspace_id, campaign_id).id, "worker", 3)
        rounds.claim(session, lease, {})

    def cancel() -> None:
        with sessions.begin() as session:
            commands.cancel_round(session, workspace_id, campaign_id, 1)

    def messages() -> list[str]:
        with sessions() as session:
            return [event.message for event in queries.events_after(session, lease.item_id)]

    return lease, cancel, messages


def give_away(sessions: Sessions, lease: Lease[Round]) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE rounds SET lease_owner = 'other' WHERE id = :id"), {"id": lease.item_id})


@pytest.fixture
def slow(settings: Settings) -> Settings:
    """Settings under which only a new stage is written and no heartbeat comes by itself."""
    return settings.model_copy(update={"progress_seconds": 1000.0, "heartbeat_seconds": 1000.0})


def test_progress_is_written_now_and_then_but_every_stage_at_once(
    sessions: Sessions, held: Any, slow: Settings
):
    lease, _, messages = held
    report = Progress(sessions, lease, slow)
    for step in range(50):
        report("training", step / 100, f"step {step}")
    report("sampling", 0.6, "drawing")
    assert messages()[-2:] == ["step 0", "drawing"]


def test_the_heartbeat_renews_the_lease_without_progress_reports(
    sessions: Sessions, held: Any, settings: Settings
):
    lease, _, _ = held
    quick = settings.model_copy(update={"heartbeat_seconds": 0.1})

    def lease_until() -> Any:
        with sessions() as session:
            return lease_rows.get(session, Round, lease.item_id).lease_until

    before = lease_until()
    with Progress(sessions, lease, quick) as report:
        deadline = time.monotonic() + 10
        while lease_until() == before and time.monotonic() < deadline:
            time.sleep(0.02)
        assert lease_until() > before
        assert report.stop is None


@pytest.mark.parametrize("why", ["cancelled", "lost", "stopping"])
def test_the_work_is_stopped_with_the_reason(sessions: Sessions, held: Any, slow: Settings, why: str):
    lease, cancel, _ = held
    report = Progress(sessions, lease, slow, lambda: why == "stopping")
    if why == "cancelled":
        cancel()
    if why == "lost":
        give_away(sessions, lease)
    with pytest.raises(Cancelled, match=why):
        report("training", 0.5, "step")
    assert report.stop == why


def test_the_heartbeat_alone_notices_a_cancel(sessions: Sessions, held: Any, slow: Settings):
    lease, cancel, _ = held
    quick = slow.model_copy(update={"heartbeat_seconds": 0.05})
    with Progress(sessions, lease, quick) as report:
        report("training", 0.1, "step 1")
        cancel()
        deadline = time.monotonic() + 10
        while report.stop is None and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(Cancelled):
            report("training", 0.2, "step 2")


@pytest.fixture
def unreachable() -> Iterator[Sessions]:
    with opened("postgresql+psycopg://nobody@/nothing?host=/nowhere") as sessions:
        yield sessions


def test_a_database_that_is_away_does_not_stop_the_work(unreachable: Sessions, slow: Settings):
    with pytest.raises(OperationalError), unreachable() as session:
        session.execute(text("SELECT 1"))
    report = Progress(unreachable, rounds.lease_of(uuid4(), "worker", 3), slow)
    report("training", 0.5, "step")
    assert report.stop is None


def test_work_that_was_stopped_for_longer_than_its_lease_asks_before_it_goes_on(
    sessions: Sessions, held: Any, slow: Settings, monkeypatch: pytest.MonkeyPatch
):
    """A process that SIGSTOP held up must not write outside what another one has written by now."""
    lease, _, _ = held
    real = time.monotonic
    with Progress(sessions, lease, slow) as report:
        give_away(sessions, lease)
        report.raise_if_cancelled()
        monkeypatch.setattr(time, "monotonic", lambda: real() + 2 * lease.seconds)
        with pytest.raises(Cancelled):
            report.raise_if_cancelled()
    assert report.stop == "lost"
