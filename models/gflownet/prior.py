"""Priors: densities of objects beside the log-reward, and of the actions that build them.

The policy's target is prior(x) * R(x | c): the inverse temperature does not scale the prior, and ranking
uses the reward alone. A `LogPrior` is a function of final states and enters the log-reward. An `ActionPrior`
gives probabilities of actions: the policy learns what to change of them, and its target is the sum of their
products over the trajectories of an object, times the reward (relative trajectory balance, arXiv:2405.20971).
Letters: B objects or states, W state width, A forward actions, S sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, final

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.gflownet.environment import Environment
    from models.gflownet.prior_counts import BackoffTable

LEAST_HAZARD = 1e-6
"""Least probability to end, and to go on, at any size: an allowed action is never impossible."""


class LogPrior(Protocol):
    """The log-density of objects, the same for every condition; up to a constant, which only moves log Z."""

    def __call__(self, final_states: Tensor) -> Tensor:
        """Return finite log-densities [B] (float32) of final states [B, W]."""


class ActionPrior(Protocol):
    """Probabilities of actions before any reward, the same for every condition."""

    def __call__(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return log-probabilities [B, A] of the allowed actions in states [B, W], finite everywhere.

        They sum to 1 over the actions that `mask` [B, A] allows, and are 0 elsewhere.
        """


@final
class SizePrior:
    """A log-density that depends only on the size of an object.

    Args:
        environment: defines sizes.
        log_densities: of one object of each size, from size 0; larger objects have the last one.
    """

    def __init__(self, environment: Environment, log_densities: Sequence[float]) -> None:
        self._environment = environment
        self._table = torch.tensor(log_densities, dtype=torch.float32, device=environment.device)

    def __call__(self, final_states: Tensor) -> Tensor:
        """Return log-densities [B] of final states [B, W]."""
        return self._table[self._environment.size(final_states).clamp_max(len(self._table) - 1)]


@final
class AutoregressivePrior:
    """Probabilities of words by their contexts, of slots uniformly, and of ending an object by its size.

    Where the environment has an `ending_action`, an object of size l ends with probability w(l) / sum over
    l' >= l of w(l'), so that sizes have the weights w if every other size can still be reached.

    Args:
        environment: names the contexts.
        table: of the vocabulary actions by context; of all but the ending one if there are `ends`.
        ends: log-probabilities [2, S] to end and to go on at each size.
    """

    def __init__(self, environment: Environment, table: BackoffTable, ends: Tensor | None) -> None:
        self.table = table
        self.ends = ends
        self._environment = environment

    def with_sizes(self, weights: Mapping[int, float]) -> AutoregressivePrior:
        """Return the same prior with other weights of sizes, if it ends objects by them."""
        if self.ends is None:
            return self
        ends = end_log_probabilities(weights, self.ends.device)
        return AutoregressivePrior(self._environment, self.table, ends)

    def __call__(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return log-probabilities [B, A] of the allowed actions in states [B, W]; 0 elsewhere."""
        log_p = self.table.log_probabilities(self._environment.contexts(states))
        if self._environment.n_slots:
            log_p = torch.nn.functional.pad(log_p, (self._environment.n_slots, 0))  # all slots alike
        if self.ends is None:
            return _normalised(log_p, mask)
        ending = self._environment.ending_action
        assert ending is not None
        others = mask.clone()
        others[:, ending] = False
        can_end, can_go_on = mask[:, ending], others.any(dim=1)
        sizes = self._environment.open_size(states).clamp_max(self.ends.shape[1] - 1)
        end, go_on = self.ends[0, sizes], self.ends[1, sizes]
        log_p = _normalised(log_p, others)
        log_p = torch.where(others & can_end.unsqueeze(1), log_p + go_on.unsqueeze(1), log_p)
        log_p[:, ending] = torch.where(can_end & can_go_on, end, 0.0)
        return log_p


def _normalised(log_p: Tensor, mask: Tensor) -> Tensor:
    """Return log-probabilities [B, A] that sum to 1 over allowed actions; 0 elsewhere."""
    closed = mask.logical_not()
    normaliser = log_p.masked_fill(closed, -torch.inf).logsumexp(dim=1, keepdim=True)
    return (log_p - normaliser).masked_fill(closed, 0.0)


def end_log_probabilities(weights: Mapping[int, float], device: torch.device) -> Tensor:
    """Return log-probabilities [2, S] to end and to go on at each size, which give sizes these weights."""
    largest = max(weights, default=0)
    mass = torch.tensor([weights.get(size, 0.0) for size in range(largest + 1)], dtype=torch.float64)
    left = mass.flip(0).cumsum(0).flip(0)
    hazard = (mass / left.clamp_min(torch.finfo(mass.dtype).tiny)).clamp(LEAST_HAZARD, 1 - LEAST_HAZARD)
    return torch.stack([hazard.log(), (-hazard).log1p()]).float().to(device)


def log_density(prior: ActionPrior, environment: Environment, final_states: Tensor) -> Tensor:
    """Return the log-density [B] of final states [B, W] in an environment with one way to each object."""
    total = torch.zeros(len(final_states), device=final_states.device)
    states, rows = final_states, torch.arange(len(final_states), device=final_states.device)
    while True:
        alive = environment.backward_mask(states).any(dim=1).nonzero().squeeze(1)
        if not len(alive):
            return total
        states, rows = states[alive], rows[alive]
        states, actions = environment.backward_step_with_forward(states, torch.zeros_like(rows))
        log_p = prior(states, environment.forward_mask(states))
        total[rows] += log_p.gather(1, actions.unsqueeze(1)).squeeze(1)
