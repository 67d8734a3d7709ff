"""A real round's summary has the documented structure in every domain, and old ones are still read."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.messages.catalogue import TEMPLATES
from models.propose import propose
from models.records import Forecast, History, Measurement, Prediction, Proposal
from models.rounds.fitting.fit import random_objects
from models.summaries.round import SUMMARY_VERSION, RoundSummary, read_round_summary

ALL = ["".join(letters) for letters in itertools.product("01", repeat=8)]
BASE: dict[str, Any] = {
    "name": "any",
    "objectives": [{"name": "glow", "range": [0, 10]}],
    "proxies": {"kinds": ["gaussian_process"]},
    "sampler": {"steps": 5, "trajectories_per_step": 8, "beta": [1, 16]},
    "batch": {"size": 3},
}
DOMAINS: dict[str, dict[str, Any]] = {
    "molecules": {"kind": "molecules", "max_fragments": 3, "vocabulary_size": 20},
    "peptides": {"kind": "peptides", "min_length": 3, "max_length": 6, "alphabet": "AKLW"},
    "composition": {
        "kind": "materials",
        "space": "composition",
        "elements": ["Mg", "Al", "O", "S"],
        "max_atoms": 8,
    },
    "mixture": {"kind": "materials", "space": "mixture", "components": list("abcd"), "grid": 10},
}


def _run(spec: dict[str, Any], history: History) -> Proposal:
    return propose(CampaignSpec.model_validate(spec), history, seed=3, report=lambda *_: None)


def _strict(proposal: Proposal) -> RoundSummary:
    """Return the summary as it is stored and read, refusing every key that is not documented."""
    return RoundSummary.model_validate_json(json.dumps(proposal.summary, allow_nan=False), extra="forbid")


@pytest.mark.parametrize("kind", DOMAINS)
def test_a_round_of_every_domain_has_the_documented_summary(kind: str) -> None:
    spec = BASE | {"domain": DOMAINS[kind]}
    torch.manual_seed(0)
    texts = random_objects(open_domain(CampaignSpec.model_validate(spec).domain).environment([]))
    texts = list(dict.fromkeys(texts))[:14]
    results = [Measurement(text, "glow", 0.5 * place) for place, text in enumerate(texts)]
    proposal = _run(spec, History(tuple(results)))
    summary = _strict(proposal)
    assert summary.version == SUMMARY_VERSION
    assert summary.chosen == len(proposal.candidates) == 3
    assert summary.base_measure is not None
    assert summary.statements == [item.text for item in summary.messages]
    assert {item.code for item in summary.messages} <= set(TEMPLATES)
    for candidate in proposal.candidates:
        assert candidate.reason == " ".join(item["text"] for item in candidate.messages)


@pytest.fixture(scope="module")
def rich() -> Proposal:
    """Return a round with forecasts, versions, plates, failures, outliers, bounds, limits and a guardrail."""
    spec = BASE | {
        "domain": {"kind": "switches", "n": 8},
        "objectives": [{"name": "glow"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
        "proxies": {"kinds": ["gaussian_process", "random_forest"]},
        "constraints": [{"type": "weight", "max": 9, "probability": 0.5, "enforcement": "lagrangian"}],
        "guardrails": [{"name": "hot", "type": "heat", "max": 7.5, "risk": 0.6}],
        "batch": {"size": 4, "replicates": 1, "controls": [{"switches": ALL[-1]}]},
    }
    rng = np.random.default_rng(0)
    texts = [str(text) for text in rng.permutation(ALL)[:60]]
    results = [
        Measurement(
            text,
            kind,
            text.count("1") + rng.normal(0, 0.1) + (20.0 if place == 3 and kind == "glow" else 0.0),
            assay_version="b" if place % 2 else "a",
            plate=f"p{place % 3}",
            round=[None, 1, 2][place // 20] if kind == "glow" else None,
        )
        for kind in ("glow", "weight", "heat")
        for place, text in enumerate(texts)
    ]
    results += [Measurement(text, "glow", outcome="insoluble") for text in ALL[:3] if text not in texts]
    results += [
        Measurement(texts[0], "glow", 3.0, relation=">"),
        Measurement(texts[1], "glow", 1.0, relation="<"),
    ]
    forecasts = [
        Forecast(item.round, item.object, "glow", Prediction(2.0, 0.05, 1.9, 2.1))
        for item in results
        if item.round is not None
    ]
    return _run(spec, History(tuple(results), forecasts=tuple(forecasts)))


def _parts(part: BaseModel) -> Iterator[BaseModel]:
    """Yield a part of a summary and all parts within."""
    yield part
    for name in type(part).model_fields:
        value = getattr(part, name)
        children = (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        )
        for child in children:
            if isinstance(child, BaseModel):
                yield from _parts(child)


def test_a_rich_round_has_every_documented_field(rich: Proposal) -> None:
    """No field is documented that no round produces.

    `unread` belongs to reading, `superseded` to another setting.
    """
    missing: dict[str, set[str]] = {}
    for part in _parts(_strict(rich)):
        unset = set(type(part).model_fields) - part.model_fields_set
        missing[type(part).__name__] = missing.get(type(part).__name__, unset) & unset
    assert {name: fields for name, fields in missing.items() if fields} == {
        "RoundSummary": {"unread"},
        "ResultCounts": {"superseded"},
    }


def test_a_round_without_results_and_one_that_proposes_nothing_fit_as_well() -> None:
    spec = BASE | {"domain": {"kind": "switches", "n": 8}}
    assert _strict(_run(spec, History())).space_filling
    blocked = _strict(
        _run(spec | {"guardrails": [{"name": "hot", "type": "heat", "max": 7, "risk": 0.6}]}, History())
    )
    assert blocked.messages[-1].code == "guardrail_data_missing"
    assert blocked.messages[-1].params["guardrails"] == ["hot"]
    assert blocked.training is None


def test_summaries_of_earlier_and_later_releases_can_be_read(rich: Proposal) -> None:
    stored = json.loads(json.dumps(rich.summary))
    old = {name: part for name, part in stored.items() if name not in ("version", "messages", "reach")}
    del old["proxies"]["glow"]["messages"]
    del old["proxies"]["glow"]["scores"]["gaussian_process"]["skill"]
    read = read_round_summary(old | {"future": {"key": 1}, "base_measure": {"kind": "squares"}})
    assert (read.version, read.messages, read.reach) == (0, [], None)
    assert read.statements == stored["statements"]
    assert read.proxies["glow"].scores["gaussian_process"].skill is None
    assert (read.base_measure, read.unread) == (None, ["base_measure"])
    assert read.model_dump()["future"] == {"key": 1}
    assert read_round_summary({}) == RoundSummary()
    assert read_round_summary(stored).model_dump(exclude={"unread"}, exclude_unset=True) == stored
