"""A genetic algorithm on our rounds' reward: same fit, candidate filter and selection, another search.

It shows what the trained policy adds to the proxies. Knows predictions by their log-reward, but no genetic
operators. Letters: N objects, M objectives, P preferences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from models.backtests.contract import Choice, Strategy
from models.backtests.genetic import preferences, ranked
from models.backtests.rounds import for_batch
from models.backtests.table import TableDomain
from models.backtests.variation import steps_breed
from models.gflownet.conditioning import ConditionSampler
from models.rounds.fitting.fit import fit, random_objects
from models.rounds.reporting.candidate_records import predicted_values
from models.rounds.sampling.candidate_pool import CandidatePool, SamplingStats, pool_of, target_pool_size
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.selecting.batch import select_batch
from models.specs.sampler import USUAL_BETA

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

    from models.backtests.contract import BacktestTask
    from models.backtests.variation import Breed
    from models.domains.contract import Domain
    from models.records import History
    from models.rounds.fitting.fit import RoundModel
    from models.specs.sampler import SamplerSpec

POPULATION = 256
LITTER = 512
TOURNAMENT = 2
CALLS = 20_000
"""Distinct objects that the proxies evaluate in a round."""
IDLE = 10
"""Generations without a new object after which the search ends."""


@final
class AcquisitionGA(Strategy):
    """Fit a round's models and evolve a population on its log-reward at the greatest inverse temperature.

    The population starts from the best measured objects and random ones, and keeps those with the best rank
    under any of many preferences. Visited objects that pass the candidate filter form the pool for the
    round's own selection. With a table, only its objects are bred and scored, as by a restricted policy.

    Args:
        breed: opens domain-specific genetic operators; by default actions are recombined and mutated.
        calls: distinct objects that the proxies may evaluate in a round.
    """

    def __init__(self, breed: Callable[[Domain], Breed] = steps_breed, calls: int = CALLS) -> None:
        self._open = breed
        self.calls = calls
        self._breed: Breed | None = None
        self._domain: Domain | None = None

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return the batch of a round."""
        domain = self._domain = self._domain or _domain(task)
        spec, environment = for_batch(task.spec, k), domain.environment([])
        fitted = fit(spec, domain, environment, history, seed, lambda _, message: task.tick(message))
        return self.search(task, fitted, history, seed)

    def search(self, task: BacktestTask, fitted: RoundModel, history: History, seed: int) -> Choice:
        """Return the batch that fitted models lead to."""
        domain = self._domain = self._domain or _domain(task)
        self._breed = self._breed or self._open(domain)
        spec, environment = fitted.model.spec, domain.environment([])
        possible = None if task.objects is None else frozenset(task.objects)
        fitness = _Fitness(fitted, _ranking_beta(spec.sampler), possible)
        known = [text for text in [*fitted.measured, *random_objects(environment)] if not domain.check(text)]
        self._climb(fitness, known, task, torch.Generator().manual_seed(seed))
        pool = _pool(fitness, CandidateFilter(fitted, history), target_pool_size(spec.batch))
        batch = select_batch(pool, fitted, history, seed)
        chosen = tuple(pool.texts[item.row] for item in batch.choices)
        return Choice(chosen, fitted.reward.n_scored, predicted_values(chosen, fitted))

    def _climb(self, fitness: _Fitness, texts: list[str], task: BacktestTask, generator: Generator) -> None:
        assert self._breed is not None
        population = fitness.add(texts).best(POPULATION)
        n_idle = 0
        while fitness.n_calls < self.calls and n_idle < IDLE and population:
            task.tick(f"scored {fitness.n_calls} objects")
            parents = fitness.winners(population, 2 * LITTER, generator)
            children = [text for text in self._breed(parents, generator) if text and text not in fitness.rows]
            n_idle = 0 if children else n_idle + 1
            left = self.calls - fitness.n_calls
            population = fitness.add(list(dict.fromkeys(children))[:left]).best(POPULATION)


def _ranking_beta(spec: SamplerSpec) -> float:
    """Return an inverse temperature to rank at: it only weighs values against probabilities.

    Where a round is to choose its range, the usual one serves, since the choice would cost proxy calls.
    """
    return (USUAL_BETA if spec.beta == "auto" else spec.beta)[1]


@final
class _Fitness:
    """The log-reward of every visited object under each of P preferences.

    Args:
        fitted: gives the log-reward.
        beta: the inverse temperature at which it is wanted.
        possible: the objects that may be visited; None for all.
    """

    def __init__(self, fitted: RoundModel, beta: float, possible: frozenset[str] | None = None) -> None:
        self._fitted = fitted
        self._beta = beta
        self._possible = possible
        self.preferences = preferences(len(fitted.model.spec.objectives))
        self.rows: dict[str, int] = {}
        self.texts: list[str] = []
        self.scores = torch.zeros(0, len(self.preferences))

    @property
    def n_calls(self) -> int:
        """The number of distinct objects that the proxies evaluated."""
        return self._fitted.reward.n_scored

    def add(self, texts: list[str]) -> _Fitness:
        """Score the new objects among texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self.rows and self._may_visit(text)]
        if new:
            self.rows.update(zip(new, range(len(self.texts), len(self.texts) + len(new)), strict=True))
            self.texts += new
            beta = torch.full((len(new),), self._beta)
            columns = [self._fitted.reward(new, beta, one.expand(len(new), -1)) for one in self.preferences]
            self.scores = torch.cat([self.scores, torch.stack(columns, dim=1)])
        return self

    def _may_visit(self, text: str) -> bool:
        return self._possible is None or text in self._possible

    def order(self) -> list[int]:
        """Return the rows in the order of their best rank under any preference; without refused ones."""
        possible = self.scores.isfinite().all(dim=1).nonzero().squeeze(1)
        rows: list[int] = possible[ranked(self.scores[possible])].tolist()
        return rows

    def best(self, n: int) -> list[int]:
        """Return the n best rows."""
        return self.order()[:n]

    def winners(self, rows: list[int], n: int, generator: Generator) -> list[str]:
        """Return the winners [n] of tournaments among rows, each under a random one of the preferences."""
        entrants = torch.tensor(rows)[torch.randint(len(rows), (n, TOURNAMENT), generator=generator)]
        which = torch.randint(len(self.preferences), (n, 1), generator=generator)
        won = entrants.gather(1, self.scores[entrants, which].argmax(dim=1, keepdim=True)).squeeze(1)
        return [self.texts[row] for row in won.tolist()]


def _domain(task: BacktestTask) -> Domain:
    """Return the task's domain, restricted to the table's objects if there is a table."""
    if task.objects is None:
        return task.domain
    return TableDomain(task.domain, task.objects, is_restricted=True)


def _pool(fitness: _Fitness, candidate_filter: CandidateFilter, goal: int) -> CandidatePool:
    """Return the best objects that pass the candidate filter, up to the target size."""
    texts = [fitness.texts[row] for row in fitness.order()]
    admitted = [texts[row] for row in candidate_filter.filter_new(texts)]
    everywhere = ConditionSampler((1.0, 1.0), fitness.preferences.shape[1])
    parts = []
    n_passed = 0
    for start in range(0, max(len(admitted), 1), goal):
        passed, _ = candidate_filter.filter_constraints(admitted[start : start + goal])
        n = len(passed)
        parts.append((passed, _no_states(n), everywhere.fixed(1.0, [1.0] * fitness.preferences.shape[1], n)))
        n_passed += n
        if n_passed >= goal:
            break
    return pool_of(parts, SamplingStats(0, 0, goal, "enough" if n_passed >= goal else "nothing new"))


def _no_states(n: int) -> Tensor:
    return torch.zeros(n, 0, dtype=torch.int64)
