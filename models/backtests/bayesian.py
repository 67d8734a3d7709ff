"""Exhaustive Bayesian optimisation over a whole table with BoTorch: one Gaussian process per objective.

The covariance is the domain's own kernel with an output scale, hyperparameters maximise BoTorch's default
posterior. One objective: LogEI (arXiv:2310.20708), the batch picked one by one, each pick fixed at its mean
(a kriging believer: Ginsbourger et al. 2010). Several: qLogNEHVI (arXiv:2310.20708) over a short list of the
best for many trade-offs, greedily with earlier picks as pending. Joint samples of the whole list are drawn
once, because new ones for every pick cost minutes per batch. Computed objectives are exact. Letters: N
objects, n measured ones, M objectives, P trade-offs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

from models.acquisition.improvement.gaussian import log_expected_improvement
from models.backtests.contract import Choice, Strategy, untried
from models.backtests.utilities import measured_utilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botorch.models.model import Model
    from torch import Tensor

    from models.backtests.contract import BacktestTask
    from models.domains.contract import Domain
    from models.records import History

CHUNK = 4096
SHORT_LIST = 500
TRADE_OFFS = 32
JITTER = 1e-5
"""Share of the mean variance added before a factorisation."""


@final
class Bayesian(Strategy):
    """The reference for exhaustive search over a table.

    Raises:
        ValueError: without a table.
    """

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return k untried objects of the table."""
        names = untried(task, history)
        measured, utilities = measured_utilities(task.spec, task.domain, history)
        if not measured:
            return Choice(tuple(names[:k]))
        inputs = _features(task.domain, measured)
        task.tick("fitting BoTorch's Gaussian processes")
        models = [_fit(task.domain, inputs, utilities[:, i : i + 1]) for i in range(utilities.shape[1])]
        task.tick(f"scoring {len(names)} objects")
        if len(models) == 1:
            chosen = _one_objective(models[0], float(utilities.max()), task.domain, names, k)
        else:
            chosen = _several(models, inputs, task.domain, names, k, seed)
        return Choice(tuple(names[row] for row in chosen), len(names))


def _features(domain: Domain, names: Sequence[str]) -> Tensor:
    return torch.from_numpy(domain.features(names)).double()


def _fit(domain: Domain, inputs: Tensor, targets: Tensor) -> Model:
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.kernels import ScaleKernel
    from gpytorch.mlls import ExactMarginalLogLikelihood

    model = SingleTaskGP(inputs, targets, covar_module=ScaleKernel(domain.kernel()), outcome_transform=Standardize(1))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


@torch.no_grad()
def _moments(model: Any, domain: Domain, names: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return means and deviations [N] of many objects; BoTorch would form their covariances."""
    known, targets, kernel = model.train_inputs[0], model.train_targets, model.covar_module
    noise = model.likelihood.noise * torch.eye(len(known), dtype=known.dtype)
    factor = torch.linalg.cholesky(kernel(known).to_dense() + noise)
    inverse = torch.linalg.solve_triangular(factor, torch.eye(len(known), dtype=known.dtype), upper=False)
    weights = inverse.T @ (inverse @ (targets - model.mean_module.constant))
    means, deviations = [], []
    for start in range(0, len(names), CHUNK):
        inputs = _features(domain, names[start : start + CHUNK])
        cross = kernel(inputs, known).to_dense()  # [C, n]
        means.append(model.mean_module.constant + cross @ weights)
        variance = kernel(inputs, diag=True) - (cross @ inverse.T).square().sum(dim=1)
        deviations.append(variance.clamp_min(1e-12).sqrt())
    location, scale = model.outcome_transform.means.view(()), model.outcome_transform.stdvs.view(())
    return location + scale * torch.cat(means), scale * torch.cat(deviations)


@torch.no_grad()
def _one_objective(model: Model, best: float, domain: Domain, names: Sequence[str], k: int) -> list[int]:
    mean, sd = _moments(model, domain, names)
    listed = log_expected_improvement(mean, sd, best).argsort(descending=True)[: max(SHORT_LIST, 4 * k)]
    posterior: Any = model.posterior(_features(domain, [names[row] for row in listed.tolist()]))
    mean, covariance = posterior.mean.view(-1), posterior.distribution.covariance_matrix.clone()
    chosen: list[int] = []
    for _ in range(min(k, len(listed))):
        sd = covariance.diagonal().clamp_min(1e-12).sqrt()
        score = log_expected_improvement(mean, sd, best)
        score[chosen] = -torch.inf
        pick = int(score.argmax())
        chosen.append(pick)
        best = max(best, float(mean[pick]))
        column = covariance[:, pick].clone()
        covariance -= torch.outer(column, column) / (column[pick] + 1e-6)
    return [int(listed[row]) for row in chosen]


def _several(models: list[Any], inputs: Tensor, domain: Domain, names: Sequence[str], k: int, seed: int) -> list[int]:
    from models.acquisition.contract import augmented_chebyshev
    from models.selection.contract import Candidates, JointUtilities, SelectionRequest
    from models.selection.hypervolume import n_draws, select
    from models.selection.limits import BatchLimits

    moments = [_moments(model, domain, names) for model in models]
    hopeful = torch.stack([mean + sd for mean, sd in moments], dim=1)
    generator = torch.Generator().manual_seed(seed)
    weights = torch.empty(TRADE_OFFS, len(models), dtype=torch.float64).exponential_(generator=generator)
    weights = weights / weights.sum(dim=1, keepdim=True)
    scalarised = augmented_chebyshev(hopeful.unsqueeze(1), weights.unsqueeze(0))  # [N, P]
    order = scalarised.argsort(dim=0, descending=True)[: -(-max(SHORT_LIST, 4 * k) // TRADE_OFFS)]
    listed: Tensor = torch.unique(order)
    n, points = len(listed), torch.cat([_features(domain, [names[row] for row in listed.tolist()]), inputs])
    draws = torch.stack([_draws(model, points, n_draws(len(models)), generator) for model in models], dim=-1)
    equal = torch.zeros(n, dtype=torch.float64)
    candidates = Candidates(equal, equal, torch.eye(n).double(), utilities=JointUtilities(draws[:, :n], draws[:, n:]))
    picks = select(candidates, SelectionRequest(k, 0.0, 0.0, seed), BatchLimits(n, k, (), ()))
    return [int(listed[pick.index]) for pick in picks]


@torch.no_grad()
def _draws(model: Model, points: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Return joint draws [S, N] of the utility at points [N, D]."""
    posterior: Any = model.posterior(points)
    covariance = posterior.distribution.covariance_matrix
    jitter = JITTER * covariance.diagonal().mean() * torch.eye(len(points), dtype=covariance.dtype)
    normal = torch.randn(n, len(points), generator=generator, dtype=covariance.dtype)
    drawn: Tensor = posterior.mean.view(-1) + normal @ torch.linalg.cholesky(covariance + jitter).T
    return drawn


STRATEGIES = {"bayesian": Bayesian}
