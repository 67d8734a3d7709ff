"""The reward of a round uses the campaign's acquisition and the round's predictions."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch

from models.acquisition.contract import augmented_chebyshev, weighted_sum
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.proxies import deep_ensemble
from models.records import History, Measurement
from models.reward.log_reward import ObjectLogReward, log_reward
from models.rounds.fitting.fit import RoundModel, fit
from models.specs.decisions import ACQUISITIONS

ALL = ["".join(letters) for letters in itertools.product("01", repeat=6)]
EVERY = pytest.mark.parametrize("kind", ACQUISITIONS)
Build = Callable[..., ObjectLogReward]


def _fit(n: int) -> RoundModel:
    objectives = [
        {"name": "signal", "direction": "maximize"},
        {"name": "level", "direction": "target", "target": 2.0, "range": [0, 6]},
        {"name": "few", "computed": "ones", "direction": "minimize"},
    ]
    content = {"name": "switches", "domain": {"kind": "switches", "n": 6}, "objectives": objectives}
    spec = CampaignSpec.model_validate(content)
    measured = [
        Measurement(text, kind, value)
        for text in ALL[5 : 5 + 3 * n : 3]
        for kind, value in (("signal", 2.0 * text.count("1")), ("level", 6.0 * int(text, 2) / 63))
    ]
    domain = open_domain(spec.domain)
    history = History(measurements=tuple(measured))
    return fit(spec, domain, domain.environment([], "cpu"), history, 0, lambda _, __: None)


@pytest.fixture(scope="module", params=[16, 0], ids=["measured", "cold"])
def build(request: pytest.FixtureRequest) -> Build:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        fitted = _fit(request.param)

    def reward(kind: str, seed: int = 0, **options: Any) -> ObjectLogReward:
        model, content = fitted.model, fitted.model.spec.model_dump(mode="json")
        model.spec = CampaignSpec.model_validate(content | {"acquisition": {"kind": kind} | options})
        return log_reward(model, fitted.reward._utilities, fitted.measured, lambda: ALL[::2], seed)

    return reward


def _preferences(n: int) -> torch.Tensor:
    weights = torch.rand(n, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return weights / weights.sum(dim=1, keepdim=True)


@EVERY
def test_every_acquisition_scores_independently_of_the_batch(build: Build, kind: str) -> None:
    preference = _preferences(len(ALL))
    whole = build(kind).value(ALL, preference)
    assert bool(whole.isfinite().all())
    assert float(whole.max() - whole.min()) > 1e-3
    again, order = build(kind), torch.randperm(len(ALL), generator=torch.Generator().manual_seed(1)).tolist()
    for start in range(0, len(ALL), 13):
        rows = order[start : start + 13]
        assert torch.allclose(again.value([ALL[row] for row in rows], preference[rows]), whole[rows], atol=1e-4)
    beta = torch.full((len(ALL),), 4.0)
    assert torch.allclose(
        again(ALL, beta, preference).double(), 4.0 * whole, atol=0.5
    )  # feasibility is all that is left


@EVERY
def test_only_thompson_sampling_depends_on_the_seed(build: Build, kind: str) -> None:
    one, other = (build(kind, seed).value(ALL, _preferences(len(ALL))) for seed in (1, 2))
    assert torch.equal(one, other) == (kind != "thompson_sampling")


def test_kappa_and_scalarisation_reach_the_confidence_bound(build: Build) -> None:
    preference = _preferences(len(ALL))
    for kappa, (name, scalarise) in itertools.product(
        (0.0, 2.0), {"weighted_sum": weighted_sum, "augmented_chebyshev": augmented_chebyshev}.items()
    ):
        reward = build("upper_confidence_bound", kappa=kappa, scalarisation=name)
        utilities = reward._acquisition.statistics(*_moments(reward), None)
        assert torch.allclose(reward.value(ALL, preference), scalarise(utilities, preference), atol=1e-5)
        mean, sd = _moments(reward)
        assert torch.allclose(utilities, mean + kappa * sd)


def _moments(reward: ObjectLogReward) -> tuple[torch.Tensor, torch.Tensor]:
    evaluation = reward._model.evaluate(ALL)
    sd = reward.utility_sd(evaluation.objectives)
    optimistic = reward.optimistic_utilities(evaluation.objectives, torch.ones(len(sd)))
    return optimistic - reward._kappa * sd, sd * evaluation.uncertainty_weight.unsqueeze(-1)


def test_what_waits_for_a_result_counts_as_reached(build: Build) -> None:
    free, even = build("expected_hypervolume_improvement"), torch.full((len(ALL), 3), 1 / 3, dtype=torch.float64)
    best = int(free.value(ALL, even).argmax())
    others = (free._utilities, ALL[5:53:3], lambda: ALL[::2], 0)
    alone, beside = (log_reward(free._model, *others, pending) for pending in ((), (ALL[best],)))
    statistics = free._acquisition.statistics(*_moments(free), None)
    gains = [reward._acquisition.improvement(statistics, even) for reward in (alone, beside)]
    assert bool((gains[1] <= gains[0] + 1e-12).all())
    assert float(gains[1][best]) < float(gains[0][best])


def test_what_may_not_be_proposed_is_no_incumbent(build: Build) -> None:
    even = torch.full((len(ALL), 3), 1 / 3, dtype=torch.float64)
    free = build("expected_improvement")
    content = free._model.spec.model_dump(mode="json")
    free._model.spec = CampaignSpec.model_validate(content | {"constraints": [{"property": "ones", "max": 0}]})
    bound = log_reward(free._model, free._utilities, ALL[5:50:3], lambda: ALL[::2], 0)
    statistics = free._acquisition.statistics(*_moments(free), None)
    gains = [reward._acquisition.improvement(statistics, even) for reward in (free, bound)]
    assert bool((gains[1] >= gains[0] - 1e-12).all())
    free._model.spec = CampaignSpec.model_validate(content)
