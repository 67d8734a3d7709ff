"""Hypervolumes against exact ones, expected gains against integrals, and advice by its thresholds."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.messages.message import texts
from models.metrics.hypervolume import DirectionalHypervolume
from models.metrics.sets import hypervolume
from models.proxies import deep_ensemble
from models.proxies.contract import Posterior
from models.records import History, Measurement
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.reporting.stopping import SMALL, advise, expected_gain, growth, stopping
from models.rounds.sampling.evaluated import EvaluatedObjects


@pytest.mark.parametrize(("m", "tolerance"), [(1, 1e-9), (2, 0.01), (3, 0.02), (5, 0.06)])
def test_the_volume_is_near_the_exact_one(m: int, tolerance: float) -> None:
    points = torch.rand(30, m, generator=torch.Generator().manual_seed(m), dtype=torch.float64)
    reference = torch.full((m,), 0.1, dtype=torch.float64)
    exact = hypervolume(points.numpy(), reference.numpy())
    volume = DirectionalHypervolume(reference.numpy(), 512)
    assert volume.of_points(points.numpy()) == pytest.approx(exact, rel=tolerance)
    assert volume.of_points(points[:0].numpy()) == 0.0
    assert volume.of_points(points.numpy() - 2) == 0.0


def test_the_expected_gain_of_one_candidate_is_the_expected_improvement() -> None:
    mean, sd, best = 0.7, 0.2, 0.8
    z = (mean - best) / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    improvement = (mean - best) * 0.5 * math.erfc(-z / math.sqrt(2)) + sd * density
    draws = mean + sd * torch.randn(
        4_000, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    known = torch.tensor([[best], [0.1]], dtype=torch.float64).expand(4_000, -1, -1)
    volume = DirectionalHypervolume(np.zeros(1))
    succeeds = torch.rand(4_000, 1, generator=torch.Generator().manual_seed(1)) < 0.5
    always = torch.ones_like(succeeds)
    assert expected_gain(volume, known, draws, always) == pytest.approx(improvement, rel=0.08)
    assert expected_gain(volume, known, draws, succeeds) == pytest.approx(improvement / 2, rel=0.12)
    shared = 0.3 * torch.randn(4_000, 1, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert expected_gain(volume, 1 + shared, 0.9 + shared, always) == 0.0  # a common error promises nothing


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
        (None, SMALL / 2, 1.0, 8, "continue", "1 of the 2 rounds that are needed"),
        (0.0, 0.5, 1.0, 8, "continue", "Rounds 1 to 2 brought 0.0%"),
        (0.5, SMALL / 2, 1.0, 8, "continue", "add 0.5%"),
        (0.0, SMALL / 2, 1.0, 8, "consider stopping", "add 0.5%"),
        (0.0, 0.5, 0.05, 8, "consider stopping", "less than the noise of one reading"),
        (0.5, 0.5, 1.0, 0, "consider stopping", "proposes no new candidate"),
    ],
)
def test_advice_follows_its_thresholds(
    grown: float | None, share: float, gain: float, n: int, advice: str, told: str
) -> None:
    given, reasons = advise(numbers(grown, share, gain, n))
    assert given == advice
    assert told in " ".join(texts(reasons))


class Chosen:
    """Of a pool, only what is read: texts, noise and feasibility."""

    def __init__(self, *texts: str) -> None:
        column = torch.ones(len(texts), 1, dtype=torch.float64)
        one = column.squeeze(1)
        self.texts = list(texts)
        self.objects = EvaluatedObjects(
            self.texts, Posterior(column, column, 0.05 * column), one, column[:, :0], one, None, one
        )


def campaign(*, is_best_first: bool) -> tuple[RoundModel, History]:
    """Return a campaign of rounds 0, 1 and 2 in which the best come first, a plateau, or last."""
    spec = CampaignSpec.model_validate(
        {
            "name": "s",
            "domain": {"kind": "switches", "n": 7},
            "objectives": [{"name": "glow", "range": [0, 10]}],
        }
    )
    rng = np.random.default_rng(0)
    texts = [format(i, "07b") for i in rng.permutation(128) if i != LAST][:60]
    texts.sort(key=lambda text: text.count("1"), reverse=is_best_first)
    rounds = [None] * 40 + [1] * 10 + [2] * 10
    results = [
        Measurement(text, "glow", text.count("1") + rng.normal(0, 0.05), round=number)
        for text, number in zip(texts, rounds, strict=True)
    ]
    results.append(Measurement(texts[0], "glow", results[0].value, round=2))  # a replicate is no news
    results.append(Measurement("0000011", "glow", outcome="insoluble", round=2))
    history = History(tuple(results))
    domain = open_domain(spec.domain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        return fit(spec, domain, domain.environment([]), history, 0, lambda _share, _message: None), history


LAST = 127
"""All switches on: never measured."""


@pytest.fixture(scope="module")
def flat() -> tuple[RoundModel, History]:
    return campaign(is_best_first=True)


def test_rounds_are_told_with_what_they_brought(flat: tuple[RoundModel, History]) -> None:
    advice = stopping(*flat, Chosen("0000001"), 0)  # type: ignore[arg-type] # of a pool only these parts are read
    rounds = advice["numbers"]["rounds"]
    assert [(item["round"], item["objects"]) for item in rounds] == [(0, 40), (1, 10), (2, 10)]
    volumes = [item["hypervolume"] for item in rounds]
    assert volumes == sorted(volumes)
    best = max(item["best"]["glow"] for item in rounds)
    assert volumes[-1] == pytest.approx(best / 10, abs=1e-6)
    assert best == pytest.approx(6.0, abs=0.3)
    assert json.loads(json.dumps(advice, allow_nan=False)) == advice


def test_a_batch_that_promises_nothing_after_a_plateau_says_stop(flat: tuple[RoundModel, History]) -> None:
    advice = stopping(*flat, Chosen("0000001", "0000010"), 0)  # type: ignore[arg-type] # as above
    assert advice["numbers"]["expected"]["share"] < SMALL
    assert advice["numbers"]["growth"] < SMALL
    assert advice["advice"] == "consider stopping"


def test_a_batch_that_promises_more_says_go_on(flat: tuple[RoundModel, History]) -> None:
    advice = stopping(*flat, Chosen(format(LAST, "07b")), 0)  # type: ignore[arg-type] # as above
    assert advice["advice"] == "continue"
    assert advice["numbers"]["expected"]["objectives"]["glow"]["gain"] == pytest.approx(0.1, abs=0.05)


def test_a_campaign_that_still_rises_goes_on_whatever_the_batch() -> None:
    advice = stopping(*campaign(is_best_first=False), Chosen("0000001"), 0)  # type: ignore[arg-type] # as above
    assert advice["numbers"]["growth"] > 0.05
    assert advice["advice"] == "continue"


def test_without_results_there_is_no_plateau(flat: tuple[RoundModel, History]) -> None:
    advice = stopping(flat[0], History(), Chosen("0000001"), 0)  # type: ignore[arg-type] # as above
    assert advice["advice"] == "continue"
    assert advice["messages"][0]["code"] == "plateau_nothing_measured"
