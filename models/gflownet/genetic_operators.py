"""Genetic operators on action sequences, in any environment: decompose, mutate, recombine and rebuild.

A state is decomposed at random into the forward actions that build it. A mutation replaces one action; a
crossover joins the start of one sequence to the end of another. Actions that are no longer allowed are
skipped, and an unfinished state is completed at random. On strings these are point substitution and one-point
crossover. What is random follows a prior over actions, if there is one. Knows no reward. Letters: B states, T
steps, W state width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.gflownet.sampler import sample_actions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Generator, Tensor

    from models.gflownet.environment import Environment
    from models.gflownet.prior import ActionPrior

NONE = -1
"""Padding in place of an action: nothing happens."""
FRESH = -2
"""In place of an action that is to be drawn from the prior."""
CROSSOVER = 0.7
MUTATION = 0.02
"""Probability that a further action of a child is replaced, beside the one that is always replaced."""


def decompose(environment: Environment, states: Tensor, generator: Generator) -> Tensor:
    """Return the actions [B, T] of one random way to build each of the final states [B, W].

    Followed from the initial state, they lead to states equal to these. A state that is built forward may
    number its slots otherwise than one that is reached backward; the actions point at the former.
    """
    steps: list[tuple[Tensor, Tensor]] = []  # actions, and keys of the states after them
    while bool((rows := environment.backward_mask(states).any(dim=1)).any()):
        open_rows = rows.nonzero().squeeze(1)
        mask = environment.backward_mask(states[open_rows])
        parents, forward = environment.backward_step_with_forward(
            states[open_rows], sample_actions(_even(mask), generator)
        )
        keys, states = environment.key(states), states.index_copy(0, open_rows, parents)
        nothing = torch.full((len(states),), NONE, device=states.device)
        steps.append((nothing.index_copy(0, open_rows, forward), keys))
    if not steps:
        return torch.empty(len(states), 0, dtype=torch.int64, device=states.device)
    columns = (
        _renumbered(environment, states, steps[::-1]) if environment.n_slots else [a for a, _ in steps[::-1]]
    )
    actions = torch.stack(columns, dim=1)
    return actions.gather(1, (actions < 0).long().argsort(dim=1, stable=True))  # padded at the end


def _renumbered(
    environment: Environment, states: Tensor, steps: Sequence[tuple[Tensor, Tensor]]
) -> list[Tensor]:
    """Return the actions [B] of each step, as they are numbered in walks from the initial states [B, W].

    Args:
        environment: with slots.
        states: initial ones.
        steps: in forward order, actions [B] in states equal to those of the walk, and the keys [B] of the
            states after them.
    """
    columns = []
    for actions, keys in steps:
        rows = (actions >= 0).nonzero().squeeze(1)
        renumbered, after = _equal_step(environment, states[rows], actions[rows], keys[rows])
        states = states.index_copy(0, rows, after)
        columns.append(actions.index_copy(0, rows, renumbered))
    return columns


def _equal_step(
    environment: Environment, states: Tensor, actions: Tensor, keys: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the actions [n] that lead from states [n, W] to those of `keys` [n], and the latter [n, W].

    The given actions are tried first; only one that points at a slot can be another.
    """
    mask = environment.forward_mask(states)
    possible = mask.gather(1, actions.unsqueeze(1)).squeeze(1)
    first = torch.where(possible, actions, mask.long().argmax(dim=1))
    after = environment.step(states, first)
    wrong = (environment.key(after) != keys).nonzero().squeeze(1)
    if len(wrong):
        row, slot = mask[wrong, : environment.n_slots].nonzero(as_tuple=True)
        tried = environment.step(states[wrong[row]], slot)
        fits = (environment.key(tried) == keys[wrong[row]]).nonzero().squeeze(1)
        found = wrong[row[fits]]
        first = first.index_copy(0, found, slot[fits])
        after = after.index_copy(0, found, tried[fits])
    return first, after


def build(environment: Environment, actions: Tensor, generator: Generator) -> Tensor:
    """Return the final states [B, W] that actions [B, T] lead to, completed at random."""
    states = environment.reset(len(actions))
    for chosen in actions.unbind(dim=1):
        mask = environment.forward_mask(states)
        possible = (chosen >= 0) & mask.gather(1, chosen.clamp_min(0).unsqueeze(1)).squeeze(1)
        rows = possible.nonzero().squeeze(1)
        if len(rows):
            states = states.index_copy(0, rows, environment.step(states[rows], chosen[rows]))
    return complete(environment, states, generator)


def build_by_prior(
    environment: Environment, actions: Tensor, prior: ActionPrior, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Return the final states [B, W] that actions [B, T] lead to, and the log-prior [B] of the way there.

    `FRESH` actions and those that complete a state are drawn from the prior.
    """
    states = environment.reset(len(actions))
    log_p = torch.zeros(len(actions), device=states.device)
    fresh = torch.full((len(actions),), FRESH, device=states.device)
    steps = iter(actions.unbind(dim=1))
    while bool((walking := ~environment.is_final(states)).any()):
        chosen = next(steps, fresh)
        rows = (walking & (chosen != NONE)).nonzero().squeeze(1)
        if not len(rows):
            continue
        mask = environment.forward_mask(states[rows])
        log_prior, requested = prior(states[rows], mask), chosen[rows]
        drawn = sample_actions(log_prior.masked_fill(~mask, -torch.inf), generator)
        taken = torch.where(requested == FRESH, drawn, requested)
        is_possible = mask.gather(1, taken.unsqueeze(1)).squeeze(1)
        rows, taken, log_prior = rows[is_possible], taken[is_possible], log_prior[is_possible]
        if len(rows):
            log_p[rows] += log_prior.gather(1, taken.unsqueeze(1)).squeeze(1)
            states = states.index_copy(0, rows, environment.step(states[rows], taken))
    return states, log_p


def step_log_priors(environment: Environment, actions: Tensor, prior: ActionPrior) -> Tensor:
    """Return the log-prior [B, T] of each of the actions [B, T] that build an object; 0 after the last."""
    states = environment.reset(len(actions))
    log_p = torch.zeros(actions.shape, device=states.device)
    for step, chosen in enumerate(actions.unbind(dim=1)):
        rows = (chosen != NONE).nonzero().squeeze(1)
        here, taken = states[rows], chosen[rows]
        of_actions = prior(here, environment.forward_mask(here))
        log_p[rows, step] = of_actions.gather(1, taken.unsqueeze(1)).squeeze(1)
        states = states.index_copy(0, rows, environment.step(here, taken))
    return log_p


def complete(
    environment: Environment, states: Tensor, generator: Generator, prior: ActionPrior | None = None
) -> Tensor:
    """Return final states [B, W] reached from states [B, W] by random actions: uniform, or of a prior."""
    while bool((walking := ~environment.is_final(states)).any()):
        rows = walking.nonzero().squeeze(1)
        mask = environment.forward_mask(states[rows])
        logits = _even(mask) if prior is None else prior(states[rows], mask).masked_fill(~mask, -torch.inf)
        chosen = sample_actions(logits, generator)
        states = states.index_copy(0, rows, environment.step(states[rows], chosen))
    return states


def mutate(actions: Tensor, n_actions: int | None, rate: float, generator: Generator) -> Tensor:
    """Return actions [B, T] of which one per row, and any other with probability `rate`, is drawn anew.

    Without a number of actions they are left `FRESH`.
    """
    n, length = actions.shape
    if length == 0:
        return actions
    device = actions.device
    lengths = (actions >= 0).sum(dim=1).clamp_min(1)
    index = (torch.rand(n, generator=generator, device=device) * lengths).long()
    is_changed = torch.rand(n, length, generator=generator, device=device) < rate
    is_changed[torch.arange(n, device=device), index.clamp_max(length - 1)] = True
    if n_actions is None:
        return actions.masked_fill(is_changed & (actions >= 0), FRESH)
    fresh = torch.randint(n_actions, (n, length), generator=generator, device=device)
    return torch.where(is_changed & (actions >= 0), fresh, actions)


def crossover(left: Tensor, right: Tensor, generator: Generator) -> Tensor:
    """Return actions [B, T] that start as `left` [B, T] and continue as `right` [B, T] from a random step."""
    n, length = left.shape
    cut = torch.randint(length + 1, (n, 1), generator=generator, device=left.device)
    return torch.where(torch.arange(length, device=left.device).unsqueeze(0) < cut, left, right)


def breed(actions: Tensor, n_actions: int | None, generator: Generator) -> Tensor:
    """Return the children's actions [B, T]: the first half of parents [2 B, T] crossed with the second.

    Without a number of actions, mutated ones are left `FRESH`.
    """
    half = len(actions) // 2
    left, right = actions[:half], actions[half : 2 * half]
    is_crossed = torch.rand(half, 1, generator=generator, device=actions.device) < CROSSOVER
    return mutate(
        torch.where(is_crossed, crossover(left, right, generator), left), n_actions, MUTATION, generator
    )


def _even(mask: Tensor) -> Tensor:
    return torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, -torch.inf)
