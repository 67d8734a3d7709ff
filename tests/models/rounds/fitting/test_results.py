"""Versions, bounds, failures and outliers of a small campaign arrive in its summary and statements."""

import itertools
from typing import Any

import numpy as np
import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.messages.message import texts
from models.proxies import deep_ensemble
from models.records import History, Measurement
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.reporting.summary import data_messages

ALL = ["".join(letters) for letters in itertools.product("01", repeat=7)]
SPEC: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [{"name": "signal", "direction": "maximize"}],
    "batch": {"size": 6},
}


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep_ensemble, "STEPS", 5)


def _results(seed: int = 0, offset: float = 5.0) -> list[Measurement]:
    """Return 40 results by v1 that read `offset` too high and 40 by v2, ten objects in both.

    One is off, two failed.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(ALL)
    rows = [(name, "v1") for name in names[:40]] + [(name, "v2") for name in names[30:70]]
    results = [
        Measurement(
            str(name),
            "signal",
            name.count("1") + rng.normal(0, 0.1) + (offset if version == "v1" else 0),
            assay_version=version,
        )
        for name, version in rows
    ]
    odd = Measurement(str(names[70]), "signal", 60.0, assay_version="v2")
    bound = Measurement(str(names[71]), "signal", 2.0, relation=">", assay_version="v1")
    failed = [Measurement(str(names[72]), "signal", outcome="insoluble")]
    failed += [Measurement(str(names[73]), "signal", outcome="assay_failed")]
    return [*results, odd, bound, *failed]


def _fitted(results: list[Measurement], **proxies: Any) -> RoundModel:
    spec = CampaignSpec.model_validate(SPEC | {"proxies": proxies})
    domain = open_domain(spec.domain)
    return fit(spec, domain, domain.environment([], "cpu"), History(tuple(results)), 0, lambda *_: None)


def test_all_that_was_done_to_results_is_told() -> None:
    results = _results()
    fitted = _fitted(results)
    summary = fitted.summary()
    told = summary["proxies"]["signal"]
    assert told["offsets"]["reference"] == "v2"
    assert abs(told["offsets"]["versions"]["v1"]["offset"] - 5.0) < 0.5
    assert summary["feasibility"]["by_kind"] == {"assay_failed": 1, "insoluble": 1}
    assert told["results"]["censored"] == 1
    worst = summary["outliers"][0]
    assert (worst["object"], worst["value"], worst["type"]) == (results[80].object, 60.0, "signal")
    assert summary["n_outliers"] >= 1
    sentences = " ".join(texts(data_messages(fitted)))
    for words in (
        "from version v2",
        "1 result of signal is a bound",
        "Objects that failed: 1 assay failed, 1 insoluble",
        "disagree",
    ):
        assert words in sentences, words


def test_a_bound_alone_is_a_row_of_the_table_and_outliers_stay() -> None:
    results = _results()
    table = _fitted(results).table
    names = list(table.objects)
    assert table.values[names.index(results[80].object), 0] == 60.0
    row = names.index(results[81].object)
    assert np.isnan(table.values[row, 0])
    assert -4.0 < table.lower[row, 0] < -2.0


def test_pooled_and_latest_do_as_they_say() -> None:
    results = _results()
    pooled = _fitted(results, assay_versions="pooled")
    assert "offsets" not in pooled.summary()["proxies"]["signal"]
    assert "versions_pooled_by_request" in [item.code for item in data_messages(pooled)]
    latest = _fitted(results, assay_versions="latest")
    assert latest.summary()["proxies"]["signal"]["results"]["superseded"] == 41
    assert any("41 results of signal by earlier" in sentence for sentence in texts(data_messages(latest)))
    assert len(latest.table.objects) == 41
    assert set(latest.attempted) == {result.object for result in results}


def test_plain_results_need_no_words() -> None:
    plain = [Measurement(name, "signal", float(name.count("1"))) for name in ALL[::4]]
    fitted = _fitted(plain)
    assert fitted.messages() == []
    assert "offsets" not in fitted.summary()["proxies"]["signal"]
    assert fitted.summary()["outliers"] == []
