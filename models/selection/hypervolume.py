"""A batch by expected hypervolume improvement: sequential greedy, with earlier picks as pending.

With two objectives BoTorch's qLogNEHVI (arXiv:2310.20708 on arXiv:2105.08195) and with one its qLogNEI, over
a finite list. Its "model" looks up joint samples by index, so all kinds of proxies and targets work. With
three or more objectives, box decompositions leave time for few samples; along random directions
(arXiv:2006.04655) the same improvement is estimated with many, which chooses better batches in a fifth of the
time (docs/decisions/0039). With one objective and enough measured objects, LogEI
over the best expected value is used, which explores less. Knows samples of utilities, but no objectives by
name, proxies or domains. Letters: N candidates, M objectives, S draws, L directions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.acquisition.multi_objective import logei
from botorch.models.model import Model
from botorch.posteriors.ensemble import EnsemblePosterior
from botorch.sampling.base import MCSampler
from botorch.utils.multi_objective.hypervolume import infer_reference_point
from botorch.utils.multi_objective.pareto import is_non_dominated

from models.acquisition.improvement.gaussian import log_expected_improvement
from models.metrics.hypervolume import DirectionalHypervolume
from models.selection.contract import greedy_two_stage

if TYPE_CHECKING:
    from torch import Tensor

    from models.selection.contract import Candidates, JointUtilities, Limits, Pick, Purpose, SelectionRequest

LIST_LENGTH = 1000
"""Most candidates: the cost of joint samples grows with their cube."""
BOXED = 2
"""Most objectives with boxes."""
DIRECTIONS = 128
CHUNK = 32
LEAST_FEASIBILITY = 1e-4
LEAST_GAIN = 1e-9
LEAST_DEVIATION = 1e-9
ENOUGH = 50
"""Measured objects from which the incumbent of one objective has its expected value. With fewer, the
incumbent is sampled with every function, which explores more (both were compared:
docs/benchmarks/appendix.md)."""
LIKELY = 0.5
"""A pick counts as reached from this feasibility."""
MARGIN = 0.1
"""Distance of the reference point below the worst known utilities when there is no front."""


def least_length(n_objectives: int) -> int:
    """Return the number of candidates for a small batch; box decompositions of more cost minutes."""
    return 0 if n_objectives == BOXED else LIST_LENGTH


def n_draws(n_objectives: int) -> int:
    """Return the number of joint samples within the time limit."""
    return {1: 512, BOXED: 128}.get(n_objectives, 256)


def select(candidates: Candidates, request: SelectionRequest, limits: Limits) -> list[Pick]:
    """Return at most k distinct picks, those for improvement first.

    Joint samples already give two similar candidates little more value than one, so `diversity` only spreads
    the picks for uncertainty.

    Raises:
        ValueError: if there are no joint draws of utilities.
    """
    if candidates.utilities is None:
        raise ValueError("utilities: this selector needs joint draws of them")
    improvement = _improvement(candidates.utilities, candidates.feasibility)
    return select_by(improvement, candidates, request, limits)


def select_by(
    improvement: Improvement, candidates: Candidates, request: SelectionRequest, limits: Limits
) -> list[Pick]:
    """Return at most k distinct picks of the largest improvement, those for improvement first."""
    closeness = torch.zeros(len(candidates.values), dtype=candidates.similarity.dtype)

    def score(purpose: Purpose, utility: Tensor, eligible: Tensor) -> Tensor:
        if purpose == "exploit":
            return improvement.best(eligible)
        return (1 - request.diversity) * utility + request.diversity * (1 - closeness)

    def added(index: int) -> None:
        improvement.add(index)
        torch.maximum(closeness, candidates.similarity[index], out=closeness)

    return greedy_two_stage(candidates, request, limits, score, added, is_spread=False)


@final
class _LookUp(Model):
    """Looks up rows of joint samples [S, N, M] by index."""

    def __init__(self, draws: Tensor) -> None:
        super().__init__()
        self._draws = draws

    @property
    def num_outputs(self) -> int:
        """Number of objectives."""
        return int(self._draws.shape[-1])

    @property
    def batch_shape(self) -> torch.Size:
        """Always 1: a single model."""
        return torch.Size()

    def posterior(self, X: Tensor, *_: Any, **__: Any) -> EnsemblePosterior:  # noqa: N803 - BoTorch's name
        """Return the draws [..., S, q, M] of indices [..., q, 1]."""
        return EnsemblePosterior(self._draws[:, X.squeeze(-1).long()].movedim(0, -3))


@final
class _EveryDraw(MCSampler):
    """Takes each sample of the look-up once in a fixed order, so samples stay joint between calls."""

    def forward(self, posterior: EnsemblePosterior) -> Tensor:  # type: ignore[override] # only these are looked up
        """Return the draws [S, ..., q, M]."""
        return posterior.values.movedim(-3, 0)

    def _update_base_samples(self, *_: Any, **__: Any) -> None:
        """Do nothing: there are none."""


@final
class BoxedImprovement:
    """The log expected improvement [N] over measured, pending and picked objects.

    Improvement only decreases while the batch grows (submodularity), so an old value bounds the new one and
    only the largest are computed again (lazy greedy: Minoux, 1978).
    """

    def __init__(self, utilities: JointUtilities, feasibility: Tensor | None) -> None:
        reference = _reference(utilities.known)
        nothing = reference.expand(len(utilities.candidates), 1, -1)
        draws = torch.cat([utilities.candidates, _useful(utilities.known), nothing], dim=1)
        n = utilities.candidates.shape[1]
        self._acquisition = _acquisition(draws, n, reference)
        self._log_feasibility = _log_feasibility(feasibility, n)
        self._values = torch.full((n,), torch.inf, dtype=torch.float64)
        self._fresh = torch.zeros(n, dtype=torch.bool)
        self._picked: list[int] = []
        self._n_conditioned = 0

    def add(self, index: int) -> None:
        """Add a candidate as pending."""
        self._picked.append(index)
        self._fresh[:] = False

    @torch.no_grad()
    def best(self, eligible: Tensor) -> Tensor:
        """Return values [N] whose maximum over the eligible [N] is exact; others may be upper bounds."""
        if self._n_conditioned < len(self._picked):
            self._acquisition.set_X_pending(_rows(torch.tensor(self._picked)).squeeze(1))
            self._n_conditioned = len(self._picked)
        while True:
            order = self._values.masked_fill(~eligible, -torch.inf).argsort(descending=True, stable=True)
            if bool(self._fresh[order[0]]):
                return self._values
            rows = order[: int(eligible.sum())]
            rows = rows[~self._fresh[rows]][:CHUNK]
            self._values[rows] = self._acquisition(_rows(rows)).double() + self._log_feasibility[rows]
            self._fresh[rows] = True


@final
class FantasyImprovement:
    """The log expected improvement [N] of one utility over the best expected value, picks at their means.

    LogEI (arXiv:2310.20708) with a kriging believer (Ginsbourger et al., Computational Intelligence in
    Expensive Optimization Problems, 2010). Measured objects have their expected values (plug-in improvement:
    Picheny et al., Structural and Multidisciplinary Optimization 48, 2013). An incumbent sampled with every
    function would add its uncertainty to every improvement, and the batch would prefer uncertain to probably
    better candidates. Samples are conditioned on an object having its mean (Matheron's rule,
    arXiv:2002.09309). Improvements use the first two moments, so the smallest can be compared.
    """

    def __init__(self, utilities: JointUtilities, feasibility: Tensor | None) -> None:
        known, n = utilities.known.squeeze(-1), utilities.candidates.shape[1]
        self._best = known.mean(dim=0).amax()
        self._log_feasibility = _log_feasibility(feasibility, n)
        pending = known[:, known.shape[1] - utilities.n_pending :]
        drawn = torch.cat([utilities.candidates.squeeze(-1), pending], dim=1)
        self._mean = drawn.mean(dim=0)
        self._apart = drawn - self._mean  # [S, N + pending]
        for column in range(n, drawn.shape[1]):
            self._fantasise(column)
        self._mean, self._apart = self._mean[:n], self._apart[:, :n]

    def add(self, index: int) -> None:
        """Condition on a candidate having its expected value."""
        self._fantasise(index)
        if float(self._log_feasibility[index].exp()) >= LIKELY:
            self._best = torch.maximum(self._best, self._mean[index])

    def best(self, _: Tensor) -> Tensor:
        """Return values [N]."""
        deviation = self._apart.square().mean(dim=0).sqrt().clamp_min(LEAST_DEVIATION)
        return log_expected_improvement(self._mean, deviation, self._best) + self._log_feasibility

    def _fantasise(self, column: int) -> None:
        known = self._apart[:, column].clone()
        slope = known @ self._apart / known.square().sum().clamp_min(LEAST_DEVIATION**2)
        self._apart -= torch.outer(known, slope)


@final
class DirectedImprovement:
    """The log expected improvement [N] of the hypervolume, as a mean over directions from the reference.

    A hypervolume is c E_l max_y min_m (max(y_m - r_m, 0) / l_m)^M over directions l, uniform on the positive
    part of the sphere (Golovin & Zhang, arXiv:2006.04655, lemma 5): a candidate's contribution is cheap once
    each direction's maximum is stored.
    """

    def __init__(self, utilities: JointUtilities, feasibility: Tensor | None) -> None:
        volume = DirectionalHypervolume(_reference(utilities.known).numpy(), DIRECTIONS)
        self._reached = _volumes(volume, utilities.candidates)
        self._best = torch.zeros(len(utilities.candidates), DIRECTIONS)
        if utilities.known.shape[1] > 0:
            self._best = _volumes(volume, utilities.known).amax(dim=1)
        self._log_feasibility = _log_feasibility(feasibility, self._reached.shape[1])
        self._mean = utilities.candidates.mean(dim=(0, 2))

    def add(self, index: int) -> None:
        """Add a candidate as pending."""
        self._best = torch.maximum(self._best, self._reached[:, index])

    def best(self, _: Tensor) -> Tensor:
        """Return values [N]; without improvement, higher mean utilities get slightly higher values."""
        gains = (self._reached - self._best.unsqueeze(1)).clamp_min_(0.0).mean(dim=(0, 2)).double()
        return (gains + LEAST_GAIN).log() + LEAST_GAIN * self._mean + self._log_feasibility


Improvement = FantasyImprovement | BoxedImprovement | DirectedImprovement
"""The log expected improvement of every candidate over what is measured, pending and picked."""


def _improvement(utilities: JointUtilities, feasibility: Tensor | None) -> Improvement:
    """Return the improvement for the number of objectives."""
    n_objectives = utilities.candidates.shape[-1]
    if n_objectives == 1 and utilities.known.shape[1] - utilities.n_pending >= ENOUGH:
        return FantasyImprovement(utilities, feasibility)
    if n_objectives <= BOXED:
        return BoxedImprovement(utilities, feasibility)
    return DirectedImprovement(utilities, feasibility)


def _volumes(volume: DirectionalHypervolume, draws: Tensor) -> Tensor:
    """Return how much draws [S, R, M] dominate along each direction: volumes [S, R, L] (float32)."""
    n_objectives = draws.shape[-1]
    return torch.stack(
        [torch.from_numpy(volume.project(each.numpy()) ** n_objectives).float() for each in draws]
    )


def _log_feasibility(feasibility: Tensor | None, n: int) -> Tensor:
    if feasibility is None:
        return torch.zeros(n, dtype=torch.float64)
    return feasibility.to(torch.float64).clamp_min(LEAST_FEASIBILITY).log()


def _rows(index: Tensor) -> Tensor:
    """Return indices [B] as points [B, 1, 1]."""
    return index.to(torch.float64).reshape(-1, 1, 1)


def _acquisition(draws: Tensor, n: int, reference: Tensor) -> Any:
    """Return BoTorch's acquisition over the first `n` of the draws [S, N + R, M]; others are its baseline."""
    baseline = torch.arange(n, draws.shape[1], dtype=torch.float64).unsqueeze(-1)
    model, sampler = _LookUp(draws), _EveryDraw(torch.Size([len(draws)]))
    if draws.shape[-1] == 1:
        return qLogNoisyExpectedImprovement(model, baseline, sampler, prune_baseline=False, cache_root=False)
    # the C++ kernel would be compiled at first use on the worker's machine, for minutes
    logei._load_attempted = True  # noqa: SLF001 - there is no setting for it
    return logei.qLogNoisyExpectedHypervolumeImprovement(
        model, reference, baseline, sampler, prune_baseline=False, cache_root=False
    )


def _useful(known: Tensor) -> Tensor:
    """Return the known objects [S, R', M] that are on the front of at least one sample."""
    if known.shape[1] == 0:
        return known
    return known[:, is_non_dominated(known).any(dim=0)]


def _reference(known: Tensor) -> Tensor:
    """Return the reference point [M]: slightly below the worst of the known front."""
    mean = known.mean(dim=0)
    if len(mean) == 0:
        return torch.full((known.shape[-1],), -MARGIN, dtype=known.dtype)
    if known.shape[-1] == 1:
        return mean.amin(dim=0) - MARGIN
    return infer_reference_point(mean[is_non_dominated(mean)])
