"""The range of inverse temperatures means the same, whatever an assay's units, transform and spread are.

Letters: X objects of the space, M objectives.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from true_values import TrueValues

from models.acquisition import get_acquisition
from models.acquisition.contract import empty_context
from models.campaign.spec import CampaignSpec
from models.data.utility import Utility
from models.domains import open_domain
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.genetic_operators import complete
from models.reward.log_reward import ObjectLogReward
from models.reward.utility import fit_utility
from models.rounds.training.base_measure import EVERY_OBJECT, BaseMeasure, base_measure
from models.rounds.training.beta_range import BetaRange, _ordinary, choose_beta_range
from models.rounds.training.state_reward import StateReward
from models.specs.objectives import Objective
from models.specs.sampler import MOST_BETA

SPACE: dict[str, Any] = {"kind": "switches", "n": 11}
ALL = ["".join(letters) for letters in itertools.product("01", repeat=11)]
MEASURED = ALL[:: len(ALL) // 96]
BATCH = 24


def normal(seed: int = 0, scale: float = 1.0) -> dict[str, float]:
    """Return a value of every object: a random sum over switches and pairs of neighbours."""
    rng = np.random.default_rng(seed)
    single, pair = rng.normal(size=(11, 2)), rng.normal(size=(10, 4))
    letters = {text: [int(letter) for letter in text] for text in ALL}
    raw = {
        text: sum(single[i, a] for i, a in enumerate(row))
        + sum(pair[i, 2 * a + b] for i, (a, b) in enumerate(itertools.pairwise(row)))
        for text, row in letters.items()
    }
    spread = float(np.std(list(raw.values())))
    return {text: scale * value / spread for text, value in raw.items()}


def campaign(m: int = 1, **sampler: Any) -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "name": "any",
            "domain": SPACE,
            "objectives": [{"name": f"y{place}"} for place in range(m)],
            "batch": {"size": BATCH},
            "sampler": sampler,
        }
    )


def learned(values: Mapping[str, float], transform: str = "none") -> Utility:
    known = torch.tensor([values[text] for text in MEASURED], dtype=torch.float64)
    return fit_utility(Objective.model_validate({"name": "y", "transform": transform}), "none", known)


def state_reward(values: Sequence[Mapping[str, float]], utilities: Sequence[Utility]) -> StateReward:
    model = TrueValues({text: [one[text] for one in values] for text in ALL})
    acquisition = get_acquisition("upper_confidence_bound")(empty_context(len(values)))
    reward = ObjectLogReward(model, utilities, acquisition, 0.0)  # type: ignore[arg-type]
    return StateReward(environment(), reward)


def environment() -> Environment:
    return open_domain(campaign().domain).environment([])


def chosen(values: Mapping[str, float], utility: Utility | None = None, **options: Any) -> BetaRange:
    reward = state_reward([values], [utility or learned(values)])
    return choose_beta_range(campaign(), reward, MEASURED, EVERY_OBJECT, 0, **options)


SHAPES: dict[str, Callable[[dict[str, float]], dict[str, float]]] = {
    "bell": lambda values: values,
    "heavy tail": lambda values: {text: math.exp(2 * value) for text, value in values.items()},
    "very heavy tail": lambda values: {text: math.exp(4 * value) for text, value in values.items()},
    "skewed to the top": lambda values: {text: -math.exp(-value) for text, value in values.items()},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_half_of_the_pool_counts_at_the_low_end_and_a_batch_at_the_high_end(shape: str, seed: int) -> None:
    result = chosen(SHAPES[shape](normal(seed)))
    (counting,) = result.effective
    assert result.choice == "effective_number"
    assert counting.at_zero == pytest.approx(result.pool)
    assert counting.at_low == pytest.approx(result.pool / 2, rel=0.02)
    assert counting.at_high == pytest.approx(BATCH, rel=0.05)
    assert 0 < result.low < result.high < MOST_BETA
    assert result.messages() == []


def test_one_range_for_all_meant_something_else_for_each_shape() -> None:
    """At beta 64 a heavy tail leaves an object or two, and a narrow reward hundreds."""
    numbers = []
    for shape in ("heavy tail", "bell"):
        values = SHAPES[shape](normal())
        wide = learned(values) if shape == "heavy tail" else Utility(-200.0, 200.0, "maximize")
        fixed = campaign(beta=[1, 64])
        stated = choose_beta_range(fixed, state_reward([values], [wide]), MEASURED, EVERY_OBJECT, 0)
        assert (stated.ends, stated.choice, stated.messages()) == ((1.0, 64.0), "stated", [])
        numbers.append(stated.effective[0].at_high)
    assert numbers[0] < 3
    assert numbers[1] > 200


@pytest.mark.parametrize("slope", [10.0, 1e-3, -1.0])
@pytest.mark.parametrize("shift", [0.0, 273.15])
def test_units_and_zero_points_change_nothing(slope: float, shift: float) -> None:
    values = normal()
    moved = {text: shift + slope * value for text, value in values.items()}
    direction = "maximize" if slope > 0 else "minimize"
    known = torch.tensor([moved[text] for text in MEASURED], dtype=torch.float64)
    utility = fit_utility(Objective.model_validate({"name": "y", "direction": direction}), "none", known)
    one, other = chosen(values), chosen(moved, utility)
    assert other.ends == pytest.approx(one.ends, rel=0.01)
    assert other.effective[0].at_low == pytest.approx(one.effective[0].at_low, rel=0.01)
    assert other.effective[0].at_high == pytest.approx(one.effective[0].at_high, rel=0.03)


@pytest.mark.parametrize(("boldness", "wanted"), [(0.0, 0.98), (0.5, 0.9), (1.0, 0.75)])
def test_two_assays_of_one_property_give_equally_good_objects_at_equal_boldness(
    boldness: float, wanted: float
) -> None:
    """One reads the property, the other its exponential; the exact targets are compared on the space."""
    property_ = normal()
    rank = torch.tensor(list(property_.values())).argsort().argsort().double() / len(ALL)
    quantiles, fixed = [], []
    for shape in ("bell", "heavy tail"):
        values = SHAPES[shape](property_)
        reward, found = state_reward([values], [learned(values)]), chosen(values)
        conditions = ConditionSampler(found.ends, 1)
        beta = found.high ** (1 - boldness) * found.low**boldness
        for one, answers in ((beta, quantiles), (64.0 ** (1 - boldness), fixed)):
            states, _ = reward.environment.states(ALL)
            log_reward = reward(states, conditions.fixed(one, n=len(ALL))).double()
            answers.append(float(log_reward.softmax(dim=0) @ rank))
    assert abs(quantiles[0] - quantiles[1]) < 0.1
    assert max(abs(quantile - wanted) for quantile in quantiles) < 0.12
    if boldness == 1.0:
        assert max(fixed) < 0.6


@pytest.mark.parametrize("spread", [0.0, 1e-5])
def test_where_the_reward_hardly_differs_the_usual_range_is_served_and_told(spread: float) -> None:
    result = chosen(normal(scale=spread), Utility(-10.0, 10.0, "maximize"))
    assert (result.ends, result.choice) == ((1.0, 64.0), "usual")
    (line,) = result.messages()
    assert line.code == "beta_range_without_meaning"
    assert "have no meaning yet" in line.text
    assert result.effective[0].at_high > 0.99 * result.pool


def test_a_range_far_wider_than_the_predictions_ends_at_the_greatest_beta_and_says_so() -> None:
    result = chosen(normal(), Utility(-400.0, 400.0, "maximize"))
    assert MOST_BETA / 2 < result.high <= MOST_BETA
    (line,) = result.messages()
    assert line.code == "beta_range_blunt"
    assert "narrow it" in line.text


def test_many_that_tie_at_the_top_do_not_make_the_range_run_away() -> None:
    """A forest predicts the same for many: no beta tells them apart."""
    values = {text: min(value, 1.2) for text, value in normal().items()}
    assert sum(value == 1.2 for value in values.values()) > 3 * BATCH
    result = chosen(values)
    (counting,) = result.effective
    assert result.high < 64
    assert BATCH < counting.at_high < counting.at_low
    assert [line.code for line in result.messages()] == ["beta_range_blunt"]


def test_a_space_of_a_few_objects_has_no_range() -> None:
    spec = campaign().model_copy(
        update={"domain": campaign().domain.model_copy(update={"n": 3}), "objectives": campaign().objectives}
    )
    texts = ["".join(letters) for letters in itertools.product("01", repeat=3)]
    values = {text: float(place) for place, text in enumerate(texts)}
    model = TrueValues({text: [value] for text, value in values.items()})
    acquisition = get_acquisition("upper_confidence_bound")(empty_context(1))
    reward = ObjectLogReward(model, [Utility(0.0, 7.0, "maximize")], acquisition, 0.0)  # type: ignore[arg-type]
    few = StateReward(open_domain(spec.domain).environment([]), reward)
    result = choose_beta_range(spec, few, [], EVERY_OBJECT, 0)
    assert (result.choice, result.pool) == ("usual", 8)


def test_each_preference_keeps_half_at_the_low_end_and_the_even_one_decides_the_high_end() -> None:
    values = [normal(0), SHAPES["heavy tail"](normal(1))]
    reward = state_reward(values, [learned(one) for one in values])
    result = choose_beta_range(campaign(2), reward, MEASURED, EVERY_OBJECT, 0)
    even, *alone = result.effective
    weights = [tuple(item.preference.values()) for item in result.effective]
    assert weights == [(0.5, 0.5), (1.0, 0.0), (0.0, 1.0)]
    assert even.at_high == pytest.approx(BATCH, rel=0.05)
    assert min(item.at_low for item in result.effective) == pytest.approx(result.pool / 2, rel=0.02)
    assert all(1 <= item.at_high < result.pool / 2 for item in alone)
    rows = result.summary()["effective_objects"]
    assert rows[2]["preference"] == {"y0": 0.0, "y1": 1.0}


def test_the_range_depends_on_its_arguments_alone_and_a_stated_one_costs_nothing() -> None:
    values = normal()
    torch.manual_seed(5)
    one = chosen(values)
    torch.manual_seed(6)
    assert chosen(values) == one
    reward = state_reward([values], [learned(values)])
    stated = choose_beta_range(campaign(beta=[2, 9]), reward, MEASURED, EVERY_OBJECT, 0, is_described=False)
    assert (stated.ends, stated.pool, stated.effective) == ((2.0, 9.0), 0, ())
    assert reward._reward.n_scored == 0


def sizes_of(measure: BaseMeasure, seed: int = 0) -> Tensor:
    values = normal()
    reward = state_reward([values], [learned(values)])
    generator = torch.Generator().manual_seed(seed)
    return reward.environment.size(_ordinary(reward, measure, generator))


def test_ordinary_objects_have_the_sizes_of_the_base_measure() -> None:
    spec = campaign().model_copy(update={"base_measure": campaign().base_measure})
    measure = base_measure(spec, open_domain(spec.domain), environment(), [], 0)
    sizes = sizes_of(measure)
    assert len(sizes) == 1024
    shares = {size: float((sizes == size).double().mean()) for size in measure.weights}
    for size, weight in measure.weights.items():
        assert shares[size] == pytest.approx(weight, abs=0.1)


def test_ordinary_objects_follow_the_prior_of_the_policy() -> None:
    def on(_: Tensor, mask: Tensor) -> Tensor:
        """Nearly always choose the last allowed action."""
        last = mask.long().cumsum(dim=1).argmax(dim=1)
        rows = torch.nn.functional.one_hot(last, mask.shape[1]).bool()
        return torch.where(rows, 0.0, -20.0).masked_fill(~mask, 0.0)

    walked = environment()
    states = complete(walked, walked.reset(64), torch.Generator().manual_seed(0), on)
    assert set(walked.objects(states)) == {"1" * 11}
    values = normal()
    reward = state_reward([values], [learned(values)])
    given = (campaign(), reward, MEASURED, EVERY_OBJECT, 0)
    assert choose_beta_range(*given, prior=on).pool < choose_beta_range(*given).pool
