"""Whole rounds with a campaign's own scorers: over HTTP, from an entry point, and with a failing one."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from scorer_servers import Reply, Scorer, scorer_server, values

from models.campaign.spec import CampaignSpec
from models.records import Cancelled
from models.scorers.contract import ScorerError
from service.settings import Settings
from workers.scoring import open_scored_domain

MakeLab = Callable[..., Any]
OPEN = Settings(scorer_hosts="127.0.0.1", scorer_secrets={"key": {"host": "127.0.0.1", "authorization": "Bearer hush"}})


def campaign(*scorers: dict[str, Any]) -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "name": "Lights",
            "domain": {"kind": "switches", "n": 4},
            "objectives": [{"name": "ones", "computed": "ones"}],
            "scorers": scorers,
        }
    )


def dark(body: Any, _number: int) -> Reply:
    """Return the number of switches that are off, and no value where the last is on."""
    texts = [item["switches"] for item in body["objects"]]
    return values(*(None if text[-1] == "1" else float(text.count("0")) for text in texts))


def broken(_body: Any, _number: int) -> Reply:
    return Reply(b"a private message", 400)


@pytest.fixture(scope="module")
def server() -> Iterator[Scorer]:
    with scorer_server(dark) as made:
        yield made


def test_without_scorers_the_domain_is_the_plug_in_s_own():
    assert type(open_scored_domain(Settings(), campaign())).__name__ == "Switches"


def test_both_kinds_of_scorers_follow_the_operator_s_rules(server: Scorer):
    spec = campaign(
        {"name": "dark", "url": server.url, "secret": "key", "batch_size": 1}, {"name": "pairs", "entry_point": "pairs"}
    )
    before = len(server.requests)
    domain = open_scored_domain(OPEN, spec)
    computed = domain.properties(["0110", "0011", "0000"], ["dark", "pairs", "ones"])
    np.testing.assert_array_equal(computed["dark"], [2.0, np.nan, 4.0])
    np.testing.assert_array_equal(computed["pairs"], [1.0, 1.0, np.nan])
    assert [headers["Authorization"] for headers, _ in server.requests[before:]] == ["Bearer hush"] * 3
    domain.properties(["0110", "0000"], ["dark"])
    assert len(server.requests) == before + 3


def test_rules_that_changed_since_are_today_s(server: Scorer):
    with pytest.raises(ScorerError, match="scorer 'dark': its address is not a public one"):
        open_scored_domain(Settings(), campaign({"name": "dark", "url": server.url}))
    with pytest.raises(ScorerError, match="scorer 'gone': no entry point"):
        open_scored_domain(Settings(), campaign({"name": "gone", "entry_point": "gone"}))


def test_a_cancelled_round_sends_no_more_requests(server: Scorer):
    def cancelled() -> None:
        raise Cancelled

    before = len(server.requests)
    domain = open_scored_domain(OPEN, campaign({"name": "dark", "url": server.url}), cancelled)
    with pytest.raises(Cancelled):
        domain.properties(["0110"], ["dark"])
    assert len(server.requests) == before


def blocks(language: str) -> list[str]:
    """Return the examples of the page about scorers."""
    text = (Path(__file__).parents[2] / "docs" / "scorers.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_page_s_campaign_is_one():
    spec = CampaignSpec.model_validate(json.loads(blocks("json")[0]))
    assert [item.name for item in spec.scorers] == ["docking", "price"]


def test_the_page_s_scorer_works():
    names: dict[str, Any] = {"__name__": "page"}
    exec(blocks("python")[0], names)  # noqa: S102 - our own page
    names["Scorer"].log_message = lambda *_: None
    spec = CampaignSpec.model_validate(json.loads(blocks("json")[0]))
    with names["ThreadingHTTPServer"](("127.0.0.1", 0), names["Scorer"]) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        scorer = {"name": "docking", "url": f"http://127.0.0.1:{server.server_address[1]}/"}
        domain = open_scored_domain(
            OPEN, CampaignSpec.model_validate(spec.model_dump() | {"scorers": [scorer], "constraints": []})
        )
        computed = domain.properties(["CCO", "CCCCCC"], ["docking"])["docking"]
        server.shutdown()
        thread.join()
    assert computed[0] < 0 < computed[1]  # ethanol mixes with water, hexane does not


@pytest.fixture(scope="module")
def _worker(start_worker: Callable[..., Any]) -> None:
    start_worker(resend_seconds=1.0, scorer_hosts="127.0.0.1")


@pytest.mark.slow
@pytest.mark.usefixtures("_worker")
def test_a_round_improves_an_http_score_and_proposes_no_unscored_object(make_lab: MakeLab, server: Scorer):
    before = server.n_objects
    lab = make_lab(
        objectives=[{"name": "glow"}, {"name": "night", "computed": "dark", "range": [0, 6]}],
        scorers=[{"name": "dark", "url": server.url}],
    )
    row = lab.finish(lab.start())
    assert (row.state, row.failure) == ("awaiting_results", None)
    batch = lab.batch(1)
    assert len(batch) == 5
    for item in batch:
        assert item.object[-1] == "0"
        assert item.payload["computed"]["dark"] == item.object.count("0")
        assert item.payload["predictions"]["night"]["mean"] == item.object.count("0")
    assert row.summary["refused"]["a computed objective does not exist"] > 0
    assert server.n_objects - before <= 2**6  # each object once


@pytest.mark.slow
@pytest.mark.usefixtures("_worker")
def test_a_round_keeps_a_constraint_on_an_entry_point_score(make_lab: MakeLab):
    lab = make_lab(
        scorers=[{"name": "pairs", "entry_point": "pairs"}],
        constraints=[{"property": "pairs", "min": 2}],
        batch={"size": 5, "controls": [{"switches": "000000"}]},
    )
    row = lab.finish(lab.start())
    assert (row.state, row.failure) == ("awaiting_results", None)
    new = [item for item in lab.batch(1) if item.purpose != "control"]
    assert len(new) == 5
    assert all(item.payload["computed"]["pairs"] >= 2 for item in new)
    (control,) = [item for item in lab.batch(1) if item.purpose == "control"]
    assert "pairs" not in control.payload["computed"]  # it has no value, and the batch is stored all the same


@pytest.mark.slow
@pytest.mark.usefixtures("_worker")
def test_a_failing_scorer_is_named_and_its_response_is_not_shown(make_lab: MakeLab):
    with scorer_server(broken) as failing:
        lab = make_lab(
            objectives=[{"name": "night", "computed": "dark"}], scorers=[{"name": "dark", "url": failing.url}]
        )
        row = lab.finish(lab.start())
    assert row.state == "failed"
    assert "scorer 'dark': it answered 400" in row.failure["detail"]
    assert "private" not in str(row.failure)


@pytest.mark.slow
@pytest.mark.usefixtures("_worker")
def test_a_round_is_cancelled_while_its_scorer_takes_its_time(make_lab: MakeLab):
    def slow(body: Any, number: int) -> Reply:
        time.sleep(0.1)
        return dark(body, number)

    with scorer_server(slow) as server:
        scorer = {"name": "dark", "url": server.url, "batch_size": 1}
        lab = make_lab(n=10, objectives=[{"name": "night", "computed": "dark"}], scorers=[scorer])
        number = lab.start()
        lab.wait(number, lambda row: bool(server.requests) or row.failure)
        lab.cancel(number)
        row = lab.finish(number)
        assert (row.state, row.failure) == ("cancelled", None)
        assert server.n_objects < 500
