"""Single parts that cause failures are identified, whatever the rest of the object."""

import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.proxies.feasibility import fit_feasibility
from models.proxies.noisy_or import fit_noisy_or

BAD = (3, 11)
D = 40


def world(n: int, seed: int, bad: tuple[int, ...] = BAD, leak: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return counts of parts [n, D], about four per object, and whether no bad part is present."""
    generator = torch.Generator().manual_seed(seed)
    counts = (torch.rand(n, D, generator=generator, dtype=torch.float64) < 0.1).double()
    spared = (torch.rand(n, generator=generator, dtype=torch.float64) >= leak).double()
    return counts, (counts[:, list(bad)].sum(dim=1) == 0).double() * spared


def test_the_bad_parts_are_blamed_and_no_others() -> None:
    model = fit_noisy_or(*world(300, 0))
    new, made = world(500, 1)
    blamed = model.weights + model.novelty * model.is_novel
    assert set(blamed.topk(2).indices.tolist()) == set(BAD)
    assert float((model.probability(new) - made).abs().mean()) < 0.08


def test_failures_without_reason_are_a_leak() -> None:
    features, outcomes = world(600, 0, bad=(), leak=0.2)
    model = fit_noisy_or(features, outcomes)
    assert float(model.probability(torch.zeros(1, D, dtype=torch.float64))) == pytest.approx(0.8, abs=0.1)


def test_the_gradient_finds_the_least_loss() -> None:
    features, outcomes = world(200, 3)
    model = fit_noisy_or(features, outcomes)

    def loss(leak: float, weights: Tensor) -> float:
        suspicion = model.novelty * ((features > 0).double() @ model.is_novel)
        risk = leak + features @ weights + suspicion
        return float(
            (outcomes * risk - (1 - outcomes) * torch.log(-torch.expm1(-risk))).sum() + weights.sum()
        )

    least = loss(model.leak, model.weights)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        moved = (model.weights + 0.05 * torch.rand(D, generator=generator, dtype=torch.float64)).clamp_min(0)
        assert loss(model.leak + 0.01, moved) > least


def test_what_no_success_holds_is_suspect() -> None:
    features, outcomes = world(200, 0, bad=tuple(range(10)))
    features[:, 20] = 0.0
    never = torch.zeros(1, D, dtype=torch.float64)
    never[0, 20] = 1.0
    usual = torch.zeros(1, D, dtype=torch.float64)
    usual[0, 25] = 1.0
    model = fit_noisy_or(features, outcomes)
    assert float(model.probability(never)) < float(model.probability(usual))


def test_novelty_is_as_suspect_as_it_deserves_even_where_every_failure_has_a_part_of_its_own() -> None:
    features, _ = world(112, 0)
    features = torch.cat([features[:, :20], torch.zeros(112, 60, dtype=torch.float64)], dim=1)
    rows = torch.arange(30)
    features[rows, 20 + rows] = 1.0
    outcomes = torch.ones(112, dtype=torch.float64)
    outcomes[18:30] = 0.0  # of 30 parts unique to one object, 18 were harmless
    never = torch.zeros(1, 80, dtype=torch.float64)
    never[0, 70] = 1.0
    assert float(fit_noisy_or(features, outcomes).probability(never)) == pytest.approx(18 / 30, abs=0.1)


def test_features_that_are_no_counts_are_left_out() -> None:
    features, outcomes = world(200, 0)
    model = fit_noisy_or(torch.cat([features, features[:, :5] - 1.0], dim=1), outcomes)
    assert bool((model.weights[D:] == 0).all())
    assert bool((model.is_novel[D:] == 0).all())


def test_it_serves_where_parts_decide_and_only_there() -> None:
    features, outcomes = world(150, 0)
    new, made = world(300, 1)
    predicted = fit_feasibility(features, outcomes, RBFKernel, seed=0).probability(new)
    assert float((predicted - made).abs().mean()) < 0.12
    x = torch.rand(150, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    smooth = (x[:, 0] > 0.5).double()
    predicted = fit_feasibility(x, smooth, RBFKernel, seed=0).probability(
        torch.tensor([[0.1], [0.9]]).double()
    )
    assert float(predicted[0]) < 0.2
    assert float(predicted[1]) > 0.8


def test_single_parts_are_sought_among_amounts_alone() -> None:
    """A size is never negative, but belongs to every object and can be no single cause of failures."""
    generator = torch.Generator().manual_seed(0)
    parts = (torch.rand(120, 12, generator=generator) < 0.4).double()
    outcomes = 1.0 - parts[:, 0]
    size = 3.0 + 5.0 * parts[:, :1] + torch.rand(120, 1, generator=generator, dtype=torch.float64)
    model = fit_feasibility(torch.cat([parts, size], dim=1), outcomes, RBFKernel, seed=0, n_amounts=12)
    sizes = torch.tensor([[3.0], [9.0]], dtype=torch.float64)
    for part, (low, high) in ((0, (0.0, 0.1)), (1, (0.9, 1.0))):
        row = torch.eye(12, dtype=torch.float64)[part].expand(2, 12)
        small, large = model.probability(torch.cat([row, sizes], dim=1)).tolist()
        assert small == large
        assert low <= small <= high
