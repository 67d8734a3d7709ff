"""A round says what it cannot do well."""

from typing import Any

import numpy as np
import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.propose import propose
from models.proxies import deep_ensemble, random_forest
from models.records import History, Measurement
from models.rounds.reporting import limitations
from models.rounds.reporting.limitations import (
    MOST_SOUGHT,
    convergence_messages,
    reach,
    reach_messages,
)

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def _peptides(n: int, length: int = 4, alphabet: str = LETTERS) -> list[str]:
    rng = np.random.default_rng(1)
    return list(dict.fromkeys("".join(rng.choice(list(alphabet), length)) for _ in range(n)))


def _statements(results: list[Measurement], **sampler: Any) -> tuple[list[str], dict[str, Any]]:
    body: dict[str, Any] = {
        "name": "any",
        "domain": {"kind": "peptides", "min_length": 4, "max_length": 4},
        "objectives": [{"name": "potency"}],
        "batch": {"size": 3},
        "proxies": {"kinds": ["gaussian_process", "random_forest"]},
        "sampler": {"steps": 3, "trajectories_per_step": 8, **sampler},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 20)
        patch.setattr(random_forest, "TREES", 20)
        proposal = propose(
            CampaignSpec.model_validate(body), History(tuple(results)), seed=0, report=lambda *_: None
        )
    return list(proposal.summary["statements"]), dict(proposal.summary)


def test_a_model_of_noise_is_told_and_a_model_of_a_signal_is_not() -> None:
    texts, noise = _peptides(60), np.random.default_rng(0).normal(size=60)
    told, summary = _statements(
        [Measurement(t, "potency", float(y)) for t, y in zip(texts, noise, strict=False)]
    )
    (sentence,) = [item for item in told if "has no skill" in item]
    assert "The model of potency" in sentence
    score = summary["proxies"]["potency"]["scores"][summary["proxies"]["potency"]["chosen"]]
    assert score["skill"] < 0.1
    assert score["deviation"] == pytest.approx(float(noise[: len(texts)].std()))
    told, _ = _statements([Measurement(text, "potency", 3.0 * text.count("K")) for text in _peptides(200)])
    assert not [item for item in told if "has no skill" in item]


def test_a_policy_far_from_its_target_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [Measurement(text, "potency", 3.0 * text.count("K")) for text in _peptides(40)]
    told, summary = _statements(results, steps=1)
    share = summary["convergence"][-1]["effective_share"]
    assert share >= 0.02
    assert not any("under-trained" in item for item in told)
    monkeypatch.setattr(limitations, "UNDER_TRAINED", share + 1e-9)
    told, _ = _statements(results, steps=1)
    assert any(f"({share:.1%})" in item and "the batch" in item for item in told if "under-trained" in item)


def test_the_sentence_names_every_bad_temperature_and_what_it_concerns() -> None:
    rows = [{"beta": 1.0, "effective_share": 0.6}, {"beta": 64.0, "effective_share": 0.011}]
    (told,) = convergence_messages(rows, is_listed=True)
    assert told.params["shares"] == {"64": 0.011}
    assert "β = 64 (1.1%)" in told.text
    assert "among all objects" in told.text
    assert convergence_messages(rows[:1], is_listed=False) == []
    assert convergence_messages([{"beta": 1.0, "effective_share": None}], is_listed=False) == []


def test_measured_objects_out_of_reach_are_counted_by_reason() -> None:
    spec = CampaignSpec.model_validate(
        {
            "name": "any",
            "domain": {"kind": "peptides", "min_length": 4, "max_length": 4, "alphabet": "ACDE"},
            "objectives": [{"name": "potency"}],
        }
    )
    domain = open_domain(spec.domain)
    inside = _peptides(10, alphabet="ACDE")
    found = reach(domain.environment([]), domain, [*inside, *_peptides(30, length=6)], 0)
    assert found["sought"] == len(inside) + 30
    assert (found["reached"], found["outside_limits"], found["other_parts"]) == (len(inside), 30, 0)
    assert found["broken_rules"] == {"alphabet": 30, "length": 30}
    broken, unreachable = reach_messages(found)
    assert "alphabet (30), length (30)" in broken.text
    assert "reaches 10 of 40" in unreachable.text
    assert reach_messages(reach(domain.environment([]), domain, inside, 0)) == []
    assert reach_messages(reach(domain.environment([]), domain, [], 0)) == []


def test_of_many_objects_a_part_is_sought() -> None:
    spec = CampaignSpec.model_validate(
        {"name": "any", "domain": {"kind": "peptides", "max_length": 5}, "objectives": [{"name": "potency"}]}
    )
    domain = open_domain(spec.domain)
    many = _peptides(MOST_SOUGHT + 200, length=5)
    first, again = (reach(domain.environment([]), domain, many, 3) for _ in range(2))
    assert first == again
    assert first["sought"] == first["reached"] == MOST_SOUGHT


def test_rules_and_building_blocks_are_told_apart_in_molecules() -> None:
    spec = CampaignSpec.model_validate(
        {
            "name": "any",
            "domain": {"kind": "molecules", "builder": "fragments", "max_heavy_atoms": 12},
            "objectives": [{"name": "potency"}],
        }
    )
    domain = open_domain(spec.domain)
    texts = [domain.parse({"smiles": smiles}) for smiles in ("C" * 40, "c1ccc2c(c1)[nH]c1ccccc12")]
    environment = domain.environment([])
    _, can_be_built = environment.states(texts)
    assert not bool(torch.any(can_be_built))
    found = reach(environment, domain, texts, 0)
    assert found["sought"] == 2
    assert found["outside_limits"] >= 1
