"""One exact Gaussian process over several assay types, for a sparse type correlated with a rich one.

The intrinsic model of coregionalisation: cov(f_s(x), f_t(z)) = B[s, t] k(x, z), with the domain's kernel k
and a task matrix B = W W' + diag(v) of low rank and a diagonal (Bonilla, Chai & Williams, NIPS 2007;
Rasmussen & Williams 2006, section 9.1). Each type has its own noise beside known variances. Its mean has an
unknown offset from the sample mean, because a sparse type may have been measured on unusual objects. Censored
values enter as in the single process. Letters: N objects, M types, C cells (one object and one type each).
Knows no domain and no objective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch

from models.proxies.contract import FittedProxy, Posterior
from models.proxies.expectation_propagation import interval_sites
from models.proxies.gaussian_process import IMPOSSIBLE, ITERATIONS, JITTER, NOISE_PRIOR, ROWS_TO_FIT
from models.proxies.model_selection import JointProxy
from models.proxies.quantile_functions import member_weights, quantile_functions

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpytorch.kernels import Kernel
    from torch import Tensor

    from models.proxies.contract import TrainingTable

ORDER = 2
"""Its rank among the candidate proxies: the first serves types with too few results to compare."""
MOST_CELLS = 2000
"""Most values of all types together for an exact process."""
SHARED_OBJECTS = 5
"""Fewest objects measured in both of two types for estimating their correlation."""
MOST_RANK = 2
OFFSET = 0.1
"""Prior variance of a type's mean about its sample mean, in standardised units."""
START = (0.8, 0.36)
"""Initial size of a type's row of W, and of its own part v."""
LOG_LIMITS = (-12.0, 4.0)
ROUNDS_WITH_SITES = 2
"""Alternations of fitting hyperparameters and replacing intervals by equivalent values."""


@final
@dataclass(frozen=True, slots=True)
class _Cells:
    """Known cells [C]: object and type index, standardised value (NaN if censored), noise, bounds."""

    rows: Tensor
    tasks: Tensor
    targets: Tensor
    known: Tensor
    lower: Tensor
    upper: Tensor

    def part(self, index: Tensor) -> _Cells:
        fields = (self.rows, self.tasks, self.targets, self.known, self.lower, self.upper)
        return _Cells(*(column[index] for column in fields))


@final
class _Model:
    """Hyperparameters: `factors` W [M, R], logs of own part v [M] and noise [M], and the kernel's."""

    def __init__(self, kernel: Kernel, correlation: Tensor) -> None:
        m = len(correlation)
        self.kernel = kernel
        sizes, axes = torch.linalg.eigh(correlation)
        leading = (axes * sizes.clamp_min(0).sqrt())[:, -min(MOST_RANK, m - 1) or m :]  # [M, R]
        leading = leading / leading.norm(dim=1, keepdim=True).clamp_min(1e-3) * START[0]
        # L-BFGS flattens parameters by `view`, which takes contiguous ones only; columns of a matrix are not.
        self.factors = leading.contiguous().clone().requires_grad_()
        self.log_own = torch.full((m,), math.log(START[1]), dtype=torch.float64).to(correlation).requires_grad_()
        self.log_noise = torch.full_like(self.log_own, NOISE_PRIOR[0]).requires_grad_()

    def parameters(self) -> list[Tensor]:
        own = [self.factors, self.log_own, self.log_noise]
        return [*own, *(p for p in self.kernel.parameters() if p.requires_grad)]

    def task_matrix(self) -> Tensor:
        """Return B [M, M]."""
        matrix: Tensor = self.factors @ self.factors.T + torch.diag(self.log_own.clamp(*LOG_LIMITS).exp())
        return matrix

    def noise(self) -> Tensor:
        """Return the learned noise variance of each type [M]."""
        return self.log_noise.clamp(*LOG_LIMITS).exp()

    def log_prior(self) -> Tensor:
        density: Tensor = -0.5 * self.task_matrix().diagonal().log().square().sum()
        density = density - 0.5 * ((self.log_noise - NOISE_PRIOR[0]) / NOISE_PRIOR[1]).square().sum()
        density = density - 0.5 * self.factors.square().sum()
        for _, module, prior, closure, _ in self.kernel.named_priors():
            density = density + prior.log_prob(closure(module)).sum()
        return density

    def covariance(self, gram: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """Return covariances of functions from those of objects [A, C], given the types [A] and [C]."""
        same: Tensor = (left.unsqueeze(-1) == right).to(gram)
        return gram * self.task_matrix()[left][:, right] + OFFSET * same

    def observed(self, gram: Tensor, cells: _Cells) -> Tensor:
        """Return the covariance of the reported values in cells [C, C], from that of their objects."""
        noise = cells.known + self.noise()[cells.tasks] + JITTER
        return self.covariance(gram, cells.tasks, cells.tasks) + torch.diag(noise)


def _gram(kernel: Kernel, left: Tensor, right: Tensor | None = None) -> Tensor:
    gram: Tensor = (kernel(left) if right is None else kernel(left, right)).to_dense()
    return gram


def _correlation(standard: Tensor) -> Tensor:
    """Return correlations of types [M, M] where both were measured [N, M]; a small default elsewhere."""
    m = standard.shape[1]
    matrix = torch.eye(m).to(standard)
    for i in range(m):
        for j in range(i):
            both = ~(standard[:, i] * standard[:, j]).isnan()
            product = float((standard[both, i] * standard[both, j]).mean()) if int(both.sum()) > 1 else 0.0
            matrix[i, j] = matrix[j, i] = max(min(product, 0.95), -0.95) or 0.1
    return matrix


def _fit(model: _Model, features: Tensor, cells: _Cells) -> None:
    """Maximise the marginal likelihood of uncensored cells with weak priors, in place."""
    used, indices = cells.rows.unique(return_inverse=True)  # type: ignore[no-untyped-call] # torch leaves it untyped
    inputs, parameters = features[used], model.parameters()
    is_free = not any(parameter.requires_grad for parameter in model.kernel.parameters())
    fixed = _gram(model.kernel, inputs).detach() if is_free else None
    optimiser = torch.optim.LBFGS(parameters, max_iter=ITERATIONS, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        gram = fixed if fixed is not None else _gram(model.kernel, inputs)
        factor, failed = torch.linalg.cholesky_ex(model.observed(gram[indices][:, indices], cells))
        if bool(failed) or not bool(factor.isfinite().all()):
            for parameter in parameters:
                parameter.grad = torch.zeros_like(parameter)
            return gram.new_tensor(IMPOSSIBLE)
        whitened = torch.linalg.solve_triangular(factor, cells.targets.unsqueeze(-1), upper=False)
        value: Tensor = 0.5 * whitened.square().sum() + factor.diagonal().log().sum() - model.log_prior()
        value = value / len(cells.targets)
        value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call] # torch leaves it untyped


@torch.no_grad()
def _with_sites(model: _Model, features: Tensor, cells: _Cells) -> _Cells:
    """Return the cells with every interval replaced by its equivalent value and variance."""
    hidden = cells.targets.isnan()
    if not bool(hidden.any()):
        return cells
    used, indices = cells.rows.unique(return_inverse=True)  # type: ignore[no-untyped-call] # torch leaves it untyped
    gram = model.observed(_gram(model.kernel, features[used])[indices][:, indices], cells)
    factor = torch.linalg.cholesky(gram[~hidden][:, ~hidden])
    half = torch.linalg.solve_triangular(factor, gram[~hidden][:, hidden], upper=False)
    white = torch.linalg.solve_triangular(factor, cells.targets[~hidden, None], upper=False)
    covariance = gram[hidden][:, hidden] - half.T @ half
    values, variances = interval_sites((half.T @ white)[:, 0], covariance, cells.lower[hidden], cells.upper[hidden])
    known = cells.known.masked_scatter(hidden, cells.known[hidden] + variances)
    return replace(cells, targets=cells.targets.masked_scatter(hidden, values), known=known)


@final
class FittedMultiTaskGaussianProcess(FittedProxy):
    """The conditioned process: `inverse` [C, C] of the lower Cholesky factor of the cells' covariance."""

    def __init__(self, model: _Model, features: Tensor, cells: _Cells, standard: tuple[Tensor, Tensor, Tensor]) -> None:
        self._model = model
        self._features = features
        self._cells = cells
        self._location, self._scale, self._noise = standard
        with torch.no_grad():
            gram = model.observed(_gram(model.kernel, features)[cells.rows][:, cells.rows], cells)
            identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
            self._inverse = torch.linalg.solve_triangular(torch.linalg.cholesky(gram), identity, upper=False)
        self._weights = self._inverse.T @ (self._inverse @ cells.targets)

    @torch.no_grad()
    def task_matrix(self) -> Tensor:
        """Return the learned covariance of types [M, M], in standardised units."""
        return self._model.task_matrix()

    @torch.no_grad()
    def _cross(self, features: Tensor) -> list[Tensor]:
        """Return the covariance [N, C] of each type with the cells."""
        gram = _gram(self._model.kernel, features, self._features)[:, self._cells.rows]
        tasks = torch.arange(len(self._location), device=features.device)
        return [self._model.covariance(gram, task.expand(len(features)), self._cells.tasks) for task in tasks]

    @torch.no_grad()
    def posterior(self, features: Tensor) -> Posterior:
        """Return the marginal posterior [N, M]."""
        prior = self._model.task_matrix().diagonal() * self._model.kernel(features, diag=True).unsqueeze(-1) + OFFSET
        cross = self._cross(features)
        mean = torch.stack([part @ self._weights for part in cross], dim=-1)
        explained = torch.stack([(part @ self._inverse.T).square().sum(dim=-1) for part in cross], dim=-1)
        sd = (prior - explained).clamp_min(JITTER).sqrt()
        noise = (self._noise + self._model.noise() + JITTER).sqrt()
        return Posterior(self._location + self._scale * mean, self._scale * sd, (self._scale * noise).expand_as(mean))

    def members(self, features: Tensor) -> Posterior:
        """Return quantile functions [K, N, M] of the process, from low to high."""
        return quantile_functions(self.posterior(features))

    def member_weights(self) -> Tensor:
        """Return the weights [K] of those functions."""
        return member_weights()

    @torch.no_grad()
    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """Return draws [n, N, M], joint over objects and types; time grows as (N M)^3."""
        n_objects, m = len(features), len(self._location)
        tasks = torch.arange(m, device=features.device).repeat_interleave(n_objects)
        gram = _gram(self._model.kernel, features).repeat(m, m)
        cross = torch.cat(self._cross(features))  # [M * N, C]
        half = cross @ self._inverse.T
        covariance = self._model.covariance(gram, tasks, tasks) - half @ half.T
        factor = torch.linalg.cholesky(covariance + 10 * JITTER * torch.eye(len(tasks)).to(covariance))
        normal = torch.randn(n, len(tasks), generator=generator, dtype=covariance.dtype).to(covariance)
        draws = cross @ self._weights + normal @ factor.T
        values: Tensor = self._location + self._scale * draws.reshape(n, m, n_objects).transpose(1, 2)
        return values

    @torch.no_grad()
    def covariance_with(self, anchors: Tensor) -> Callable[[Tensor], Tensor]:
        """Return the function from features [N, D] to posterior covariances [M, A, N] with anchors [A, D].

        Covariances between types are not included.
        """
        variances = self._model.task_matrix().diagonal()
        halves = [cross @ self._inverse.T for cross in self._cross(anchors)]

        @torch.no_grad()
        def covariance(features: Tensor) -> Tensor:
            gram = _gram(self._model.kernel, anchors, features)
            pairs = zip(variances, halves, self._cross(features), self._scale, strict=True)
            answers = [
                scale**2 * (variance * gram + OFFSET - half @ (cross @ self._inverse.T).T)
                for variance, half, cross, scale in pairs
            ]
            return torch.stack(answers)

        return covariance


@final
class MultiTaskGaussianProcess(JointProxy):
    """Learn all types that share objects with another type, with one kernel."""

    minimum = 1
    maximum = None

    def __init__(self, kernel: Callable[[], Kernel]) -> None:
        self._kernel = kernel

    def columns(self, table: TrainingTable) -> list[int]:
        """Return the types that share objects with another; none with too many cells for an exact process."""
        known = table.known.to(torch.float64)
        shared = (known.T @ known).fill_diagonal_(0).amax(dim=1) if known.numel() else known.new_zeros(known.shape[1])
        joined = (shared >= SHARED_OBJECTS).nonzero().squeeze(-1).tolist()
        return joined if int(table.known[:, joined].sum()) <= MOST_CELLS else []

    def fit(self, table: TrainingTable, *, seed: int) -> FittedMultiTaskGaussianProcess:
        """Return the conditioned process.

        Hyperparameters are fitted on at most `ROWS_TO_FIT` cells, all of sparse types and of shared objects
        first.
        """
        table = table.rows(table.known.any(dim=1))
        location, scale = table.standard()
        typical = table.typical_noise() / scale.square()
        standard, lower, upper = ((cells - location) / scale for cells in (table.values, table.lower, table.upper))
        noise = torch.where(table.censored, typical, torch.nan_to_num(table.noise) / scale.square())
        rows, tasks = table.known.nonzero().unbind(dim=1)
        cells = _Cells(rows, tasks, *(column[rows, tasks] for column in (standard, noise, lower, upper)))
        model = _Model(self._kernel().to(table.features), _correlation(standard))
        few = cells.part(_balanced(table.known, rows, tasks, seed)[:ROWS_TO_FIT].sort().values)
        for _ in range(ROUNDS_WITH_SITES if bool(few.targets.isnan().any()) else 1):
            _fit(model, table.features, _with_sites(model, table.features, few))
        cells = _with_sites(model, table.features, cells)
        return FittedMultiTaskGaussianProcess(model, table.features, cells, (location, scale, typical))


def _balanced(known: Tensor, rows: Tensor, tasks: Tensor, seed: int) -> Tensor:
    """Return an order of cells [C] that takes the types in turn, each with its most shared objects first."""
    lot = torch.rand(len(known), generator=torch.Generator().manual_seed(seed)).to(known.device)
    priority = lot - known.sum(dim=1)  # [N]
    turn = torch.empty_like(rows)
    for task in range(known.shape[1]):
        own = (tasks == task).nonzero().squeeze(-1)
        turn[own[priority[rows[own]].argsort()]] = torch.arange(len(own), device=rows.device)
    return turn.argsort(stable=True)


def build_proxy(kernel: Callable[[], Kernel]) -> MultiTaskGaussianProcess:
    """Return a fresh proxy with the domain's kernel."""
    return MultiTaskGaussianProcess(kernel)
