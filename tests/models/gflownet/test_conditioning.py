"""Conditions are sampled from their ranges, and every feature of their encoding is informative."""

import math

import pytest
import torch

from models.gflownet.conditioning import Condition, ConditionSampler, join_conditions, thermometer_encoding


def test_a_thermometer_has_no_dead_edge_within_its_range():
    values = torch.linspace(2.0, 10.0, 1001)
    on = thermometer_encoding(values, 2.0, 10.0, 16)
    assert torch.equal(on[0], torch.zeros(16))
    assert torch.allclose(on[-1], torch.ones(16))
    assert (on.std(dim=0) > 0).all()
    assert torch.allclose(on.sum(dim=1), (values - 2.0) * 2, atol=1e-4)


def test_beta_is_log_uniform_with_both_ends_in_use(generator: torch.Generator):
    condition = ConditionSampler((0.5, 50.0), 1).sample(20_000, generator)
    share = (condition.beta.log() - math.log(0.5)) / math.log(100)
    assert condition.beta.min() == pytest.approx(0.5)
    assert condition.beta.max() == pytest.approx(50.0)
    assert float((share < 0.5).float().mean()) == pytest.approx(0.5, abs=0.02)
    assert float((share > 1 - 1e-6).float().mean()) == pytest.approx(0.05 / 1.1, abs=0.01)
    assert torch.equal(condition.preference, torch.ones(20_000, 1))


def test_beta_may_be_uniform_and_is_spread_evenly_in_every_draw(generator: torch.Generator):
    sampler = ConditionSampler((1.0, 11.0), 1, beta_law="uniform")
    for n in (1, 7, 200):
        beta = sampler.sample(n, generator).beta
        share = ((beta - 1.0) / 10.0).sort().values
        strata = (torch.arange(n) + torch.tensor([[0.0], [1.0]])) / n * 1.1 - 0.05
        assert (share >= strata[0].clamp(0, 1) - 1e-5).all()
        assert (share <= strata[1].clamp(0, 1) + 1e-5).all()
    assert not torch.equal(beta, beta.sort().values)


@pytest.mark.parametrize("concentration", [0.2, 1.0, 1.5])
def test_preferences_are_on_the_simplex_and_even(generator: torch.Generator, concentration: float):
    preference = ConditionSampler((1.0, 2.0), 3, concentration).sample(20_000, generator).preference
    assert (preference >= 0).all()
    assert torch.allclose(preference.sum(dim=1), torch.ones(20_000))
    assert torch.allclose(preference.mean(dim=0), torch.full((3,), 1 / 3), atol=0.02)
    assert float((preference == 1).any(dim=1).float().mean()) > 0.08


def test_encoding_is_finite_and_injective(generator: torch.Generator):
    sampler = ConditionSampler((1.0, 64.0), 2)
    condition = sampler.sample(200, generator)
    code = sampler.encode(condition)
    assert code.shape == (200, sampler.width)
    assert code.isfinite().all()
    rows = torch.cat([condition.beta.unsqueeze(1), condition.preference], dim=1)
    assert len(torch.unique(code, dim=0)) == len(torch.unique(rows, dim=0))


def test_what_never_changes_is_not_encoded(generator: torch.Generator):
    sampler = ConditionSampler((3.0, 3.0), 1)
    assert sampler.encode(sampler.sample(5, generator)).shape == (5, 0)
    assert (
        ConditionSampler((3.0, 3.0), 2).width == ConditionSampler((1.0, 3.0), 2).width - sampler_beta_width()
    )


def sampler_beta_width() -> int:
    return ConditionSampler((1.0, 3.0), 1).width


def test_fixed_conditions_are_normalised_and_repeated():
    condition = ConditionSampler((1.0, 4.0), 2).fixed(2.0, (1.0, 3.0), n=3)
    assert torch.equal(condition.beta, torch.full((3,), 2.0))
    assert torch.allclose(condition.preference, torch.tensor([[0.25, 0.75]] * 3))
    assert len(condition.repeat(2)) == 6


def test_rows_keep_beta_and_preference_together():
    condition = Condition(torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])).repeat(2)
    assert condition.beta.tolist() == [1.0, 1.0, 2.0, 2.0]
    assert condition.at(torch.tensor([3])).preference.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("beta_range", [(0.0, 1.0), (2.0, 1.0), (1.0, math.inf), (math.nan, 1.0)])
def test_a_wrong_range_is_refused(beta_range: tuple[float, float]):
    with pytest.raises(ValueError, match="beta_range"):
        ConditionSampler(beta_range, 1)


@pytest.mark.parametrize("preference", [(1.0,), (0.0, 0.0), (-1.0, 2.0), (math.nan, 1.0)])
def test_a_wrong_preference_is_refused(preference: tuple[float, ...]):
    with pytest.raises(ValueError, match="preference needs 2 weights"):
        ConditionSampler((1.0, 2.0), 2).fixed(1.0, preference)


@pytest.mark.parametrize(
    ("beta_law", "middle", "median"), [("log_uniform", 8.0, 2**4.5), ("uniform", 32.5, 48.25)]
)
def test_the_upper_half_of_a_law_starts_at_its_middle(
    beta_law: str, middle: float, median: float, generator: torch.Generator
):
    conditions = ConditionSampler((1.0, 64.0), 2, beta_law=beta_law)
    beta = conditions.sample(2000, generator, least=0.5).beta
    assert float(beta.min()) == pytest.approx(middle)
    assert float(beta.max()) == pytest.approx(64.0)
    assert float(beta.median()) == pytest.approx(median, rel=0.02)


def test_functions_take_their_share_of_the_conditions_and_reach_the_encoding(generator: torch.Generator):
    conditions = ConditionSampler((1.0, 4.0), 2, n_functions=3)
    drawn = conditions.sample(300, generator)
    assert drawn.function is not None
    assert drawn.function.bincount().tolist() == [100, 100, 100]
    code = conditions.encode(drawn)
    assert code.shape == (300, conditions.width)
    assert torch.equal(code[:, -3:].argmax(dim=1), drawn.function)
    assert conditions.width == ConditionSampler((1.0, 4.0), 2).width + 3


def test_rows_keep_their_function_whatever_is_done_with_them(generator: torch.Generator):
    conditions = ConditionSampler((1.0, 4.0), 1, n_functions=5)
    drawn = conditions.sample(10, generator)
    assert drawn.function is not None
    both = join_conditions([drawn.at(slice(0, 4)), conditions.at_middle_beta(drawn.at(slice(4, None)))])
    assert both.function is not None
    assert torch.equal(both.function, drawn.function)
    repeated = both.repeat(2).function
    assert repeated is not None
    assert torch.equal(repeated, drawn.function.repeat_interleave(2))


def test_a_policy_of_several_functions_needs_the_name_of_one():
    conditions = ConditionSampler((1.0, 4.0), 1, n_functions=2)
    with pytest.raises(ValueError, match="name one in each"):
        conditions.encode(Condition(torch.ones(1), torch.ones(1, 1)))


def test_with_one_function_nothing_is_drawn_for_it(generator: torch.Generator):
    plain, one = ConditionSampler((1.0, 4.0), 2), ConditionSampler((1.0, 4.0), 2, n_functions=1)
    state = generator.get_state()
    first = plain.sample(7, generator)
    generator.set_state(state)
    again = one.sample(7, generator)
    assert first.function is None
    assert again.function is None
    assert torch.equal(first.beta, again.beta)
    assert torch.equal(first.preference, again.preference)


def test_few_conditions_reach_every_function_in_time(generator: torch.Generator):
    conditions = ConditionSampler((1.0, 4.0), 1, n_functions=16)
    drawn = [conditions.sample(4, generator).function for _ in range(500)]
    counts = torch.cat([part for part in drawn if part is not None]).bincount(minlength=16)
    assert int(counts.min()) > 80
    assert int(counts.max()) < 180
