"""Variation of objects for evolutionary baselines, in any domain: their building steps are mutated and recombined.

A parent is taken apart at random into the forward actions that build it. A mutation replaces one action, a crossover
continues one parent's beginning with another's end; an action that is not allowed any more is left out, and what is
unfinished in the end is finished at random. On strings these are point substitution and one-point crossover. Knows no
reward. Letters: B objects, T steps, W state width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from models.gflownet.sampler import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Generator, Tensor

    from models.domains.contract import Domain

    Breed = Callable[[Sequence[str], Generator], list[str]]
    """Makes up to N children of 2 N parents, the first half with the second; a child that is no object is empty."""

NONE = -1
"""In place of an action: nothing happens."""
CROSSOVER = 0.7
MUTATION = 0.02
"""Probability that a further action of a child is replaced, beside the one that always is."""


@final
class Builder:
    """Takes objects apart into actions and builds objects from actions."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self.environment = domain.environment([])

    def texts(self, states: Tensor) -> list[str]:
        """Return the object of each final state [B, W]; empty where it is none or breaks a rule of the domain."""
        texts = self.environment.objects(states)
        return [text if text and not self._domain.check(text) else "" for text in texts]

    def actions(self, texts: Sequence[str], generator: Generator) -> Tensor:
        """Return the actions [B, T] of one random way to build each object that the environment can represent."""
        states, known = self.environment.states(texts)
        states = states[known]
        steps: list[Tensor] = []
        while bool((rows := self.environment.backward_mask(states).any(dim=1)).any()):
            open_rows = rows.nonzero().squeeze(1)
            mask = self.environment.backward_mask(states[open_rows])
            chosen = draw(torch.zeros(mask.shape).masked_fill(~mask, -torch.inf), generator)
            parents, forward = self.environment.redo(states[open_rows], chosen)
            states = states.index_copy(0, open_rows, parents)
            steps.append(torch.full((len(states),), NONE).index_copy(0, open_rows, forward))
        if not steps:
            return torch.empty(len(states), 0, dtype=torch.int64)
        actions = torch.stack(steps[::-1], dim=1)
        return actions.gather(1, (actions < 0).long().argsort(dim=1, stable=True))  # padded at the end

    def build(self, actions: Tensor, generator: Generator) -> Tensor:
        """Return the final states [B, W] that actions [B, T] lead to, finished at random."""
        states = self.environment.reset(len(actions))
        for chosen in actions.unbind(dim=1):
            mask = self.environment.forward_mask(states)
            possible = (chosen >= 0) & mask.gather(1, chosen.clamp_min(0).unsqueeze(1)).squeeze(1)
            rows = possible.nonzero().squeeze(1)
            if len(rows):
                states = states.index_copy(0, rows, self.environment.step(states[rows], chosen[rows]))
        return self.complete(states, generator)

    def complete(self, states: Tensor, generator: Generator) -> Tensor:
        """Return final states [B, W] reached from states [B, W] by uniformly random actions."""
        while bool((walking := ~self.environment.is_final(states)).any()):
            rows = walking.nonzero().squeeze(1)
            mask = self.environment.forward_mask(states[rows])
            chosen = draw(torch.zeros(mask.shape).masked_fill(~mask, -torch.inf), generator)
            states = states.index_copy(0, rows, self.environment.step(states[rows], chosen))
        return states


def mutate(actions: Tensor, n_actions: int, rate: float, generator: Generator) -> Tensor:
    """Return actions [B, T] of which one per row, and any other with probability `rate`, is drawn anew."""
    n, length = actions.shape
    if length == 0:
        return actions
    lengths = (actions >= 0).sum(dim=1).clamp_min(1)
    place = (torch.rand(n, generator=generator) * lengths).long()
    is_changed = torch.rand(n, length, generator=generator) < rate
    is_changed[torch.arange(n), place.clamp_max(length - 1)] = True
    fresh = torch.randint(n_actions, (n, length), generator=generator)
    return torch.where(is_changed & (actions >= 0), fresh, actions)


def cross(left: Tensor, right: Tensor, generator: Generator) -> Tensor:
    """Return actions [B, T] that begin as `left` [B, T] and go on as `right` [B, T] from a random step."""
    n, length = left.shape
    cut = torch.randint(length + 1, (n, 1), generator=generator)
    return torch.where(torch.arange(length).unsqueeze(0) < cut, left, right)


def steps_breed(domain: Domain) -> Breed:
    """Return the way to make children that works in every domain: building steps are recombined, then mutated."""
    builder = Builder(domain)

    def breed(parents: Sequence[str], generator: Generator) -> list[str]:
        actions = builder.actions(parents, generator)
        half = len(actions) // 2
        left, right = actions[:half], actions[half : 2 * half]
        is_crossed = torch.rand(half, 1, generator=generator) < CROSSOVER
        children = torch.where(is_crossed, cross(left, right, generator), left)
        children = mutate(children, builder.environment.n_actions, MUTATION, generator)
        return builder.texts(builder.build(children, generator))

    return breed
