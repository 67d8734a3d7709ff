"""A genetic algorithm over the objects measured so far: tournaments, crossover, mutation. It has no model.

With several objectives every tournament has its own trade-off (a random preference under the augmented
Chebyshev scalarisation), so that the population spreads along the front (cf. MOEA/D,
doi:10.1109/TEVC.2007.892759).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from models.backtests.contract import Choice, Strategy, tried
from models.backtests.random_baseline import RandomBaseline
from models.backtests.variation import steps_breed

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

    from models.backtests.contract import BacktestTask
    from models.backtests.variation import Breed
    from models.domains.contract import Domain
    from models.records import History

TOURNAMENT = 3
SURVIVORS = 0.25
"""Parents per chosen object, from the best measured ones."""
LEAST_SURVIVORS = 8
GENERATIONS = 60
"""Generations for finding enough new objects; the rest of a batch is random."""
PREFERENCES = 32


@final
class GeneticAlgorithm(Strategy):
    """Breed the next objects from the best measured ones.

    Args:
        breed: opens domain-specific genetic operators; by default actions are recombined and mutated.
    """

    def __init__(self, breed: Callable[[Domain], Breed] = steps_breed) -> None:
        self._open = breed
        self._breed: Breed | None = None

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return k measurable, untried children; random objects fill up when breeding gives too few."""
        from models.backtests.utilities import measured_utilities

        self._breed = self._breed or self._open(task.domain)
        generator = torch.Generator().manual_seed(seed)
        names, utilities = measured_utilities(task.spec, task.domain, history)
        closed = tried(history)
        possible = None if task.objects is None else set(task.objects)
        result: dict[str, None] = {}
        if names:
            names, utilities = _survivors(names, utilities, max(LEAST_SURVIVORS, round(SURVIVORS * k)))
            for _ in range(GENERATIONS):
                parents = [names[row] for row in winners(utilities, 2 * max(2 * k, 32), generator).tolist()]
                for child in self._breed(parents, generator):
                    if child and child not in closed and (possible is None or child in possible):
                        result[child] = None
                if len(result) >= k:
                    break
        children = tuple(result)[:k]
        if len(children) < k:
            others = RandomBaseline().choose(task, history, 2 * k, seed).objects
            children += tuple(name for name in others if name not in result)[: k - len(children)]
        return Choice(children)


def _survivors(names: list[str], utilities: Tensor, n: int) -> tuple[list[str], Tensor]:
    """Return the n objects with the best rank under any of many preferences, and their utilities [n, M]."""
    if len(names) <= n:
        return names, utilities
    kept = best_ranks(utilities)[:n].tolist()
    return [names[row] for row in kept], utilities[kept]


def best_ranks(utilities: Tensor) -> Tensor:
    """Return the rows [N] of utilities [N, M], sorted by their best rank under many preferences."""
    from models.acquisition.contract import augmented_chebyshev

    return ranked(torch.stack([augmented_chebyshev(utilities, one) for one in preferences(utilities.shape[1])], dim=1))


def ranked(scores: Tensor) -> Tensor:
    """Return the rows [N] of scores [N, P], sorted by best rank in any column, then by mean rank."""
    ranks = scores.argsort(dim=0, descending=True, stable=True).argsort(dim=0)
    return (ranks.amin(dim=1) + ranks.double().mean(dim=1) / max(len(ranks), 1)).argsort(stable=True)


def preferences(n_objectives: int) -> Tensor:
    """Return preferences [P, M] spread over the simplex, deterministically."""
    if n_objectives == 1:
        return torch.ones(1, 1, dtype=torch.float64)
    weights = torch.empty(PREFERENCES, n_objectives, dtype=torch.float64)
    weights.exponential_(generator=torch.Generator().manual_seed(0))
    return weights / weights.sum(dim=1, keepdim=True)


def winners(utilities: Tensor, n: int, generator: Generator) -> Tensor:
    """Return the winning rows [n] of tournaments over utilities [N, M], each under a random preference."""
    from models.acquisition.contract import augmented_chebyshev

    entrants = torch.randint(len(utilities), (n, TOURNAMENT), generator=generator)
    weights = torch.empty(n, utilities.shape[1], dtype=utilities.dtype).exponential_(generator=generator)
    preference = (weights / weights.sum(dim=1, keepdim=True)).unsqueeze(1)
    scores = augmented_chebyshev(utilities[entrants], preference)  # [n, TOURNAMENT]
    return entrants.gather(1, scores.argmax(dim=1, keepdim=True)).squeeze(1)


STRATEGIES = {"genetic": GeneticAlgorithm}
