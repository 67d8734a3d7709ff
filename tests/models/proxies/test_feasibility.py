"""Predicted failure rates follow observed failures."""

import math

import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.proxies.feasibility import fit_feasibility


def _world(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, true probabilities and sampled outcomes: failure grows with the first feature."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 2, generator=generator, dtype=torch.float64) * 2 - 1
    truth = torch.sigmoid(-4 * x[:, 0] + 1)
    return x, truth, (torch.rand(n, generator=generator, dtype=torch.float64) < truth).double()


def test_learns_where_failures_are_and_how_frequent() -> None:
    x, _, outcomes = _world(150, 0)
    model = fit_feasibility(x, outcomes, RBFKernel, seed=0)
    new, truth, _ = _world(400, 1)
    predicted = model.probability(new)
    assert model.is_learned
    assert float((predicted - truth).abs().mean()) < 0.12
    assert float((predicted.mean() - truth.mean()).abs()) < 0.06
    assert float((predicted - truth).abs().mean()) < 0.5 * float((outcomes.mean() - truth).abs().mean())


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_kind_of_outcome_teaches_nothing(outcome: float) -> None:
    x, _, _ = _world(20, 0)
    model = fit_feasibility(x, torch.full((20,), outcome, dtype=torch.float64), RBFKernel, seed=0)
    assert not model.is_learned
    assert bool((model.probability(x) == 1).all())


def test_far_away_predicts_the_base_rate() -> None:
    x, _, outcomes = _world(100, 0)
    model = fit_feasibility(x, outcomes, RBFKernel, seed=0)
    far = model.probability(torch.full((1, 2), 1e3, dtype=torch.float64))
    assert float(far) == pytest.approx(float(outcomes.mean()), abs=0.2)


def test_one_failure_condemns_nobody() -> None:
    x, _, _ = _world(40, 0)
    outcomes = torch.ones(40, dtype=torch.float64)
    outcomes[7] = 0.0
    predicted = fit_feasibility(x, outcomes, RBFKernel, seed=0).probability(x)
    assert float(predicted.median()) > 0.9
    assert not math.isnan(float(predicted.sum()))


def test_many_outcomes_are_learned_from_a_part() -> None:
    x, _, outcomes = _world(2100, 0)
    constant = lambda: RBFKernel().requires_grad_(requires_grad=False)  # noqa: E731 - a kernel without parameters to fit
    predicted = fit_feasibility(x, outcomes, constant, seed=0).probability(x[:5])
    assert bool(((predicted > 0) & (predicted < 1)).all())
