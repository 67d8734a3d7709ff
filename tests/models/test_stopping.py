"""Hypervolumes against the exact ones, expected gains against integrals, and advice that follows its thresholds."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from models.campaign import CampaignSpec
from models.domains import open_domain
from models.metrics import hypervolume
from models.proxies import deep_ensemble
from models.proxies.contract import Posterior
from models.records import History, Measurement
from models.rounds.fitting import Fitted, fit
from models.stopping import DRAWS, SMALL, Volume, advise, expected_gain, growth, stopping


@pytest.mark.parametrize(("m", "tolerance"), [(1, 1e-9), (2, 0.01), (3, 0.02), (5, 0.06)])
def test_the_volume_is_near_the_exact_one(m: int, tolerance: float) -> None:
    points = torch.rand(30, m, generator=torch.Generator().manual_seed(m), dtype=torch.float64)
    reference = torch.full((m,), 0.1, dtype=torch.float64)
    exact = hypervolume(points.numpy(), reference.numpy())
    assert Volume(reference).of_points(points) == pytest.approx(exact, rel=tolerance)
    assert Volume(reference).of_points(points[:0]) == 0.0
    assert Volume(reference).of_points(points - 2) == 0.0


def test_the_expected_gain_of_one_candidate_is_the_expected_improvement() -> None:
    mean, sd, best = 0.7, 0.2, 0.8
    z = (mean - best) / sd
    improvement = (mean - best) * 0.5 * math.erfc(-z / math.sqrt(2)) + sd * math.exp(-0.5 * z * z) / math.sqrt(
        2 * math.pi
    )
    draws = mean + sd * torch.randn(4_000, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    known = torch.tensor([[best], [0.1]], dtype=torch.float64)
    volume = Volume(torch.zeros(1, dtype=torch.float64))
    succeeds = torch.rand(4_000, 1, generator=torch.Generator().manual_seed(1)) < 0.5
    always = torch.ones_like(succeeds)
    assert expected_gain(volume, known, draws, always) == pytest.approx(improvement, rel=0.08)
    assert expected_gain(volume, known, draws, succeeds) == pytest.approx(improvement / 2, rel=0.12)


def test_growth_looks_at_the_last_two_rounds() -> None:
    assert growth([1.0], [0]) is None
    assert growth([1.0, 2.0], [0, 1]) is None
    assert growth([1.0, 1.5, 2.0], [0, 1, 2]) == pytest.approx(0.5)
    assert growth([1.0, 2.0], [1, 2]) == 1.0
    assert growth([1.0, 2.0, 2.0, 2.0], [0, 1, 2, 5]) == 0.0


def numbers(grown: float | None, share: float | None, gain: float = 1.0, n: int = 8) -> dict[str, Any]:
    objectives = {"glow": {"gain": gain, "noise": 0.1}}
    rounds = [{"round": number, "hypervolume": 1.0} for number in (0, 1, 2)]
    return {
        "rounds": rounds[: 2 if grown is None else 3],
        "growth": grown,
        "expected": {"candidates": n, "share": share, "objectives": objectives},
    }


@pytest.mark.parametrize(
    ("grown", "share", "gain", "n", "advice", "told"),
    [
        (None, SMALL / 2, 1.0, 8, "continue", "1 of the 2 rounds that show a plateau"),
        (0.0, 0.5, 1.0, 8, "continue", "came with rounds 1 to 2"),
        (0.5, SMALL / 2, 1.0, 8, "continue", "add 0.5%"),
        (0.0, SMALL / 2, 1.0, 8, "consider stopping", "add 0.5%"),
        (0.0, 0.5, 0.05, 8, "consider stopping", "less than the noise of one reading"),
        (0.5, 0.5, 1.0, 0, "consider stopping", "No new candidate"),
    ],
)
def test_advice_follows_its_thresholds(
    grown: float | None, share: float, gain: float, n: int, advice: str, told: str
) -> None:
    given, reasons = advise(numbers(grown, share, gain, n))
    assert given == advice
    assert told in " ".join(reasons)


class Chosen:
    """A batch with certain or uncertain predictions."""

    def __init__(self, mean: float, sd: float, n: int = 4) -> None:
        column = torch.ones(n, 1, dtype=torch.float64)
        self.texts = [format(i, "07b") for i in range(n)]
        self.objectives = Posterior(mean * column, sd * column, 0.1 * column)
        self.feasibility = torch.ones(n, dtype=torch.float64)


@pytest.fixture(scope="module")
def fitted() -> tuple[Fitted, History]:
    spec = CampaignSpec.model_validate(
        {
            "name": "switches",
            "domain": {"kind": "switches", "n": 7},
            "objectives": [{"name": "glow", "range": [0, 10]}],
        }
    )
    rng = np.random.default_rng(0)
    texts = [format(i, "07b") for i in rng.permutation(128)[:40]]
    texts.sort(key=lambda text: -text.count("1"))  # the best are known from the start: a plateau
    values = [text.count("1") + rng.normal(0, 0.05) for text in texts]
    rounds = [None] * 24 + [1] * 8 + [2] * 8
    results = [Measurement(text, "glow", v, round=r) for text, v, r in zip(texts, values, rounds, strict=True)]
    results.append(Measurement(texts[0], "glow", values[0], round=2))  # a replicate is no news
    results.append(Measurement("1111111", "glow", outcome="insoluble", round=2))
    history = History(tuple(results))
    domain = open_domain(spec.domain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        return fit(spec, domain, domain.environment([]), history, 0, lambda _share, _message: None), history


def test_rounds_are_told_with_what_they_brought(fitted: tuple[Fitted, History]) -> None:
    advice = stopping(*fitted, Chosen(5.0, 0.0), 0)  # type: ignore[arg-type] # of a pool only these parts are read
    rounds = advice["numbers"]["rounds"]
    assert [(item["round"], item["objects"]) for item in rounds] == [(0, 24), (1, 8), (2, 8)]
    volumes = [item["hypervolume"] for item in rounds]
    assert volumes == sorted(volumes)
    best = max(item["best"]["glow"] for item in rounds)
    assert volumes[-1] == pytest.approx(best / 10, abs=1e-6)
    assert json.loads(json.dumps(advice, allow_nan=False)) == advice


def test_a_batch_that_promises_nothing_after_a_plateau_says_stop(fitted: tuple[Fitted, History]) -> None:
    poor = stopping(*fitted, Chosen(2.0, 0.01), 0)  # type: ignore[arg-type] # as above
    good = stopping(*fitted, Chosen(9.0, 0.5), 0)  # type: ignore[arg-type] # as above
    assert poor["numbers"]["expected"]["share"] == 0.0
    assert poor["advice"] == "consider stopping"
    assert poor["numbers"]["growth"] < SMALL
    assert good["advice"] == "continue"
    best = good["numbers"]["rounds"][-1]["hypervolume"]
    assert good["numbers"]["expected"]["hypervolume"] == pytest.approx(0.9 + 1.03 * 0.05 - best, abs=0.2 / DRAWS**0.5)


def test_without_results_there_is_no_plateau(fitted: tuple[Fitted, History]) -> None:
    advice = stopping(fitted[0], History(), Chosen(5.0, 1.0), 0)  # type: ignore[arg-type] # as above
    assert advice["advice"] == "continue"
    assert "Nothing" in advice["reasons"][0]
