"""Exact Gaussian process regression with a given kernel, one process per assay type.

Targets are standardised; each value has its own known noise (replicates, standard errors) beside a learned
common one; hyperparameters maximise the marginal likelihood with weak priors (Rasmussen & Williams 2006,
chapters 2 and 5). Censored cells have a Tobit likelihood. Expectation propagation replaces each by a value
with its own variance, alternating with the hyperparameters; with fixed sites, the gradient is that of the
approximate evidence (ibid., section 5.5.2). A type without values keeps its prior. Dense tensors are used,
because a kernel without parameters then needs its Gram matrix only once. Knows no domain and no objective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch

from models.proxies.contract import FittedProxy, Posterior, Proxy, TrainingTable
from models.proxies.expectation_propagation import interval_sites
from models.proxies.quantile_functions import member_weights, quantile_functions

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpytorch.kernels import Kernel
    from torch import Tensor

ORDER = 1
"""Its rank among the candidate proxies: the first serves types with too few results to compare."""
JITTER = 1e-6
"""Least noise variance, in standardised units."""
ROWS_TO_FIT = 400
"""Most values for fitting hyperparameters; conditioning uses all (an evaluation costs n^3)."""
ITERATIONS = 40
LOG_LIMITS = ((-6.0, 4.0), (-12.0, 3.0))
"""Bounds of the logs of the amplitude and of the learned noise variance; far steps stay invertible."""
IMPOSSIBLE = 1e6
"""Loss of hyperparameters whose covariance cannot be factorised; the line search backtracks from them."""
NOISE_PRIOR = (math.log(0.1), 1.5)
"""Mean and deviation of the log of the learned noise variance, in standardised units."""
ALTERNATIONS = 6
"""Most alternations between censored sites and hyperparameters."""
SETTLED = 0.02
"""Change of the logs of amplitude and noise at which the alternation has converged."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """Data of one type, standardised [n]: a target, or NaN and bounds; `known` noise is added."""

    features: Tensor
    targets: Tensor
    known: Tensor
    lower: Tensor
    upper: Tensor

    @property
    def is_censored(self) -> Tensor:
        return self.targets.isnan()

    def part(self, index: Tensor) -> _Cells:
        cells = (self.features, self.targets, self.known, self.lower, self.upper)
        return _Cells(*(cell[index] for cell in cells))


@dataclass(frozen=True, slots=True)
class _Process:
    """One conditioned process: `inverse` [n, n] of the lower Cholesky factor, `weights` [n] = K^-1 y."""

    kernel: Kernel
    rows: Tensor
    location: float
    scale: float
    amplitude: float
    noise: float
    inverse: Tensor
    weights: Tensor
    targets: Tensor
    is_censored: Tensor


def _free(kernel: Kernel) -> bool:
    """Return whether the kernel has nothing to fit."""
    return not any(parameter.requires_grad for parameter in kernel.parameters())


def _covariance(kernel: Kernel, left: Tensor, right: Tensor | None = None) -> Tensor:
    gram: Tensor = (kernel(left) if right is None else kernel(left, right)).to_dense()
    return gram


def _log_prior(kernel: Kernel, logarithms: Tensor) -> Tensor:
    """Return the log density of the log amplitude, the log noise and the kernel's own priors."""
    log_amplitude, log_noise = logarithms
    density: Tensor = -0.5 * (log_amplitude.square() + ((log_noise - NOISE_PRIOR[0]) / NOISE_PRIOR[1]).square())
    for _, module, prior, closure, _ in kernel.named_priors():
        density = density + prior.log_prob(closure(module)).sum()
    return density


def _natural(logarithms: Tensor) -> tuple[Tensor, Tensor]:
    """Return the amplitude and the learned noise variance."""
    amplitude, noise = (log.clamp(*limits).exp() for log, limits in zip(logarithms, LOG_LIMITS, strict=True))
    return amplitude, noise


def _fit_hyperparameters(
    kernel: Kernel, cells: _Cells, start: tuple[float, float] = (0.0, NOISE_PRIOR[0])
) -> tuple[float, float]:
    """Fit the kernel in place on exact cells, from the logs `start`; return amplitude and noise."""
    features, targets, known = cells.features, cells.targets, cells.known
    logarithms = torch.tensor(start, dtype=torch.float64, device=features.device, requires_grad=True)
    parameters = [logarithms, *(p for p in kernel.parameters() if p.requires_grad)]
    optimiser = torch.optim.LBFGS(parameters, max_iter=ITERATIONS, history_size=10, line_search_fn="strong_wolfe")
    fixed = _covariance(kernel, features).detach() if _free(kernel) else None

    def loss() -> Tensor:
        optimiser.zero_grad()
        gram = fixed if fixed is not None else _covariance(kernel, features)
        amplitude, noise = _natural(logarithms)
        factor, failed = torch.linalg.cholesky_ex(amplitude * gram + torch.diag(known + noise + JITTER))
        if bool(failed) or not bool(factor.isfinite().all()):
            for parameter in parameters:
                parameter.grad = torch.zeros_like(parameter)
            return gram.new_tensor(IMPOSSIBLE)
        whitened = torch.linalg.solve_triangular(factor, targets.unsqueeze(-1), upper=False)
        value: Tensor = 0.5 * whitened.square().sum() + factor.diagonal().log().sum() - _log_prior(kernel, logarithms)
        value = value / len(targets)
        value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        return value

    if len(targets) > 0:
        optimiser.step(loss)  # type: ignore[no-untyped-call] # torch leaves it untyped
    amplitude, noise = (float(number) for number in _natural(logarithms.detach()))
    if not math.isfinite(amplitude + noise):
        raise ValueError("the marginal likelihood has no finite maximum: are the features degenerate?")
    return amplitude, noise


@torch.no_grad()
def _with_sites(kernel: Kernel, cells: _Cells, amplitude: float, noise: float) -> _Cells:
    """Return the cells with every interval replaced by its equivalent value and variance.

    The interval bounds the reported value, so the covariance includes the assay's noise.
    """
    hidden = cells.is_censored
    if not bool(hidden.any()):
        return cells
    gram = amplitude * _covariance(kernel, cells.features) + torch.diag(cells.known + noise + JITTER)
    factor = torch.linalg.cholesky(gram[~hidden][:, ~hidden])
    half = torch.linalg.solve_triangular(factor, gram[~hidden][:, hidden], upper=False)
    mean = half.T @ torch.linalg.solve_triangular(factor, cells.targets[~hidden, None], upper=False).squeeze(-1)
    covariance = gram[hidden][:, hidden] - half.T @ half
    values, variances = interval_sites(mean, covariance, cells.lower[hidden], cells.upper[hidden])
    targets = cells.targets.masked_scatter(hidden, values)
    return replace(cells, targets=targets, known=cells.known.masked_scatter(hidden, cells.known[hidden] + variances))


def _learn(kernel: Kernel, cells: _Cells) -> tuple[float, float]:
    """Fit the kernel in place on cells that may be censored; return amplitude and learned noise variance."""
    if not bool(cells.is_censored.any()):
        return _fit_hyperparameters(kernel, cells)
    logs = (0.0, NOISE_PRIOR[0])
    for _ in range(ALTERNATIONS):
        amplitude, noise = _fit_hyperparameters(kernel, _with_sites(kernel, cells, *map(math.exp, logs)), logs)
        before, logs = logs, (math.log(amplitude), math.log(noise))
        if max(abs(now - then) for now, then in zip(logs, before, strict=True)) < SETTLED:
            break
    return amplitude, noise


@final
class FittedGaussianProcess(FittedProxy):
    """Conditioned processes, one per assay type; with `one_kernel` all share covariances."""

    def __init__(self, features: Tensor, processes: list[_Process], *, one_kernel: bool) -> None:
        self._features = features
        self._processes = processes
        self._one_kernel = one_kernel

    def _project(self, features: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return per type the standardised mean [N] and the root [N, n] of the variance reduction."""
        shared = _covariance(self._processes[0].kernel, features, self._features) if self._one_kernel else None
        answers = []
        for process in self._processes:
            if shared is not None:
                cross = shared[:, process.rows]
            else:
                cross = _covariance(process.kernel, features, self._features[process.rows])
            cross = process.amplitude * cross
            answers.append((cross @ process.weights, cross @ process.inverse.T))
        return answers

    @torch.no_grad()
    def posterior(self, features: Tensor) -> Posterior:
        """Return the marginal posterior [N, M]."""
        means, sds, noises = [], [], []
        for process, (mean, half) in zip(self._processes, self._project(features), strict=True):
            variance = process.amplitude * process.kernel(features, diag=True) - half.square().sum(dim=-1)
            means.append(process.location + process.scale * mean)
            sds.append(process.scale * variance.clamp_min(JITTER).sqrt())
            noises.append(torch.full_like(mean, process.scale * math.sqrt(process.noise)))
        return Posterior(torch.stack(means, dim=-1), torch.stack(sds, dim=-1), torch.stack(noises, dim=-1))

    def members(self, features: Tensor) -> Posterior:
        """Return quantile functions [K, N, M] of the process, from low to high."""
        return quantile_functions(self.posterior(features))

    def member_weights(self) -> Tensor:
        """Return the weights [K] of those functions."""
        return member_weights()

    @torch.no_grad()
    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """Return joint draws [n, N, M]; memory and time grow as N^2 and N^3."""
        draws = []
        for process, (mean, half) in zip(self._processes, self._project(features), strict=True):
            covariance = process.amplitude * _covariance(process.kernel, features) - half @ half.T
            factor = torch.linalg.cholesky(covariance + 10 * JITTER * torch.eye(len(mean), dtype=mean.dtype))
            normal = torch.randn(n, len(mean), generator=generator, dtype=mean.dtype)
            draws.append(process.location + process.scale * (mean + normal @ factor.T))
        return torch.stack(draws, dim=-1)

    @torch.no_grad()
    def covariance_with(self, anchors: Tensor) -> Callable[[Tensor], Tensor]:
        """Return the function from features [N, D] to posterior covariances [M, A, N] with anchors [A, D]."""
        halves = [half for _, half in self._project(anchors)]

        @torch.no_grad()
        def covariance(features: Tensor) -> Tensor:
            answers = []
            for process, known, (_, half) in zip(self._processes, halves, self._project(features), strict=True):
                prior = process.amplitude * _covariance(process.kernel, anchors, features)
                answers.append(process.scale**2 * (prior - known @ half.T))
            return torch.stack(answers)

        return covariance

    def leave_one_out(self, column: int) -> Tensor:
        """Return leave-one-out predictions [n] of the values of one type (R & W 2006, equation 5.12)."""
        process = self._processes[column]
        residual = process.weights / process.inverse.square().sum(dim=0)
        return (process.location + process.scale * (process.targets - residual))[~process.is_censored]

    def leave_one_out_deviation(self, column: int) -> Tensor:
        """Return the deviation [n] of each leave-one-out prediction of one type, noise included."""
        process = self._processes[column]
        return (process.scale * process.inverse.square().sum(dim=0).rsqrt())[~process.is_censored]


@final
class GaussianProcess(Proxy):
    """Learn with a fresh kernel per assay type."""

    minimum = 0
    maximum = 2000

    def __init__(self, kernel: Callable[[], Kernel]) -> None:
        self._kernel = kernel

    def fit(self, table: TrainingTable, *, seed: int) -> FittedGaussianProcess:
        """Return the conditioned processes; the seed samples rows for fitting hyperparameters."""
        typical = table.typical_noise()
        columns = [self._fit_column(table, column, float(typical[column]), seed) for column in range(len(table.types))]
        return FittedGaussianProcess(table.features, columns, one_kernel=_free(self._kernel()))

    def _fit_column(self, table: TrainingTable, column: int, typical_noise: float, seed: int) -> _Process:
        location, scale = (float(number[column]) for number in table.standard())
        rows = table.known[:, column].nonzero().squeeze(-1)
        values, lower, upper = (
            (cells[rows, column] - location) / scale for cells in (table.values, table.lower, table.upper)
        )
        known = torch.nan_to_num(table.noise[rows, column]) / scale**2
        hidden = table.censored[rows, column]
        known = known.masked_fill(hidden, typical_noise / scale**2)
        kernel = self._kernel().to(table.features)
        cells = _Cells(table.features[rows], values, known, lower, upper)
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed)).to(rows.device)
        amplitude, noise = _learn(kernel, cells.part(order[:ROWS_TO_FIT].sort().values))
        cells = _with_sites(kernel, cells, amplitude, noise)
        with torch.no_grad():
            gram = amplitude * _covariance(kernel, cells.features) + torch.diag(cells.known + noise + JITTER)
            identity = torch.eye(len(rows), dtype=gram.dtype, device=gram.device)
            inverse = torch.linalg.solve_triangular(torch.linalg.cholesky(gram), identity, upper=False)
        weights = inverse.T @ (inverse @ cells.targets)
        noise_of_one = noise + JITTER + typical_noise / scale**2
        return _Process(kernel, rows, location, scale, amplitude, noise_of_one, inverse, weights, cells.targets, hidden)


def build_proxy(kernel: Callable[[], Kernel]) -> GaussianProcess:
    """Return a fresh proxy with the domain's kernel."""
    return GaussianProcess(kernel)
