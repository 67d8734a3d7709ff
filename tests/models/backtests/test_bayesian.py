"""Bayesian optimisation over a table, against BoTorch's own posterior."""

import torch
from botorch.models import SingleTaskGP
from botorch.models.transforms import Standardize
from gpytorch.kernels import ScaleKernel

from models.acquisition.improvement.gaussian import log_expected_improvement
from models.backtests.bayesian import _draws, _features, _moments, _several
from models.backtests.table import TableDomain, TableLab


def _model(domain: TableDomain, names: tuple[str, ...], sign: float) -> SingleTaskGP:
    targets = torch.tensor([[sign * name.count("1")] for name in names], dtype=torch.float64)
    kernel = ScaleKernel(domain.kernel().double())
    return SingleTaskGP(_features(domain, names), targets, covar_module=kernel, outcome_transform=Standardize(1)).eval()


def test_moments_are_those_of_the_posterior(domain: TableDomain, lab: TableLab) -> None:
    assert lab.objects is not None
    model = _model(domain, lab.objects[::7], 1.0)
    mean, sd = _moments(model, domain, lab.objects)
    with torch.no_grad():
        posterior = model.posterior(_features(domain, lab.objects))
    torch.testing.assert_close(mean, posterior.mean.view(-1))
    torch.testing.assert_close(sd, posterior.variance.sqrt().view(-1))


def test_joint_draws_have_the_posteriors_moments(domain: TableDomain, lab: TableLab) -> None:
    assert lab.objects is not None
    model = _model(domain, lab.objects[::7], 1.0)
    points = _features(domain, lab.objects[:6])
    draws = _draws(model, points, 20_000, torch.Generator().manual_seed(0))
    with torch.no_grad():
        posterior = model.posterior(points)
    covariance = posterior.distribution.covariance_matrix
    torch.testing.assert_close(draws.mean(dim=0), posterior.mean.view(-1), atol=0.05, rtol=0)
    torch.testing.assert_close(torch.cov(draws.T), covariance, atol=0.05, rtol=0.05)


def test_two_objectives_take_both_ends_of_the_front(domain: TableDomain, lab: TableLab) -> None:
    assert lab.objects is not None
    known = lab.objects[20:108:7]
    models = [_model(domain, known, 1.0), _model(domain, known, -1.0)]
    left = tuple(name for name in lab.objects if name not in known)
    chosen = [left[row] for row in _several(models, _features(domain, known), domain, left, 12, 0)]
    assert len(set(chosen)) == 12
    counts = [name.count("1") for name in chosen]
    assert min(counts) <= 1
    assert max(counts) >= 6


def test_improvement_is_expected_where_the_mean_is_best() -> None:
    mean, sd = torch.tensor([0.0, 1.0]).double(), torch.ones(2).double()
    values = log_expected_improvement(mean, sd, 0.0)
    torch.testing.assert_close(values.exp(), torch.tensor([0.398942, 1.083316]).double(), atol=1e-5, rtol=0)
