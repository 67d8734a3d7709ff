"""A round with 50 measured molecules designs for leads by default, tells it, and opens again as it was."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.inference.load import load_trained_campaign
from models.propose import propose
from models.records import History, Measurement, Proposal
from models.rounds.fitting.fit import fit, random_objects
from models.rounds.reporting.summary import design_messages
from models.rounds.sampling.evaluated import evaluate_objects

FRAGMENTS = ["[*]c1ccccc1", "[*]C([*])=O", "[*]N[*]", "[*]c1ccc([*])cc1", "[*]N1CCOCC1", "[*]CC[*]", "[*]OC"]
EXAMPLES = Path(__file__).parents[3] / "examples" / "molecules"
WINDOW = [0.5, 0.8]


@cache
def spec_of() -> CampaignSpec:
    fields: dict[str, Any] = {
        "name": "leads",
        "domain": {"kind": "molecules", "fragments": FRAGMENTS, "max_fragments": 6},
        "objectives": [{"name": "logD", "direction": "maximize"}],
        "proxies": {"kinds": ["gaussian_process"]},
        "batch": {"size": 8},
        "applicability": {"similarity_window": WINDOW},
        "sampler": {"steps": 12, "trajectories_per_step": 16, "exhaustive": False, "beta": [1, 16]},
    }
    return CampaignSpec.model_validate(fields)


@cache
def known() -> History:
    domain = open_domain(spec_of().domain)
    texts = [text for text in random_objects(domain.environment([])) if not domain.check(text)][:55]
    values = domain.properties(texts, ["logp"])["logp"].tolist()
    return History(tuple(Measurement(*row) for row in zip(texts, ["logD"] * 55, values, strict=True)))


@cache
def proposal() -> Proposal:
    return propose(spec_of(), known(), seed=1, report=lambda *_: None, is_diagnosed=False)


@pytest.mark.slow
def test_the_round_tells_its_preset_and_what_it_set() -> None:
    found = proposal().summary
    assert found["selection"]["design"] == "hit_to_lead"
    assert found["selection"]["similarity_window"] == WINDOW
    assert "design" in found["selection"]["by_default"]
    assert "applicability.similarity_window" not in found["selection"]["by_default"]
    (told,) = [item for item in found["messages"] if item["code"] == "design_by_default"]
    assert told["params"]["measured"] == 55
    assert "sampler.behaviour.genetic_share 0.3" in told["text"]


@pytest.mark.parametrize("name", ["hit_to_lead", "lead_optimisation"])
def test_the_examples_are_campaigns_whose_rounds_tell_the_stated_preset(name: str) -> None:
    fields = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    CampaignSpec.model_validate(fields)
    fields["domain"]["fragments"], fields["proxies"] = FRAGMENTS, {"kinds": ["gaussian_process"]}
    spec, kind = CampaignSpec.model_validate(fields), fields["objectives"][0]["name"]
    domain = open_domain(spec.domain)
    results = tuple(Measurement(item.object, kind, item.value) for item in known().measurements)
    model = fit(spec, domain, domain.environment([]), History(results), 0, lambda *_: None)
    (told,) = design_messages(model)
    assert f"because the campaign's `design` is {name}" in told.text
    stated = "similarity_window" in fields.get("applicability", {})
    assert ("applicability.similarity_window" in told.text) is not stated


@pytest.mark.slow
def test_candidates_say_whether_predictions_held_there() -> None:
    codes = {"predictions_held_there", "predictions_not_held_there", "predictions_not_tested_there"}
    held = proposal().summary["applicability"]["held"]["logD"]
    for candidate in proposal().candidates:
        (told,) = [item for item in candidate.messages if item["code"] in codes]
        assert candidate.in_domain == (told["code"] == "predictions_held_there")
        assert candidate.in_domain == (told["params"]["similarity"] >= held["threshold"])


@pytest.mark.slow
def test_an_opened_round_knows_where_predictions_held() -> None:
    round_1 = proposal()
    opened = load_trained_campaign(
        spec_of(), known(), seed=1, artefact=round_1.artefact, report=lambda *_: None
    )
    texts = [candidate.object for candidate in round_1.candidates]
    objects, _ = evaluate_objects(opened.fitted.model, texts)
    assert [objects.is_inside(row) for row in range(len(texts))] == [
        item.in_domain for item in round_1.candidates
    ]
    assert opened.fitted.model.evidence is not None
