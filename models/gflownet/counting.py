"""How many distinct objects of each size an environment can build: exact where possible, else estimated.

An environment's own count is used if it has one, and a small space is enumerated. Otherwise the numbers are
estimated from uniform random rollouts, which need only its masks. Knows no reward. Letters: B final states, n
walkers, W state width.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

import numpy as np
import torch

from models.gflownet.exact import enumerate_space
from models.gflownet.sampler import GumbelSampler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Generator, Tensor

    from models.gflownet.environment import Environment

MOST_EDGES = 10_000
"""Edges in one layer of a space beyond which it is not enumerated."""
WALKERS = 1_024
LEAST_RUNS, MOST_RUNS = 4, 8
"""Independent estimates, each from `WALKERS` rollouts."""
PRECISE = 0.1
"""Relative standard error at which no further estimate is made."""


@final
@dataclass(frozen=True, slots=True)
class Counts:
    """Size -> log of the number of distinct objects; `errors` are standard errors of estimated logarithms."""

    log_counts: Mapping[int, float]
    how: Literal["exact", "listed", "estimated"]
    errors: Mapping[int, float] = field(default_factory=dict)
    n_walks: int = 0

    def log_count(self, size: int) -> float:
        """Return the log of the number of objects of a size.

        A rare size that no rollout reached is extrapolated linearly from the two nearest sizes. Beyond the
        largest size reached, limits slow the growth, so a rare size is rather weighted too little than too
        much.
        """
        known = self.log_counts.get(size)
        if known is not None:
            return known
        sizes = sorted(self.log_counts)
        if len(sizes) == 1:
            return self.log_counts[sizes[0]]
        left = min(max(bisect_left(sizes, size) - 1, 0), len(sizes) - 2)
        low, high = sizes[left], sizes[left + 1]
        slope = (self.log_counts[high] - self.log_counts[low]) / (high - low)
        return self.log_counts[low] + slope * (size - low)


def count_objects(environment: Environment, seed: int) -> Counts:
    """Return how many distinct objects there are of each size that occurs.

    Raises:
        ValueError: if none of thousands of rollouts made an object.
    """
    exact = environment.log_counts()
    if exact is not None:
        return Counts(exact, "exact")
    try:
        final_states = enumerate_space(environment, MOST_EDGES).final_states
    except ValueError:
        return _estimated(environment, seed)
    nothing = torch.zeros(len(final_states), dtype=torch.float64, device=final_states.device)
    return Counts(_by_size(environment, final_states, nothing), "listed")


def _estimated(environment: Environment, seed: int) -> Counts:
    """Return the means of independent estimates, with errors by the delta method."""
    generator = torch.Generator(device=environment.device).manual_seed(seed)
    runs = [walked_counts(environment, WALKERS, generator) for _ in range(LEAST_RUNS)]
    counts = _averaged(runs)
    while len(runs) < MOST_RUNS and max(counts.errors.values(), default=math.inf) > PRECISE:
        runs.append(walked_counts(environment, WALKERS, generator))
        counts = _averaged(runs)
    if not counts.log_counts:
        raise ValueError(f"none of {counts.n_walks} random rollouts made an object")
    return counts


def _averaged(runs: Sequence[Mapping[int, float]]) -> Counts:
    n, log_counts, errors = len(runs), {}, {}
    for size in sorted(set().union(*runs)):
        log_totals = torch.tensor([run.get(size, -math.inf) for run in runs], dtype=torch.float64)
        log_counts[size] = float(log_totals.logsumexp(dim=0)) - math.log(n)
        errors[size] = float((log_totals - log_counts[size]).exp().std()) / math.sqrt(n)
    return Counts(log_counts, "estimated", errors, n * WALKERS)


@torch.inference_mode()
def walked_counts(environment: Environment, n: int, generator: Generator) -> dict[int, float]:
    """Return unbiased estimates of the numbers of objects, as logarithms by size, from n rollouts.

    For every object x, the expectation of P_B(tau | x) / P_F(tau) over uniform walks tau that end in x is 1,
    so that the mean of this weight over all walks, 0 where they end in another size, is the number of objects
    of a size. After each step the unfinished walkers are resampled by their weights. This keeps the estimate
    unbiased and reaches sizes at which uniform walks rarely end (Gordon, Salmond & Smith, IEE Proceedings F
    140, 1993). P_B is uniform over backward actions.
    """
    states, log_mass = environment.reset(n), 0.0
    log_totals: dict[int, float] = {}
    draws = GumbelSampler(generator)
    while len(states):
        mask = environment.forward_mask(states)
        after = environment.step(states, draws.draw(torch.zeros_like(mask, dtype=torch.float32), mask))
        log_weights = (
            mask.sum(dim=1).double().log() - environment.backward_mask(after).sum(dim=1).double().log()
        )
        log_weights += log_mass - math.log(n)
        is_final = environment.is_final(after)
        for size, weight in _by_size(environment, after[is_final], log_weights[is_final]).items():
            log_totals[size] = float(np.logaddexp(log_totals.get(size, -math.inf), weight))
        states, log_weights = after[~is_final], log_weights[~is_final]
        if len(states):
            log_mass = float(log_weights.logsumexp(dim=0))
            states = states[_resampled(log_weights, n, generator)]
    return log_totals


def _resampled(log_weights: Tensor, n: int, generator: Generator) -> Tensor:
    """Return n rows, each as often as its share of the weights says, up to one (systematic resampling)."""
    edges = log_weights.softmax(dim=0).cumsum(dim=0)
    start = torch.rand(1, generator=generator, device=edges.device, dtype=torch.float64)
    positions = (torch.arange(n, device=edges.device) + start) / n
    return torch.searchsorted(edges, positions).clamp_max(len(edges) - 1)


def _by_size(environment: Environment, final_states: Tensor, log_weights: Tensor) -> dict[int, float]:
    """Return the log of the summed weights [B] of the final states [B, W] that are objects, by size.

    Each of several final states of one object has an equal share of it, also where their sizes differ.
    """
    is_object = _is_object(environment, final_states)
    final_states = final_states[is_object]
    sizes = environment.size(final_states)
    log_weights = log_weights[is_object] - environment.log_multiplicity(final_states)
    return {size: float(log_weights[sizes == size].logsumexp(dim=0)) for size in torch.unique(sizes).tolist()}


def _is_object(environment: Environment, final_states: Tensor) -> Tensor:
    """Return which final states [B] represent an object."""
    named = [bool(text) for text in environment.objects(final_states)]
    return torch.tensor(named, dtype=torch.bool, device=final_states.device)
