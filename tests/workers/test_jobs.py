"""Jobs in real worker processes: samples, predictions and backtests, under crashes and cancellation."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from models.campaign.requests import BacktestRequest, SampleRequest
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.campaigns import backtests, inference, jobs
from service.campaigns.jobs import JobScope, NewJob
from service.exchange import read_objects
from service.store.session import Sessions
from service.store.states import UNFINISHED_JOB_STATES
from service.store.tables import Job
from workers.jobs import kinds

pytestmark = pytest.mark.slow

MakeLab = Callable[..., Any]
PEPTIDES: dict[str, Any] = {"kind": "peptides", "min_length": 3, "max_length": 4, "alphabet": "AGKT"}
WORDS = ("AAA", "KKK", "KAK", "GTA", "KGTA", "TTTT", "GKKT", "AGK", "KTTG", "AKKA")
TABLE = "sequence,glow\n" + "".join(
    f"{text},{text.count('K')}\n" for text in map("".join, itertools.product("AGKT", repeat=3))
)


@dataclass(frozen=True)
class Player:
    """One campaign and a client's requests to it."""

    lab: Any
    sessions: Sessions

    def scope(self, kind: str) -> JobScope:
        return JobScope(kind, self.lab.workspace_id, None if kind == "backtests" else self.lab.campaign_id)

    def samples(self, **asked: Any) -> UUID:
        with self.sessions.begin() as session:
            return inference.enqueue_samples(session, self.scope("samples"), SampleRequest.model_validate(asked)).id

    def predictions(self, domain: Any, *texts: str) -> UUID:
        report = read_objects("\n".join(("sequence", *texts)).encode(), "text/csv", domain)
        table = (json.dumps(report.as_json()).encode(), "application/json")
        with self.sessions.begin() as session:
            return inference.enqueue_predictions(session, self.scope("predictions"), {}, table).id

    def backtest(self, spec: CampaignSpec, table: str, **asked: Any) -> UUID:
        plan = BacktestRequest.model_validate({"spec": spec.model_dump(mode="json"), **asked})
        with self.sessions.begin() as session:
            return backtests.enqueue_checked_backtest(
                session, self.scope("backtests"), plan, (table.encode(), "text/csv")
            ).id

    def cancel(self, kind: str, job_id: UUID) -> None:
        with self.sessions.begin() as session:
            jobs.cancel(session, self.scope(kind), job_id)

    def find(self, kind: str, job_id: UUID) -> Job:
        with self.sessions() as session:
            row = jobs.find(session, self.scope(kind), job_id)
            assert row.result is None or row.result  # read while the session is open
            return row

    def wait(self, kind: str, job_id: UUID, until: Callable[[Job], bool], seconds: float = 120.0) -> Job:
        deadline = time.monotonic() + seconds
        while not until(row := self.find(kind, job_id)):
            assert time.monotonic() < deadline, f"{row.state} at {row.progress}: {row.message} {row.failure}"
            time.sleep(0.05)
        return row

    def finish(self, kind: str, job_id: UUID) -> dict[str, Any]:
        row = self.wait(kind, job_id, lambda row: row.state not in UNFINISHED_JOB_STATES)
        assert (row.state, row.failure) == ("succeeded", None)
        assert row.result is not None
        return row.result


@pytest.fixture(scope="module", autouse=True)
def _workers(start_worker: Callable[..., Any]) -> None:
    start_worker(resend_seconds=1.0)


@pytest.fixture
def player(make_lab: MakeLab, live_sessions: Sessions) -> Player:
    """A user with a campaign of short peptides, in which the letter K glows, and one finished round."""
    lab = make_lab(domain=PEPTIDES, measured={text: float(text.count("K")) for text in WORDS})
    assert lab.finish(lab.start()).state == "awaiting_results"
    return Player(lab, live_sessions)


def change(sessions: Sessions, job_id: UUID, **values: Any) -> None:
    with sessions.begin() as session:
        session.execute(update(Job).where(Job.id == job_id).values(**values))


def test_a_trained_campaign_is_sampled_in_seconds(player: Player):
    first = player.finish("samples", player.samples(n=6, beta=[4, 32]))
    samples = first["samples"]
    assert len({item["object"] for item in samples}) == len(samples) == 6
    assert {item["condition"]["beta"] for item in samples} == {4.0, 32.0}
    assert all(item["log_pf"] < 0 and item["columns"]["sequence"] for item in samples)
    assert not {item["object"] for item in samples} & {item.object for item in player.lab.batch(1)}
    started = time.monotonic()
    again = player.finish("samples", player.samples(n=3, beta="colder", avoid=["A"]))
    assert time.monotonic() - started < 20
    assert all("A" not in item["object"] for item in again["samples"])
    assert {item["condition"]["beta"] for item in again["samples"]} == {8.0, 64.0}


def test_the_same_seed_draws_the_same_and_objects_are_judged(player: Player):
    one, two = (player.finish("samples", player.samples(n=4, seed=11)) for _ in range(2))
    assert one["samples"] == two["samples"]
    domain = open_domain(CampaignSpec.model_validate(player.lab.round(1).spec).domain)
    rows = player.finish("predictions", player.predictions(domain, "KKT", "k9k", "AAA", "KKT"))["rows"]
    assert [(row["row"], row["object"]) for row in rows] == [(2, "KKT"), (4, "AAA"), (5, "KKT")]
    first, second, third = rows
    assert {**first, "row": 5} == third
    assert first["predictions"]["glow"]["mean"] > second["predictions"]["glow"]["mean"]
    assert first["predictions"]["glow"]["low"] < first["predictions"]["glow"]["mean"]
    assert second["nearest_measured"] == {"object": "AAA", "similarity": 1.0}
    assert (first["refused"], bool(second["refused"])) == ([], True)


def test_a_request_that_only_the_policy_can_refuse_fails_as_a_problem(player: Player):
    job_id = player.samples(n=2, like={"object": {"sequence": "KKK"}})
    change(player.sessions, job_id, state="running", lease_owner="nobody")  # keep the worker away meanwhile
    request = player.find("samples", job_id).request
    request["like"]["object"]["sequence"] = "KKKKKKKK"
    change(player.sessions, job_id, request=request, state="queued", lease_owner=None, queued_at="2020-01-01")
    row = player.wait("samples", job_id, lambda row: row.state not in UNFINISHED_JOB_STATES)
    assert row.state == "failed"
    assert row.failure["status"] == 422
    assert row.failure["errors"][0]["pointer"].startswith("/like/object")


def test_predictions_need_no_round(make_lab: MakeLab, live_sessions: Sessions):
    lab = make_lab(domain=PEPTIDES, measured={text: float(text.count("K")) for text in WORDS})
    player = Player(lab, live_sessions)
    with live_sessions() as session:
        spec = inference.spec_of(session, player.scope("predictions"))
    rows = player.finish("predictions", player.predictions(open_domain(spec.domain), "KKT"))["rows"]
    assert rows[0]["predictions"]["glow"]["sd"] > 0


def test_a_table_is_replayed_with_curves_and_a_picture(player: Player):
    spec = CampaignSpec.model_validate(player.lab.round(1).spec)
    plan = {"rounds": 2, "batch_size": 4, "initial": 8, "seeds": 2, "methods": ["random", "genetic"]}
    found = player.finish("backtests", player.backtest(spec, TABLE, **plan))
    assert found["answer"]["objects"] == 64
    assert {(row["method"], row["round"]) for row in found["answer"]["curves"]} == {
        (method, number) for method in ("random", "genetic") for number in range(3)
    }
    assert "<svg" in found["picture"]


def test_an_unread_table_is_read_by_the_worker(player: Player):
    objects, request = "sequence\nKKT\nk9k\nAAA\n", {"sheet": None}

    def predicted(mode: Any) -> UUID:
        with player.sessions.begin() as session:
            scope = player.scope("predictions")
            return inference.enqueue_predictions(session, scope, request, (objects.encode(), "text/csv"), mode).id

    found = player.finish("predictions", predicted("partial"))
    assert [(row["row"], row["object"]) for row in found["rows"]] == [(2, "KKT"), (4, "AAA")]
    assert (found["report"]["accepted"], found["report"]["rejected"]) == (2, 1)
    refused = player.wait("predictions", predicted("atomic"), lambda row: row.state not in UNFINISHED_JOB_STATES)
    assert (refused.state, refused.failure["status"], refused.result["report"]["rejected"]) == ("failed", 422, 1)

    plan = BacktestRequest.model_validate(
        {
            "spec": player.lab.round(1).spec,
            "rounds": 1,
            "batch_size": 4,
            "initial": 8,
            "seeds": 1,
            "methods": ["random"],
        }
    )
    with player.sessions.begin() as session:
        scope = player.scope("backtests")
        job_id = backtests.enqueue_backtest(session, scope, plan, (TABLE.encode() + b"AAA,?!\n", "text/csv")).id
    replayed = player.finish("backtests", job_id)
    assert (replayed["objects"], replayed["report"]["rejected"], replayed["answer"]["objects"]) == (64, 1, 64)
    with player.sessions.begin() as session:
        few = backtests.enqueue_backtest(session, scope, plan, (b"sequence,glow\nAAA,1\n", "text/csv")).id
    failed = player.wait("backtests", few, lambda row: row.state not in UNFINISHED_JOB_STATES)
    assert (failed.state, failed.failure["errors"][0]["pointer"]) == ("failed", "/initial")


def test_a_running_backtest_is_cancelled_within_seconds(player: Player):
    spec = CampaignSpec.model_validate(player.lab.round(1).spec)
    plan = {"rounds": 7, "batch_size": 4, "initial": 8, "seeds": 50, "methods": ["assayflow"]}
    job_id = player.backtest(spec, TABLE, **plan)
    player.wait("backtests", job_id, lambda row: row.state == "running" and row.progress > 0)
    player.cancel("backtests", job_id)
    row = player.wait("backtests", job_id, lambda row: row.state == "cancelled", seconds=20)
    assert (row.lease_owner, row.result) == (None, None)


def test_a_message_that_was_lost_or_sent_twice_does_no_harm(player: Player, sessions: Sessions):
    silent = Player(player.lab, sessions)  # commits that reach no queue
    job_id = silent.samples(n=2)
    assert len(player.finish("samples", job_id)["samples"]) == 2
    assert player.find("samples", job_id).attempt == 1


def test_a_job_of_an_unknown_kind_fails_with_the_reason(player: Player):
    assert {"backtests", "predictions", "samples"} <= set(kinds())
    with player.sessions.begin() as session:
        row = jobs.enqueue(session, player.scope("wishes"), NewJob(queue="fast", request={}, context={}))
    failed = player.wait("wishes", row.id, lambda row: row.state not in UNFINISHED_JOB_STATES)
    assert (failed.state, "not wishes" in failed.failure["detail"]) == ("failed", True)
