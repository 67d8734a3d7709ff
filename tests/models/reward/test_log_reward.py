"""The log-reward is beta times the expected utility, once; the scalarisation reaches every front."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from models.acquisition.contract import augmented_chebyshev, empty_context, weighted_sum
from models.acquisition.upper_confidence_bound import UpperConfidenceBound
from models.data.utility import Utility
from models.proxies.contract import Posterior
from models.reward.evaluation import Evaluation
from models.reward.log_reward import ObjectLogReward, expected_value
from models.reward.utility import fit_utility, gaussian_moments
from models.specs.objectives import Objective

VALUES = {
    "poor": (-0.05, -0.05),
    "hopeless": (-0.05, -0.05),
    "doubtful": (3.0, 3.0),
    "good": (0.9, 0.2),
    "even": (0.5, 0.5),
    "forbidden": (1.0, 1.0),
    "heavy": (1.0, 1.0),
    "nothing": (math.nan, 1.0),
}


SUCCESS = {"even": 0.5, "hopeless": 0.01, "doubtful": 0.01}


class Rules:
    """The part of the domain interface that the reward uses."""

    def check(self, text: str) -> list[str]:
        return ["no"] if text == "forbidden" else []


class FixedBeliefs:
    """Predictions without uncertainty."""

    domain = Rules()
    required = torch.tensor([0.9], dtype=torch.float64)

    def __init__(
        self, trust: float = 1.0, sd: float = 0.0, *, is_weighted: bool = False, is_guarded: bool = False
    ) -> None:
        self.evaluated: list[str] = []
        self.uncertainty_weight, self.sd = trust, sd
        self.probability_columns, self.lagrangian_columns = ([], [0]) if is_weighted else ([0], [])
        self.guarded_columns = [0] if is_guarded else []

    def evaluate(self, texts: Sequence[str]) -> Evaluation:
        self.evaluated += texts
        mean = torch.tensor([VALUES[text] for text in texts], dtype=torch.float64)
        feasibility = torch.tensor([SUCCESS.get(text, 1.0) for text in texts], dtype=torch.float64)
        allowed = torch.tensor([text != "heavy" for text in texts])
        sd, trust = (
            torch.full_like(mean, self.sd),
            torch.full((len(texts),), self.uncertainty_weight, dtype=torch.float64),
        )
        objectives = Posterior(mean, sd, torch.zeros_like(mean))
        return Evaluation(
            mean, objectives, feasibility, feasibility.unsqueeze(-1), allowed, trust, trust * 0 + 1, trust
        )


def _reward(kappa: float = 0.0, **options: Any) -> tuple[ObjectLogReward, FixedBeliefs]:
    model = FixedBeliefs(**options)
    unit = Utility(0.0, 1.0, "maximize")
    acquisition = UpperConfidenceBound(empty_context(2, weighted_sum, kappa=kappa))
    return ObjectLogReward(model, [unit, unit], acquisition, kappa), model  # type: ignore[arg-type]


def _log_reward(reward: ObjectLogReward, texts: list[str], beta: float) -> Tensor:
    even = torch.full((len(texts), 2), 0.5)
    return reward(texts, torch.full((len(texts),), beta), even)


def test_beta_multiplies_the_utility_exactly_once() -> None:
    reward, _ = _reward()
    log_feasibility = 2 * math.log(0.5)
    for beta in (1.0, 2.0, 4.0, 64.0):
        answer = _log_reward(reward, ["good", "even"], beta).tolist()
        assert answer == pytest.approx([beta * 0.55, beta * 0.5 * 0.5 + log_feasibility], rel=1e-5)


def test_objects_that_a_guardrail_refuses_have_no_value() -> None:
    reward, _ = _reward(is_guarded=True)
    both = math.log(0.5) + math.log(0.5)
    for beta in (1.0, 64.0):
        assert _log_reward(reward, ["even"], beta).tolist() == pytest.approx(
            [beta * 0.5 * 0.5 * 0.5 + both], rel=1e-5
        )


def test_what_can_hardly_be_made_is_outweighed_at_every_temperature() -> None:
    reward, _ = _reward()
    for beta in (1.0, 8.0, 128.0):
        good, doubtful, poor, hopeless = _log_reward(
            reward, ["good", "doubtful", "poor", "hopeless"], beta
        ).tolist()
        assert good > doubtful + 9
        assert poor > hopeless + 9


def test_failing_makes_nothing_better() -> None:
    value = torch.linspace(-2, 2, 9).double()
    certain = expected_value(value, torch.ones(9).double())
    assert torch.equal(certain, value)
    for success in (0.0, 0.3, 0.9):
        assert (expected_value(value, torch.full_like(value, success)) <= value).all()


def test_multipliers_weigh_what_falls_short_and_score_anew_when_they_move() -> None:
    reward, model = _reward(is_weighted=True)
    missing = 1 + math.log(0.9 / 0.5)
    for multiplier in (1.0, 3.0):
        reward.multipliers.values[:] = multiplier
        answer = _log_reward(reward, ["good", "even"], 2.0).tolist()
        assert answer == pytest.approx(
            [1.1, 0.5 + math.log(0.5) - multiplier * (1 + 2.0 / 8) * missing], rel=1e-5
        )
    assert model.evaluated == ["good", "even"]
    assert reward.violations(["good", "even", "forbidden"]).tolist() == [[False], [True], [False]]


def test_optimism_fades_with_trust() -> None:
    for trust, gain in ((1.0, 0.2), (0.5, 0.1), (0.0, 0.0)):
        reward, model = _reward(kappa=2.0, trust=trust, sd=0.1)
        assert _log_reward(reward, ["good"], 1.0).tolist() == pytest.approx([0.55 + gain], rel=1e-5)
        assessment = model.evaluate(["good"])
        scores = reward.optimistic_utilities(assessment.objectives, assessment.uncertainty_weight)
        assert scores.mean().item() == pytest.approx(0.55 + gain)


def test_what_may_not_be_proposed_has_no_reward_at_any_temperature() -> None:
    reward, _ = _reward()
    for beta in (0.1, 100.0):
        assert _log_reward(reward, ["", "forbidden", "heavy", "nothing"], beta).tolist() == [-math.inf] * 4


def test_uncertainty_is_the_mean_deviation_and_refused_objects_have_all_of_it() -> None:
    reward, model = _reward(trust=0.5, sd=0.25)
    texts = ["good", "even", "", "forbidden", "heavy", "nothing"]
    assert reward.uncertainty(texts).tolist() == [0.25, 0.25, 1.0, 1.0, 1.0, 1.0]
    assert model.evaluated == ["good", "even", "heavy", "nothing"]
    assert _reward(sd=3.0)[0].uncertainty(["good"]).tolist() == [1.0]


def test_each_object_is_scored_once() -> None:
    reward, model = _reward()
    for _ in range(3):
        _log_reward(reward, ["good", "", "even", "good"], 1.0)
    assert model.evaluated == ["good", "even"]
    assert reward.n_scored == 2


def test_what_breaks_a_rule_is_shown_to_nobody() -> None:
    reward, model = _reward()
    _log_reward(reward, ["forbidden", "good"], 1.0)
    _log_reward(reward, ["forbidden"], 1.0)
    assert model.evaluated == ["good"]


def test_chebyshev_reaches_a_concave_front_where_the_sum_cannot() -> None:
    angle = torch.linspace(0, math.pi / 2, 41, dtype=torch.float64)
    front = torch.stack([1 - angle.cos(), 1 - angle.sin()], dim=1)
    shares = torch.linspace(0.02, 0.98, 97, dtype=torch.float64)
    reached = {}
    for scalarise in (weighted_sum, augmented_chebyshev):
        best = [int(scalarise(front, torch.stack([w, 1 - w]).expand(41, 2)).argmax()) for w in shares]
        reached[scalarise] = len(set(best))
    assert reached[weighted_sum] == 2
    assert reached[augmented_chebyshev] > 20


def test_chebyshev_spans_the_unit_whatever_the_preference() -> None:
    preference = torch.tensor([[0.9, 0.1], [0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(augmented_chebyshev(torch.ones(3, 2), preference), torch.ones(3).double())
    assert torch.allclose(augmented_chebyshev(torch.zeros(3, 2), preference), torch.zeros(3).double())
    single = torch.rand(5, 1, dtype=torch.float64)
    assert torch.allclose(augmented_chebyshev(single, torch.ones(5, 1)), single.squeeze(1))


def test_directions_and_transforms_normalise() -> None:
    value, sd = torch.tensor([2.0]), torch.tensor([0.5])
    up = fit_utility(Objective(name="y", range=(1.0, 1000.0), transform="log10"), "log10", torch.empty(0))
    assert [float(part) for part in gaussian_moments(up, value, sd)] == pytest.approx([2 / 3, 0.5 / 3])
    down = fit_utility(Objective(name="y", direction="minimize", range=(0.0, 4.0)), "none", torch.empty(0))
    assert [float(part) for part in gaussian_moments(down, value, sd)] == pytest.approx([0.5, 0.125])


def test_distance_to_a_target_has_the_moments_of_a_folded_normal() -> None:
    aim = fit_utility(
        Objective(name="y", direction="target", target=3.0, range=(1.0, 7.0)), "none", torch.empty(0)
    )
    mean, sd = (
        torch.tensor([2.0, 3.0, 7.0], dtype=torch.float64),
        torch.tensor([0.5, 1.0, 1e-9], dtype=torch.float64),
    )
    draws = mean + sd * torch.randn(
        200_000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    sampled = 1 - (draws - 3.0).abs() / 4.0
    expectation, deviation = gaussian_moments(aim, mean, sd)
    assert torch.allclose(expectation, sampled.mean(dim=0), atol=2e-3)
    assert torch.allclose(deviation, sampled.std(dim=0), atol=2e-3)


def test_a_range_is_learned_from_the_data() -> None:
    values = torch.cat(
        [torch.linspace(0, 100, 101, dtype=torch.float64), torch.tensor([math.nan], dtype=torch.float64)]
    )
    learned = fit_utility(Objective(name="y"), "none", values)
    assert (learned.low, learned.high) == pytest.approx((5.0, 100.0))
    down = fit_utility(Objective(name="y", direction="minimize"), "none", values)
    assert (down.low, down.high) == pytest.approx((0.0, 95.0))
    aim = fit_utility(Objective(name="y", direction="target", target=50.0), "none", values)
    assert (aim.low, aim.high) == pytest.approx((5.0, 95.0))
    constant = fit_utility(Objective(name="y"), "none", torch.full((4,), 3.0))
    assert constant.low < 3.0 < constant.high
    with pytest.raises(ValueError, match="log10"):
        fit_utility(Objective(name="y", range=(-1.0, 1.0)), "log10", values)
