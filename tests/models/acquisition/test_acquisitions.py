"""Every discovered acquisition is monotone, independent of the batch, and keeps its scale."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from models.acquisition import get_acquisition
from models.acquisition.contract import (
    SCALARISATIONS,
    Acquisition,
    AcquisitionContext,
    Scalarise,
    augmented_chebyshev,
    empty_context,
    weighted_sum,
)
from models.acquisition.thompson_sampling import ThompsonSampling
from models.acquisition.upper_confidence_bound import UpperConfidenceBound
from models.specs.decisions import ACQUISITIONS

OBJECTIVES = (1, 2, 3, 4)
EVERY = pytest.mark.parametrize("name", ACQUISITIONS)
SCALARISED = pytest.mark.parametrize("scalarise", SCALARISATIONS.values(), ids=SCALARISATIONS)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def preferences(n: int, m: int, seed: int = 0) -> Tensor:
    weights = -numbers(n, m, seed=seed).clamp_min(1e-9).log()
    return weights / weights.sum(dim=1, keepdim=True)


def context(m: int, scalarise: Scalarise = augmented_chebyshev, n: int = 30) -> AcquisitionContext:
    incumbents = 0.6 * numbers(n, m, seed=1)
    return AcquisitionContext(1.0, scalarise, incumbents, (numbers(40, m, seed=2), 0.3 * numbers(40, m, seed=3)))


def build(name: str, m: int, scalarise: Scalarise = augmented_chebyshev) -> Acquisition:
    return get_acquisition(name)(context(m, scalarise))


def value(acquisition: Acquisition, mean: Tensor, sd: Tensor, preference: Tensor) -> Tensor:
    return acquisition.value(acquisition.statistics(mean, sd, mean), preference)


def test_there_are_the_four_of_the_field() -> None:
    wanted = {
        "expected_hypervolume_improvement",
        "expected_improvement",
        "thompson_sampling",
        "upper_confidence_bound",
    }
    assert wanted <= set(ACQUISITIONS)
    assert "contract" not in ACQUISITIONS
    with pytest.raises(ValueError, match="must be one of"):
        get_acquisition("hope")


@EVERY
@SCALARISED
@pytest.mark.parametrize("m", OBJECTIVES)
def test_rises_with_the_mean(name: str, scalarise: Scalarise, m: int) -> None:
    acquisition = build(name, m, scalarise)
    start, preference = numbers(1, m, seed=4) - 0.3, preferences(1, m).expand(30, -1)
    mean = start + torch.linspace(0, 1.2, 30, dtype=torch.float64).unsqueeze(1)
    together = value(acquisition, mean, torch.full_like(mean, 0.15), preference)
    assert bool((together.diff() > 0).all())
    for objective in range(m):
        alone = start.repeat(30, 1)
        alone[:, objective] = mean[:, objective]
        assert bool((value(acquisition, alone, torch.full_like(mean, 0.15), preference).diff() > -1e-12).all())


@EVERY
@pytest.mark.parametrize("m", OBJECTIVES)
def test_each_object_is_judged_alone(name: str, m: int) -> None:
    acquisition = build(name, m)
    mean, sd, preference = numbers(50, m, seed=5), 0.3 * numbers(50, m, seed=6), preferences(50, m, seed=7)
    whole = value(acquisition, mean, sd, preference)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(value(acquisition, mean[order], sd[order], preference[order]), whole[order], atol=1e-12)
    halves = [value(acquisition, mean[part], sd[part], preference[part]) for part in (slice(0, 7), slice(7, 50))]
    assert torch.allclose(torch.cat(halves), whole, atol=1e-12)
    nothing = value(acquisition, mean[:0], sd[:0], preference[:0])
    assert nothing.shape == (0,)


@EVERY
@pytest.mark.parametrize("m", OBJECTIVES)
def test_ordinary_objects_reach_about_one_whatever_the_preference(name: str, m: int) -> None:
    acquisition = build(name, m)
    mean, sd = context(m).reference
    for preference in preferences(20, m, seed=8):
        reached = float(value(acquisition, mean, sd, preference.expand(len(mean), -1)).max())
        assert 0.6 < reached < 1.4


@EVERY
@pytest.mark.parametrize("m", OBJECTIVES)
def test_works_before_anything_is_known(name: str, m: int) -> None:
    acquisition = get_acquisition(name)(empty_context(m))
    mean, preference = numbers(20, m, seed=9), preferences(20, m)
    for sd in (torch.full_like(mean, 0.2), torch.zeros_like(mean)):
        low, high = (value(acquisition, mean + step, sd, preference) for step in (0.0, 0.5))
        assert bool(low.isfinite().all())
        assert bool((high > low).all())


@EVERY
def test_weight_on_one_objective_ignores_the_others(name: str) -> None:
    acquisition, only = build(name, 3), torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    mean, sd = torch.full((1, 3), 0.5, dtype=torch.float64), torch.full((1, 3), 0.2, dtype=torch.float64)
    same = torch.tensor([[0.9, 0.5, 0.1]], dtype=torch.float64)
    better = torch.tensor([[0.5, 0.6, 0.5]], dtype=torch.float64)
    first, second, third = (float(value(acquisition, at, sd, only)) for at in (mean, same, better))
    assert first == pytest.approx(second, abs=1e-9)
    assert third > first


@pytest.mark.parametrize("name", [name for name in ACQUISITIONS if get_acquisition(name).uses_incumbents])
@pytest.mark.parametrize("m", OBJECTIVES)
def test_an_improvement_is_never_negative_and_certain_losers_have_none(name: str, m: int) -> None:
    acquisition = build(name, m)
    mean, preference = 3 * numbers(200, m, seed=10) - 2, preferences(200, m, seed=11)
    assert bool((value(acquisition, mean, 0.2 * numbers(200, m), preference) >= 0).all())
    incumbents = context(m).incumbents[:20]
    values = value(acquisition, incumbents - 1e-6, torch.zeros_like(incumbents), preference[:20])
    assert float(values.max()) < 1e-6


def test_the_confidence_bound_is_the_scalarised_optimistic_utility() -> None:
    mean, sd, preference = numbers(40, 3), numbers(40, 3, seed=1), preferences(40, 3)
    for kappa, scalarise in itertools.product((0.0, 1.0, 2.5), SCALARISATIONS.values()):
        acquisition = UpperConfidenceBound(empty_context(3, scalarise, kappa))
        assert torch.equal(value(acquisition, mean, sd, preference), scalarise(mean + kappa * sd, preference))
    for wrong in (-1.0, math.inf):
        with pytest.raises(ValueError, match="kappa"):
            UpperConfidenceBound(empty_context(2, weighted_sum, wrong))


def test_thompson_takes_the_drawn_function_for_the_truth() -> None:
    acquisition = ThompsonSampling(empty_context(2))
    mean, drawn, preference = numbers(10, 2), numbers(10, 2, seed=1), preferences(10, 2)
    values = acquisition.value(acquisition.statistics(mean, mean, drawn), preference)
    assert torch.equal(values, augmented_chebyshev(drawn, preference))
    with pytest.raises(ValueError, match="drawn"):
        acquisition.statistics(mean, mean, None)


def test_a_situation_is_checked() -> None:
    two, three = torch.zeros(4, 2), torch.zeros(4, 3)
    with pytest.raises(ValueError, match="one column per objective"):
        AcquisitionContext(1.0, weighted_sum, three, (two, two))
    with pytest.raises(ValueError, match="finite"):
        AcquisitionContext(1.0, weighted_sum, two / 0, (two, two))
