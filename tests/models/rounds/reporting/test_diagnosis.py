"""What a round keeps about itself: how its policy converged, and what its predictions hang on."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.propose import propose
from models.proxies import deep_ensemble
from models.records import History, Measurement, Proposal
from models.rounds.reporting.convergence import importance_weight_stats

ALL = ["".join(letters) for letters in itertools.product("01", repeat=5)]


def _round(**others: Any) -> Proposal:
    """Return a round on 32 objects whose signal hangs on the first two switches alone."""
    spec = {
        "name": "switches",
        "domain": {"kind": "switches", "n": 5},
        "objectives": [{"name": "signal"}, {"name": "rare"}, {"name": "ones", "computed": "ones"}],
        "batch": {"size": 3},
        "sampler": {"steps": 60, "beta": [1, 8]},
    }
    generator = np.random.default_rng(0)
    values = [
        (text, 4.0 * (text[0] == "1") - 2.0 * (text[1] == "1")) for text in generator.permutation(ALL)[:20]
    ]
    results = [Measurement(str(text), "signal", value + generator.normal(0, 0.05)) for text, value in values]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        return propose(
            CampaignSpec.model_validate(spec),
            History((*results, Measurement(ALL[0], "rare", 1.0))),
            seed=0,
            report=lambda _stage, _progress, _message: None,
            **others,
        )


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return _round()


@pytest.fixture(scope="module")
def summary(proposal: Proposal) -> dict[str, Any]:
    return dict(proposal.summary)


def test_a_round_without_a_diagnosis_proposes_the_very_same(proposal: Proposal, summary: dict[str, Any]):
    bare = _round(is_diagnosed=False)
    assert bare.candidates == proposal.candidates
    assert bare.artefact == proposal.artefact
    told = {"log_z", "convergence", "importance", "beta_range"}
    assert told <= summary.keys()
    kept = {name: value for name, value in summary.items() if name not in {*told, "cost"}}
    assert {name: value for name, value in bare.summary.items() if name not in {"cost", "beta_range"}} == kept
    ends = ("low", "high", "choice")
    assert [bare.summary["beta_range"][end] for end in ends] == [summary["beta_range"][end] for end in ends]
    assert bare.summary["cost"]["objects_scored"] <= summary["cost"]["objects_scored"]


def test_convergence_is_told_for_both_ends_of_the_temperatures(summary: dict[str, Any]):
    told = summary["convergence"]
    assert [item["beta"] for item in told] == [1.0, 8.0]
    assert summary["log_z"] == {f"{item['beta']:g}": item["log_z"] for item in told}
    for item in told:
        assert item["states"] == 32
        assert 0 <= item["total_variation"] <= 1
        assert 0 < item["effective_share"] <= 1
        # Pinsker: the divergence of trajectories bounds that of objects
        assert item["kl"] + 4 * item["kl_error"] >= 2 * item["total_variation"] ** 2


def test_predictions_hang_on_what_the_values_hang_on(summary: dict[str, Any]):
    told = summary["importance"]
    assert set(told["objectives"]) == {"signal"}
    first, second, *others = told["objectives"]["signal"]["parts"]
    assert (first["part"], second["part"]) == ("switch 1", "switch 2")
    assert first["absolute"] == pytest.approx(2.0, abs=0.5)
    assert second["absolute"] == pytest.approx(1.0, abs=0.4)
    assert all(part["absolute"] + 2 * part["absolute_error"] < second["absolute"] for part in others)
    assert first["present"] == told["explained"]


def test_perfect_weights_and_uneven_ones():
    perfect = importance_weight_stats(torch.full((10,), 2.5, dtype=torch.float64))
    assert perfect == {
        "log_z": pytest.approx(2.5),
        "log_z_error": pytest.approx(0.0, abs=1e-9),
        "effective_share": pytest.approx(1.0),
        "kl": pytest.approx(0.0, abs=1e-9),
        "kl_error": pytest.approx(0.0, abs=1e-9),
    }
    uneven = importance_weight_stats(torch.tensor([1.0, 3.0], dtype=torch.float64).log())
    assert uneven["log_z"] == pytest.approx(math.log(2))
    assert uneven["effective_share"] == pytest.approx(16 / 10 / 2)
    assert uneven["kl"] == pytest.approx(math.log(2) - math.log(3) / 2)
    assert uneven["kl_error"] == pytest.approx(abs(1.0 - math.log(3)) / 2**0.5 / 2**0.5)


def test_what_has_no_reward_is_infinitely_far():
    some = importance_weight_stats(torch.tensor([0.0, -math.inf], dtype=torch.float64))
    assert (some["kl"], some["effective_share"]) == (None, pytest.approx(0.5))
    nothing = importance_weight_stats(torch.full((3,), -math.inf, dtype=torch.float64))
    assert nothing["log_z"] == -math.inf
    assert nothing["kl"] is None
