"""Rounds in a real worker process: computed once, with progress, and with clear failures."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from pydantic import SecretStr
from sqlalchemy import update

from service.dispatch import ROUND_TASK
from service.settings import Settings
from service.store.session import Sessions
from service.store.tables import Round, RoundArtefact
from workers.health import is_answering

pytestmark = pytest.mark.slow

MakeLab = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def _worker(start_worker: Callable[..., Any]) -> None:
    start_worker(resend_seconds=1.0)


def change(sessions: Sessions, round_id: UUID, **values: Any) -> None:
    with sessions.begin() as session:
        session.execute(update(Round).where(Round.id == round_id).values(**values))


def test_a_round_returns_the_exact_batch_size_and_reports_progress(make_lab: MakeLab):
    lab = make_lab(size=5)
    row = lab.finish(lab.start())
    assert (row.state, row.failure, row.progress) == ("awaiting_results", None, 1.0)
    batch = lab.batch(1)
    assert [item.rank for item in batch] == [1, 2, 3, 4, 5]
    assert len({item.object for item in batch}) == 5
    assert all(item.payload["reason"] and "glow" in item.payload["predictions"] for item in batch)
    states = [event.state for event in lab.events(1)]
    assert list(dict.fromkeys(states)) == [
        "queued",
        "fitting",
        "training",
        "sampling",
        "selecting",
        "awaiting_results",
    ]
    shares = [event.progress for event in lab.events(1)]
    assert shares == sorted(shares)
    assert row.versions["torch"]
    assert row.snapshot["digest"] == row.summary["data_digest"]


def test_a_second_round_starts_with_partial_results_and_repeats_no_object(make_lab: MakeLab):
    lab = make_lab(size=5)
    lab.finish(lab.start())
    first = lab.batch(1)
    lab.measure(**{f"s{item.object}": 1.0 for item in first[:2]})
    assert lab.finish(lab.start()).state == "awaiting_results"
    assert not {item.object for item in first} & {item.object for item in lab.batch(2)}
    assert sorted(lab.round(2).snapshot["pending"]) == sorted(item.object for item in first[2:])


def test_a_task_delivered_three_times_does_its_work_once(make_lab: MakeLab, settings: Settings):
    lab = make_lab()
    number = lab.start()
    with Celery(broker=settings.required_redis_url(), set_as_current=False) as celery:
        for _ in range(2):
            celery.send_task(ROUND_TASK, args=[str(lab.round(number).id)])
    lab.finish(number)
    batch = [(item.id, item.version) for item in lab.batch(number)]
    other = make_lab()
    other.finish(other.start())  # by now the copies, which came first, were read as well
    assert [(item.id, item.version) for item in lab.batch(number)] == batch
    assert lab.round(number).attempt == 1
    assert [event.message for event in lab.events(number)].count("reading results") == 1


def test_a_round_whose_message_was_lost_is_sent_again(make_lab: MakeLab, sessions: Sessions):
    lab = make_lab()
    silent = type(lab)(sessions, lab.workspace_id, lab.campaign_id)  # commits that reach no queue
    number = silent.start()
    assert lab.finish(number).state == "awaiting_results"


def test_a_failure_is_a_problem_that_a_retry_can_mend(make_lab: MakeLab, sessions: Sessions):
    lab = make_lab()
    silent = type(lab)(sessions, lab.workspace_id, lab.campaign_id)
    row = silent.round(silent.start())
    change(sessions, row.id, spec=row.spec | {"domain": {"kind": "gone"}})
    failed = lab.finish(1)
    assert failed.state == "failed"
    assert failed.failure["title"] == "The round could not be computed"
    assert "gone" in failed.failure["detail"]
    assert failed.finished_at is not None
    change(sessions, row.id, spec=row.spec)
    lab.retry(1)
    mended = lab.finish(1)
    assert (mended.state, mended.failure) == ("awaiting_results", None)
    assert (mended.seed, mended.snapshot["last_sequence"]) == (row.seed, row.snapshot["last_sequence"])


def test_cancelling_stops_training_within_seconds(make_lab: MakeLab, settings: Settings):
    lab = make_lab(steps=100_000)
    number = lab.start()
    lab.wait(number, lambda row: row.state == "training")
    lab.cancel(number)
    row = lab.wait(number, lambda row: row.state == "cancelled", seconds=5)
    assert (row.lease_owner, row.summary, lab.batch(number)) == (None, None, [])
    assert not list(settings.artefacts.glob(f"{row.id}*"))


def test_the_worker_answers_a_health_check(settings: Settings):
    assert is_answering(settings)
    empty_queue = settings.required_redis_url().rpartition("/")[0] + "/0"
    assert not is_answering(settings.model_copy(update={"redis_url": SecretStr(empty_queue)}), timeout=1)


def test_a_second_round_begins_from_the_first_and_says_so(make_lab: MakeLab):
    lab = make_lab(steps=40)
    assert lab.finish(lab.start()).summary["start"] is None
    begun = lab.finish(lab.start()).summary["start"]
    assert (begun["campaign_id"], begun["round"]) == (str(lab.campaign_id), 1)
    assert (begun["steps"], begun["known_actions"]) == (40, begun["actions"])
    assert begun["best_objects"] > 0


def test_a_damaged_policy_of_an_earlier_round_costs_only_the_start(make_lab: MakeLab, sessions: Sessions):
    lab = make_lab(steps=40)
    lab.finish(lab.start())
    with sessions.begin() as session:
        damage = update(RoundArtefact).where(RoundArtefact.round_id == lab.round(1).id)
        session.execute(damage.values(content=b"damaged"))
    second = lab.finish(lab.start())
    assert (second.state, second.summary["start"]) == ("awaiting_results", None)
    assert second.summary["training"]["steps"] == 40
    assert "start_damaged" in [item["code"] for item in second.summary["messages"]]
