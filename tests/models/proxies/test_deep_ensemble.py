"""Training of the deep ensemble: its schedule and its inputs."""

import pytest
import torch

from models.proxies import deep_ensemble
from models.proxies.contract import TrainingTable


def test_the_rate_cycles_once_as_in_torch() -> None:
    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.zeros(1)
    optimiser = torch.optim.AdamW([weight], lr=deep_ensemble.RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=deep_ensemble.RATE, total_steps=deep_ensemble.STEPS
    )
    for step in range(deep_ensemble.STEPS):
        ours, theirs = deep_ensemble._one_cycle(step), optimiser.param_groups[0]
        assert ours["lr"] == pytest.approx(theirs["lr"], abs=1e-15)
        assert ours["betas"] == pytest.approx(theirs["betas"])
        optimiser.step()
        if step < deep_ensemble.STEPS - 1:
            schedule.step()


def test_reduced_features_are_centred_and_uncorrelated() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(200, 12, generator=generator, dtype=torch.float64) * torch.arange(12) + 5.0
    reduced = deep_ensemble._reduction(features)(features).double()
    covariance = torch.cov(reduced.T)
    assert reduced.shape == (200, 11)  # the column of 5.0 is uninformative
    torch.testing.assert_close(reduced.mean(dim=0), torch.zeros(11).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(covariance, covariance.diagonal().diag(), atol=1e-4, rtol=0)
    assert float(covariance[0, 0].sqrt()) == pytest.approx(deep_ensemble.LEADING_DEVIATION, rel=1e-4)


def test_members_learn_a_line() -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.rand(120, 6, generator=generator, dtype=torch.float64)
    values = features[:, :1] - 2 * features[:, 1:2]
    nothing = torch.full_like(values, torch.nan)
    table = TrainingTable(("y",), features, values, nothing, torch.zeros(1).double(), torch.ones(1).double())
    fitted = deep_ensemble.DeepEnsemble().fit(table.rows(torch.arange(100)), seed=0)
    posterior = fitted.posterior(features[100:])
    assert float((posterior.mean - values[100:]).square().mean().sqrt()) < 0.15
    assert float((fitted.members(features[100:]).mean.mean(dim=0) - posterior.mean).abs().max()) < 1e-9
