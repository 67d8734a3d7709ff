"""Genetic operators for evolutionary baselines in any domain: action sequences are mutated and recombined.

It converts texts to states and back; the operators are in `models.gflownet.genetic_operators`. Knows no
reward. Letters: B objects, T steps, W state width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from models.gflownet import genetic_operators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Generator, Tensor

    from models.domains.contract import Domain

    Breed = Callable[[Sequence[str], Generator], list[str]]
    """Makes up to N children of 2 N parents, first half crossed with second; an invalid child is empty."""


@final
class Builder:
    """Decomposes objects into actions and builds objects from actions."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self.environment = domain.environment([])

    def texts(self, states: Tensor) -> list[str]:
        """Return the object of each final state [B, W]; empty where invalid or against a domain rule."""
        texts = self.environment.objects(states)
        return [text if text and not self._domain.check(text) else "" for text in texts]

    def actions(self, texts: Sequence[str], generator: Generator) -> Tensor:
        """Return actions [B, T] of one random trajectory to each object that can be represented."""
        states, known = self.environment.states(texts)
        return genetic_operators.decompose(self.environment, states[known], generator)

    def build(self, actions: Tensor, generator: Generator) -> Tensor:
        """Return the final states [B, W] that actions [B, T] lead to, completed at random."""
        return genetic_operators.build(self.environment, actions, generator)

    def complete(self, states: Tensor, generator: Generator) -> Tensor:
        """Return final states [B, W] reached from states [B, W] by uniformly random actions."""
        return genetic_operators.complete(self.environment, states, generator)


def steps_breed(domain: Domain) -> Breed:
    """Return the breeding function for every domain: actions are recombined, then mutated."""
    builder = Builder(domain)

    def breed(parents: Sequence[str], generator: Generator) -> list[str]:
        actions = builder.actions(parents, generator)
        bred = genetic_operators.breed(actions, builder.environment.n_actions, generator)
        return builder.texts(builder.build(bred, generator))

    return breed
