"""The probability that an object can be made and measured, learned from results and failures.

A Gaussian process regresses the outcomes (0-1, between them where attempts disagree or only an assay failed)
and a logistic curve calibrates its leave-one-out predictions: the least-squares classifier with Platt's
post-processing of Rasmussen & Williams 2006, section 6.5.3. Far from any outcome the prediction is close to
the base rate. Where single parts make any object fail, a noisy OR predicts held-out outcomes better and
replaces the process. Knows feature rows and a kernel, but no cost of a failure.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch

from models.proxies.contract import TrainingTable
from models.proxies.gaussian_process import FittedGaussianProcess, GaussianProcess
from models.proxies.noisy_or import NoisyOr, fit_noisy_or

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpytorch.kernels import Kernel
    from torch import Tensor

SLOPE_PRIOR = (2.0, 2.0)
"""Prior mean and deviation of the logistic slope; it keeps the slope modest with few failures."""
CERTAIN = 1e-3
"""Predicted probabilities stay this far from 0 and 1."""
FOLDS = 5


def _calibrate(scores: Tensor, outcomes: Tensor) -> tuple[float, float]:
    """Return slope and offset of the logistic curve that fits outcomes [N] to standardised scores [N]."""
    base = outcomes.mean().clamp(0.01, 0.99)
    line = torch.stack([torch.zeros_like(base), base.logit()]).requires_grad_()
    optimiser = torch.optim.LBFGS([line], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        unlikely = torch.nn.functional.binary_cross_entropy_with_logits(
            line[0] * scores + line[1], outcomes, reduction="sum"
        )
        value = unlikely + 0.5 * ((line[0] - SLOPE_PRIOR[0]) / SLOPE_PRIOR[1]).square()
        value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call] # torch leaves it untyped
    return float(line[0].detach().clamp_min(0.0)), float(line[1].detach())


@final
class Feasibility:
    """The trained model; with identical outcomes nothing is learned and the prediction is 1."""

    def __init__(
        self,
        process: FittedGaussianProcess | None,
        curve: tuple[float, float, float, float],
        parts: NoisyOr | None = None,
        n_amounts: int | None = None,
    ) -> None:
        self._process = process
        self._parts, self._n_amounts = parts, n_amounts
        self._center, self._scale, self._slope, self._offset = curve

    @property
    def is_learned(self) -> bool:
        """Whether different outcomes were seen."""
        return self._process is not None

    def probability(self, features: Tensor) -> Tensor:
        """Return the probability of success [N] for features [N, D]."""
        if self._process is None:
            return torch.ones(len(features), dtype=features.dtype, device=features.device)
        if self._parts is not None:
            return self._parts.probability(features[:, : self._n_amounts]).clamp(CERTAIN, 1 - CERTAIN)
        score = (self._process.posterior(features).mean[:, 0] - self._center) / self._scale
        return torch.sigmoid(self._slope * score + self._offset).clamp(CERTAIN, 1 - CERTAIN)


def unlearned() -> Feasibility:
    """Return the model that always predicts 1."""
    return Feasibility(None, (0.0, 1.0, 0.0, 0.0))


def fit_feasibility(
    features: Tensor,
    outcomes: Tensor,
    kernel: Callable[[], Kernel],
    *,
    seed: int,
    n_amounts: int | None = None,
) -> Feasibility:
    """Return the model of outcomes [N] in 0-1 (see `dataset.feasible`) for features [N, D].

    Beyond the size limit of an exact process, a random subset of the outcomes is used. Single parts are
    sought among the first `n_amounts` columns: descriptors such as size belong to every object.
    """
    if len(outcomes) == 0 or bool((outcomes == outcomes[0]).all()):
        return unlearned()
    amounts = features[:, :n_amounts]
    parts = fit_noisy_or(amounts, outcomes)
    by_parts = _surprise(_held_out(amounts, outcomes, seed), outcomes)
    if len(outcomes) > GaussianProcess.maximum:
        kept = torch.randperm(len(outcomes), generator=torch.Generator().manual_seed(seed))[
            : GaussianProcess.maximum
        ]
        features, outcomes, by_parts = features[kept], outcomes[kept], by_parts[kept]
    values = outcomes.unsqueeze(-1)
    prior = torch.full((1,), 0.5, dtype=values.dtype)
    table = TrainingTable(("outcome",), features, values, torch.full_like(values, math.nan), prior, prior)
    process = GaussianProcess(kernel).fit(table, seed=seed)
    scores = process.leave_one_out(0)
    center, scale = float(scores.mean()), max(float(scores.std()), 1e-3)
    slope, offset = _calibrate((scores - center) / scale, outcomes)
    gain = _surprise(torch.sigmoid(slope * (scores - center) / scale + offset), outcomes) - by_parts
    better = parts if float(gain.mean()) > 0 else None
    return Feasibility(process, (center, scale, slope, offset), better, n_amounts)


def _held_out(features: Tensor, outcomes: Tensor, seed: int) -> Tensor:
    """Return held-out predictions [N] of noisy ORs fitted to the other folds."""
    fold = (
        torch.randperm(len(outcomes), generator=torch.Generator().manual_seed(seed)).to(features.device)
        % FOLDS
    )
    answers = torch.empty_like(outcomes)
    for number in range(min(FOLDS, len(outcomes))):
        hidden = fold == number
        answers[hidden] = fit_noisy_or(features[~hidden], outcomes[~hidden]).probability(features[hidden])
    return answers


def _surprise(probability: Tensor, outcomes: Tensor) -> Tensor:
    """Return the negative log-likelihood [N] of outcomes."""
    known = probability.clamp(CERTAIN, 1 - CERTAIN)
    return torch.nn.functional.binary_cross_entropy(known, outcomes, reduction="none")
