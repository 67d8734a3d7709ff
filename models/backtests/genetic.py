"""A genetic algorithm over the objects measured so far: tournaments, crossover, mutation. It has no model.

With several objectives every tournament has a trade-off of its own (a random preference under the augmented Chebyshev
scalarisation), so that the population spreads along the front (cf. MOEA/D, doi:10.1109/TEVC.2007.892759).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from models.backtests.chance import Chance
from models.backtests.contract import Choice, Method, tried
from models.backtests.variation import Builder, cross, mutate

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from models.backtests.contract import Task
    from models.records import History

TOURNAMENT = 3
CROSSOVER = 0.7
MUTATION = 0.02
"""Probability that a further action of a child is replaced, beside the one that always is."""
GENERATIONS = 60
"""Litters bred to find enough new objects; the rest of a batch is drawn at random."""


@final
class Genetic(Method):
    """Breed what is measured next from what was measured best."""

    def __init__(self) -> None:
        self._builder: Builder | None = None

    def choose(self, task: Task, history: History, k: int, seed: int) -> Choice:
        """Return k children that can be measured and were not tried; random objects where breeding finds too few."""
        from models.backtests.scoring import measured_utilities

        self._builder = self._builder or Builder(task.domain)
        generator = torch.Generator().manual_seed(seed)
        names, utilities = measured_utilities(task.spec, task.domain, history)
        closed = tried(history)
        possible = None if task.objects is None else set(task.objects)
        found: dict[str, None] = {}
        if names:
            for _ in range(GENERATIONS):
                for child in self._breed(names, utilities, max(2 * k, 32), generator):
                    if child and child not in closed and (possible is None or child in possible):
                        found[child] = None
                if len(found) >= k:
                    break
        children = tuple(found)[:k]
        if len(children) < k:
            others = Chance().choose(task, history, 2 * k, seed).objects
            children += tuple(name for name in others if name not in found)[: k - len(children)]
        return Choice(children)

    def _breed(self, names: list[str], utilities: Tensor, n: int, generator: Generator) -> list[str]:
        assert self._builder is not None
        parents = [names[row] for row in winners(utilities, 2 * n, generator).tolist()]
        actions = self._builder.actions(parents, generator)
        half = len(actions) // 2
        left, right = actions[:half], actions[half : 2 * half]
        is_crossed = torch.rand(half, 1, generator=generator) < CROSSOVER
        children = torch.where(is_crossed, cross(left, right, generator), left)
        children = mutate(children, self._builder.environment.n_actions, MUTATION, generator)
        return self._builder.texts(self._builder.build(children, generator))


def winners(utilities: Tensor, n: int, generator: Generator) -> Tensor:
    """Return the winning rows [n] of tournaments over utilities [N, M], each under a random preference."""
    from models.reward import augmented_chebyshev

    entrants = torch.randint(len(utilities), (n, TOURNAMENT), generator=generator)
    weights = torch.empty(n, utilities.shape[1], dtype=utilities.dtype).exponential_(generator=generator)
    preference = (weights / weights.sum(dim=1, keepdim=True)).unsqueeze(1)
    scores = augmented_chebyshev(utilities[entrants], preference)  # [n, TOURNAMENT]
    return entrants.gather(1, scores.argmax(dim=1, keepdim=True)).squeeze(1)
