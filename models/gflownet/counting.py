"""How many distinct objects of each size an environment can build: exact where it can be known, else estimated.

An environment that has counted is believed; a small one is listed; of any other the numbers are estimated from uniform
walks, which needs nothing of it but its masks. Knows no reward. Letters: B walks, W state width.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

import torch

from models.gflownet.exact import enumerate_space
from models.gflownet.sampler import Draws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from models.gflownet.environment import Environment

MOST_EDGES = 10_000
"""Edges in one layer of a space beyond which it is not listed."""
WALKS = 2_048
"""Walks between two looks at how well the numbers are known."""
MOST_WALKS = 8_192
PRECISE = 0.05
"""Relative standard error at which an estimate is good enough."""


@final
@dataclass(frozen=True, slots=True)
class Counts:
    """Size -> log of the number of distinct objects, and of estimates the standard error of that logarithm."""

    log_counts: Mapping[int, float]
    how: Literal["exact", "listed", "estimated"]
    errors: Mapping[int, float] = field(default_factory=dict)
    n_walks: int = 0

    def log_count(self, size: int) -> float:
        """Return the log of the number of objects of a size.

        No walk may have met a rare size: it lies on the line through the two nearest sizes that were met. Beyond the
        largest of them numbers grow less than that where limits tighten, so that a rare size is weighed rather too
        little than too much.
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
        ValueError: if not one of thousands of walks made an object.
    """
    exact = environment.log_counts()
    if exact is not None:
        return Counts(exact, "exact")
    try:
        final_states = enumerate_space(environment, MOST_EDGES).final_states
    except ValueError:
        return _estimated(environment, seed)
    is_object = _is_object(environment, final_states)
    sizes, counts = torch.unique(environment.size(final_states[is_object]), return_counts=True)
    return Counts(dict(zip(sizes.tolist(), counts.double().log().tolist(), strict=True)), "listed")


def _estimated(environment: Environment, seed: int) -> Counts:
    """Return estimates from uniform walks.

    For every object x, the expectation of P_B(tau | x) / P_F(tau) over walks tau that end in x is 1, so that the mean
    of this weight over all walks, 0 where they end in another size, is unbiased for the number of objects of a size.
    """
    generator = torch.Generator(device=environment.device).manual_seed(seed)
    sizes, log_weights, n_walks = torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.float64), 0
    counts = Counts({}, "estimated")
    while n_walks < MOST_WALKS and not (counts.errors and max(counts.errors.values()) <= PRECISE):
        final_states, weights = uniform_walks(environment, WALKS, generator)
        is_object = _is_object(environment, final_states)
        sizes = torch.cat([sizes, environment.size(final_states[is_object]).cpu()])
        log_weights = torch.cat([log_weights, weights[is_object].cpu()])
        n_walks += WALKS
        counts = _averaged(sizes, log_weights, n_walks)
    if not counts.log_counts:
        raise ValueError(f"not one of {n_walks} random walks made an object")
    return counts


def _averaged(sizes: Tensor, log_weights: Tensor, n_walks: int) -> Counts:
    """Return the means over all walks of the weights of each size; the errors are by the delta method."""
    log_counts, errors = {}, {}
    for size in torch.unique(sizes).tolist():
        log_mean = log_weights[sizes == size].logsumexp(dim=0) - math.log(n_walks)
        relative = torch.zeros(n_walks, dtype=torch.float64)
        found = (log_weights[sizes == size] - log_mean).exp()
        relative[: len(found)] = found
        log_counts[size], errors[size] = float(log_mean), float(relative.std()) / math.sqrt(n_walks)
    return Counts(log_counts, "estimated", errors, n_walks)


@torch.inference_mode()
def uniform_walks(environment: Environment, n: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return the final states [n, W] of uniformly random walks tau, and log P_B(tau | x) - log P_F(tau) [n] (float64).

    P_B is uniform over the ways back.
    """
    states = environment.reset(n)
    log_weights = torch.zeros(n, dtype=torch.float64, device=environment.device)
    rows, draws = torch.arange(n, device=environment.device), Draws(generator)
    while len(rows):
        mask = environment.forward_mask(states[rows])
        after = environment.step(states[rows], draws.draw(torch.zeros_like(mask, dtype=torch.float32), mask))
        ways_back = environment.backward_mask(after).sum(dim=1)
        log_weights[rows] += mask.sum(dim=1).double().log() - ways_back.double().log()
        states[rows] = after
        rows = rows[~environment.is_final(after)]
    return states, log_weights


def _is_object(environment: Environment, final_states: Tensor) -> Tensor:
    """Return which final states [B] stand for an object of their own."""
    return torch.tensor([bool(text) for text in environment.objects(final_states)], device=final_states.device)
