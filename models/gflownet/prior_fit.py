"""Fit an autoregressive prior to known objects: smoothed counts of the actions that build them.

How far contexts are believed is chosen by the likelihood of objects held out. Objects without structure get
no prior: a table must predict others better than uniform actions do. Knows no reward and no policy. Letters:
M objects, N transitions, W state width, V words, K contexts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch

from models.gflownet.prior import AutoregressivePrior, end_log_probabilities
from models.gflownet.prior_counts import count
from models.gflownet.sampler import sample_actions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from models.gflownet.common_choices import CommonChoices
    from models.gflownet.environment import Environment
    from models.gflownet.prior_counts import BackoffTable

LEAST_OBJECTS = 10
"""Objects below which nothing is learned of them."""
FOLDS = 5
COMMON_ORDER = 2
"""Least order with common counts, which know one context."""
MOST_VALIDATED = 2_000
"""Objects that the smoothing is chosen on."""
PULLS = (1.0, 4.0, 16.0, 64.0)
"""Weights of the coarser context that are tried."""


@final
@dataclass(frozen=True, slots=True)
class Choices:
    """The N transitions of M objects at which there was a choice of words.

    Words are the vocabulary actions, without the ending one where sizes decide about it. The choice among
    slots is left out: their numbers have no meaning that could be counted.
    """

    contexts: Tensor
    """[N, K]."""
    masks: Tensor
    """[N, V] (bool): the words that could be taken."""
    words: Tensor
    """[N]."""
    owner: Tensor
    """[N]: which object it belongs to."""

    def at(self, rows: Tensor) -> Choices:
        """Return some of the transitions."""
        return Choices(self.contexts[rows], self.masks[rows], self.words[rows], self.owner[rows])


@final
@dataclass(frozen=True, slots=True)
class FitRecord:
    """How a prior was chosen: mean log-probabilities per choice of objects that it was not fitted on."""

    n_objects: int
    order: int
    """0: uniform actions."""
    held_out: float | None = None
    uniform: float | None = None
    """The same of uniform actions."""

    @property
    def perplexity(self) -> float | None:
        """Equally probable actions that leave the same doubt as the prior."""
        return None if self.held_out is None else math.exp(-self.held_out)

    @property
    def uniform_perplexity(self) -> float | None:
        """The number of actions to choose from, as a geometric mean."""
        return None if self.uniform is None else math.exp(-self.uniform)


def fit_prior(
    environment: Environment,
    final_states: Tensor,
    sizes: Mapping[int, float],
    generator: Generator,
    common: CommonChoices | None = None,
) -> tuple[AutoregressivePrior | None, FitRecord]:
    """Return the prior of final states [M, W], or none, and how it was chosen.

    Args:
        environment: names contexts, and the action that ends an object where its size is known before.
        final_states: distinct known objects.
        sizes: weights of sizes; they decide when to end, where the environment knows sizes beforehand.
        generator: of the way back from each object.
        common: counts of other objects, which make a prior even without any that is known.
    """
    if len(final_states) < LEAST_OBJECTS and common is None:
        return None, FitRecord(len(final_states), 0)
    choices = walk_back(environment, final_states, generator)
    record, pull = FitRecord(len(final_states), 0), PULLS[1]
    if len(final_states) >= LEAST_OBJECTS:
        record, pull = _choose(choices, len(final_states), common)
    if record.order == 0 and common is None:
        return None, record
    if common is not None:
        record = replace(record, order=max(record.order, COMMON_ORDER))
    table = count(choices.contexts, choices.words, choices.masks.shape[1], record.order, pull, common)
    ends = None
    if environment.ending_action is not None:
        ends = end_log_probabilities(sizes, environment.device)
    return AutoregressivePrior(environment, table, ends), record


def walk_back(environment: Environment, final_states: Tensor, generator: Generator) -> Choices:
    """Return the choices on one random way to each of the final states [M, W]."""
    states, owner = final_states, torch.arange(len(final_states), device=final_states.device)
    parts: list[Choices] = []
    while True:
        back = environment.backward_mask(states)
        alive = back.any(dim=1).nonzero().squeeze(1)
        if not len(alive):
            break
        states, owner, back = states[alive], owner[alive], back[alive]
        logits = torch.zeros(back.shape, device=back.device).masked_fill(~back, -torch.inf)
        chosen = sample_actions(logits, generator)
        states, actions = environment.backward_step_with_forward(states, chosen)
        masks = environment.forward_mask(states)
        if environment.ending_action is not None:
            masks = masks.clone()
            masks[:, environment.ending_action] = False
        masks, words = masks[:, environment.n_slots :], actions - environment.n_slots
        is_word = (words >= 0) & masks.gather(1, words.clamp_min(0).unsqueeze(1)).squeeze(1)
        is_choice = is_word & (masks.sum(dim=1) > 1)
        parts.append(Choices(environment.contexts(states), masks, words, owner).at(is_choice))
    columns = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("contexts", "masks", "words", "owner")
    )
    return Choices(*columns)


def _choose(choices: Choices, n_objects: int, common: CommonChoices | None) -> tuple[FitRecord, float]:
    """Return the chosen order with its held-out likelihood, and the pull that goes with it.

    A higher order must be better by more than the standard error of the difference over objects.
    """
    objects = torch.arange(0, n_objects, max(1, -(-n_objects // MOST_VALIDATED)), device=choices.owner.device)
    kept = choices.at(torch.isin(choices.owner, objects))
    if not len(kept.words):
        return FitRecord(n_objects, 0), PULLS[0]
    n_choices = torch.bincount(kept.owner, minlength=n_objects)[objects]
    uniform = _per_object(-kept.masks.sum(dim=1).double().log(), kept, n_objects)[objects]
    total = int(n_choices.sum())
    best, order, pull = uniform, 0, PULLS[0]
    for candidate in range(1, 2 + choices.contexts.shape[1]):
        found = {tried: _held_out(kept, candidate, tried, n_objects, common)[objects] for tried in PULLS}
        tried = max(found, key=lambda item: float(found[item].sum()))
        gain = found[tried] - best
        if float(gain.mean()) > float(gain.std()) / math.sqrt(len(objects)):
            best, order, pull = found[tried], candidate, tried
    return FitRecord(n_objects, order, float(best.sum()) / total, float(uniform.sum()) / total), pull


def _held_out(
    choices: Choices, order: int, pull: float, n_objects: int, common: CommonChoices | None
) -> Tensor:
    """Return the log-probability of each object's choices [M] by tables counted on other objects."""
    rank = torch.unique(choices.owner, return_inverse=True)[1]
    n_words = choices.masks.shape[1]
    answers = torch.zeros(len(choices.words), dtype=torch.float64, device=choices.words.device)
    for fold in range(FOLDS):
        is_held_out = rank % FOLDS == fold
        rest = choices.at(~is_held_out)
        if not len(rest.words):
            continue
        table = count(rest.contexts, rest.words, n_words, order, pull, common)
        answers[is_held_out] = log_likelihood(table, choices.at(is_held_out))
    return _per_object(answers, choices, n_objects)


def log_likelihood(table: BackoffTable, choices: Choices) -> Tensor:
    """Return the log-probability [N] (float64) of each choice among the actions that could be taken."""
    log_p = table.log_probabilities(choices.contexts).double()
    log_p = log_p.masked_fill(~choices.masks, -torch.inf).log_softmax(dim=1)
    return log_p.gather(1, choices.words.unsqueeze(1)).squeeze(1)


def _per_object(values: Tensor, choices: Choices, n_objects: int) -> Tensor:
    return values.new_zeros(n_objects).index_add(0, choices.owner, values)
