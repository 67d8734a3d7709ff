"""A round whose objective follows from two assays, end to end on a space small enough to see through."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from models.backtests.table import TableLab
from models.backtests.utilities import measured_utilities
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.insights.measured_table import measured
from models.propose import propose
from models.proxies.contract import Posterior
from models.records import History, Measurement
from models.reward.combined import combined, combined_interval

ALL = ["".join(letters) for letters in itertools.product("01", repeat=6)]
BASE: dict[str, Any] = {
    "name": "selective switches",
    "domain": {"kind": "switches", "n": 6},
    "objectives": [
        {"name": "potency", "type": "IC50", "units": "nM", "transform": "log10", "direction": "minimize"},
        {"name": "selectivity", "derived": {"ratio": ["hERG", "IC50"]}},
    ],
    "batch": {"size": 4},
    "sampler": {"steps": 20, "trajectories_per_step": 16, "beta": [1, 16], "exhaustive": False},
}


def _results(n: int) -> tuple[Measurement, ...]:
    chosen = np.random.default_rng(0).permutation(ALL)[:n].tolist()
    potencies = [Measurement(text, "IC50", 10.0 ** (3 - text.count("1") / 2)) for text in chosen]
    return (*potencies, *(Measurement(text, "hERG", 10.0 ** (3 + text[:3].count("1"))) for text in chosen))


@pytest.mark.parametrize("kind", ["upper_confidence_bound", "thompson_sampling", "expected_improvement"])
def test_a_ratio_is_predicted_from_its_parts(kind: str):
    spec = CampaignSpec.model_validate(BASE | {"acquisition": {"kind": kind}})
    proposal = propose(spec, History(_results(24)), seed=1, report=lambda *_: None)
    assert len(proposal.candidates) == 4
    for candidate in proposal.candidates:
        ratio, potency = candidate.predictions["selectivity"], candidate.predictions["potency"]
        assert ratio.low < ratio.mean < ratio.high
        expected = 10.0 ** (3 + candidate.object[:3].count("1")) / potency.mean
        assert abs(math.log10(ratio.mean / expected)) < 0.3
        assert ratio.sd > potency.sd
    assert set(proposal.summary["proxies"]) == {"IC50", "hERG"}
    assert "Expected selectivity" in proposal.candidates[0].reason


def test_a_ratio_is_unknown_while_one_part_has_no_results():
    spec = CampaignSpec.model_validate(BASE)
    results = tuple(item for item in _results(24) if item.type == "IC50")
    proposal = propose(spec, History(results), seed=1, report=lambda *_: None)
    assert set(proposal.candidates[0].predictions) == {"potency"}
    assert "selectivity is unknown (no results yet)" in proposal.candidates[0].reason


def test_means_and_variances_follow_exactly():
    found = CampaignSpec.model_validate(BASE).combination_of(CampaignSpec.model_validate(BASE).objectives[1])
    assert found is not None
    generator = torch.Generator().manual_seed(0)
    parts = {
        "hERG": Posterior(torch.tensor([4.0]), torch.tensor([0.3]), torch.tensor([0.1])),
        "IC50": Posterior(torch.tensor([1.0]), torch.tensor([0.4]), torch.tensor([0.2])),
    }
    posterior = combined(found, parts, {})
    draws = {
        kind: part.mean + part.sd * torch.randn(200_000, generator=generator) for kind, part in parts.items()
    }
    sampled = found.of(draws, {})
    assert float(posterior.mean) == pytest.approx(float(sampled.mean()), abs=0.01)
    assert float(posterior.sd) == pytest.approx(float(sampled.std()), abs=0.01)
    assert float(posterior.noise_sd) == pytest.approx(math.hypot(0.1, 0.2))
    ends = {kind: (part.mean, part.mean - part.sd, part.mean + 2 * part.sd) for kind, part in parts.items()}
    low, high = combined_interval(found, posterior.mean, ends)
    assert float(low) == pytest.approx(3 - math.hypot(0.3, 0.8))
    assert float(high) == pytest.approx(3 + math.hypot(0.6, 0.4))


def test_insights_read_the_ratio_and_its_bounds():
    spec = CampaignSpec.model_validate(BASE)
    results = (
        Measurement("111111", "IC50", 10.0),
        Measurement("111111", "hERG", 10_000.0, relation=">"),
        Measurement("000000", "IC50", 10.0),
        Measurement("000000", "hERG", 100.0),
        Measurement("000111", "IC50", 10.0),
        Measurement("000001", "IC50", 5.0, relation=">"),
        Measurement("000001", "hERG", 50.0),
    )
    objects = measured(spec, open_domain(spec.domain), results, [])
    assert objects.objects == ("111111", "000000", "000111", "000001")
    np.testing.assert_allclose(objects.values[:2, 1], [3.0, 1.0])
    assert objects.is_bound[:, 1].tolist() == [True, False, False, False]
    assert np.isnan(objects.values[2:, 1]).all(), "an unknown part, and an upper bound on what is maximised"


def test_a_table_is_replayed_with_the_ratio():
    spec = CampaignSpec.model_validate(BASE)
    domain, results = open_domain(spec.domain), _results(8)
    lab = TableLab(spec, domain, [*results, Measurement("111111", "IC50", 1.0)])
    truth = lab.truth(lab.objects or ())
    assert truth.shape == (8, 2)
    names, utilities = measured_utilities(spec, domain, History(results))
    assert len(names) == 8
    assert utilities[:, 1].argmax() == truth[:, 1].argmax()
