"""The third step of a round.

Thousands of draws over many conditions, through the gate, until there are enough. A space that was listed is
not drawn from: all of it goes through the gate. Knows the trained policy and the gate; not which candidates
are the best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol, final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition, join_conditions
from models.gflownet.exploration.uniform import UniformMixture
from models.gflownet.sampler import sample
from models.rounds.sampling.evaluated import EvaluatedObjects, concat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Generator

    from models.gflownet.conditioning import ConditionSampler
    from models.gflownet.environment import Environment
    from models.gflownet.policy import Policy
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.filters import CandidateFilter
    from models.rounds.training.state_reward import StateReward
    from models.specs.decisions import BatchSpec

DRAWS = 512
"""Objects drawn at a time."""
LEAST_DRAWS = 6
MOST_DRAWS = 24
BY_POLICY = MOST_DRAWS // 2
"""Draws made by the policy; where they do not suffice, random walks find what it has forgotten."""
UPPER = 0.5
"""Quantile of beta's law above which a batch is proposed."""
FILTER_CHUNK = 256
"""Objects judged between two reports."""
PER_CANDIDATE = 8
"""Allowed objects wanted for each one that is to be chosen."""
PER_LIMIT = 8
"""As many more for every limit of the batch."""
Ended = Literal["enough", "nothing new", "too many draws", "all listed"]


LIST_CHUNK = 20 * FILTER_CHUNK
"""Objects of a list that go through the gate together."""
MOST_KEPT = 20_000
"""Allowed objects of a list up to which all are kept."""


class TrainedSampler(Protocol):
    """What draws objects: a trainer that has finished, or a policy that was opened again."""

    @property
    def policy(self) -> Policy:
        """The policy that samples."""

    @property
    def environment(self) -> Environment:
        """Where it builds."""

    @property
    def conditions(self) -> ConditionSampler:
        """What it was trained for."""


@final
@dataclass(frozen=True, slots=True)
class SamplingStats:
    """How many objects came from whom, how many allowed ones were wanted, and why drawing ended.

    `by_search` were found while the policy was trained, `listed` are all that there are. `sizes` are of what
    the policy drew. `passed` is how many were allowed where the pool keeps only the best of them.
    """

    by_policy: int
    by_random_walks: int
    wanted: int
    ended: Ended
    by_search: int = 0
    listed: int = 0
    sizes: Mapping[int, int] = field(default_factory=dict)
    passed: int | None = None


@final
@dataclass(frozen=True, slots=True)
class CandidatePool:
    """Everything that may be chosen.

    N allowed objects, each with the condition under which it was first sampled.
    `states` [N, W] are final; `stats` tells how the objects came about.
    """

    objects: EvaluatedObjects
    states: Tensor
    condition: Condition
    stats: SamplingStats

    @property
    def texts(self) -> list[str]:
        """The objects [N] as text."""
        return self.objects.texts

    def at(self, rows: list[int]) -> CandidatePool:
        """Return the objects in the given rows."""
        index = torch.tensor(rows, dtype=torch.int64, device=self.states.device)
        return CandidatePool(self.objects.at(rows), self.states[index], self.condition.at(index), self.stats)

    @property
    def n_allowed(self) -> int:
        """How many objects may be chosen, those included of which only the best are here."""
        return len(self.texts) if self.stats.passed is None else self.stats.passed

    @property
    def n_sampled(self) -> int:
        """How many objects came by: from the policy, random walks and search, or listed."""
        stats = self.stats
        return stats.by_policy + stats.by_random_walks + stats.by_search + stats.listed


Part = tuple[EvaluatedObjects, Tensor, Condition]
"""Objects [n] that passed, with their final states [n, W] and conditions [n]."""
Best = Callable[[CandidatePool], Tensor]
"""Returns the rows of a pool that are worth keeping."""


def proposal_conditions(
    conditions: ConditionSampler, n: int, lower_share: float, generator: Generator
) -> Condition:
    """Draw n conditions: the share `lower_share` over all betas, the others at the upper half of their law.

    A batch is to be good, and a policy at low betas hardly knows the reward; diverse objects for exploration
    come from all betas.
    """
    n_lower = round(n * lower_share)
    if n_lower == n:
        return conditions.sample(n, generator)
    upper = conditions.sample(n - n_lower, generator, UPPER)
    return upper if not n_lower else join_conditions([upper, conditions.sample(n_lower, generator)])


def _draw(
    source: TrainedSampler, number: int, lower_share: float, generator: Generator
) -> tuple[Tensor, Condition]:
    """Return final states of draw `number`: by the policy, later ones by random walks."""
    condition = proposal_conditions(source.conditions, DRAWS, lower_share, generator)
    if number < BY_POLICY:
        return sample(source.policy, source.environment, condition, DRAWS, generator).final_states, condition
    mixture = UniformMixture(1.0)
    with torch.inference_mode():
        walks = mixture.trajectories(source.policy, source.environment, condition, generator)
    return walks.final_states, condition


def target_pool_size(batch: BatchSpec) -> int:
    """Return how many allowed objects a batch is to be chosen from.

    A limit on the batch closes objects to it while it is being chosen, and one on a shared value all but one
    part of the pool: with limits there must be more to choose from.
    """
    return batch.size * (PER_CANDIDATE + PER_LIMIT * len(batch.limits))


class SamplerWithElites(TrainedSampler, Protocol):
    """A source that met objects while it was trained."""

    @property
    def elites(self) -> Tensor:
        """Final states [L, W] worth proposing as they are."""


def sample_candidates(  # noqa: PLR0913 - each is one thing that decides what there is to choose from
    source: SamplerWithElites,
    reward: StateReward,
    candidate_filter: CandidateFilter,
    fitted: RoundModel,
    seed: int,
    tick: Callable[[float, str], None],
    *,
    everything: Tensor | None = None,
    best: Best | None = None,
) -> CandidatePool:
    """Draw until there are enough allowed objects to choose the batch from, or nothing new is found.

    What was found in training comes first, as if asked for at the greatest beta with even weights. Where the
    final states [X, W] of all objects are given, they are the pool in that way, and nothing is drawn; of a
    long list `best` says which ones are kept.
    """
    spec, exploration = fitted.model.spec, fitted.settings.exploration
    goal = target_pool_size(spec.batch)
    if everything is not None:
        return _list_pool(source, everything, reward, candidate_filter, goal, tick, best)
    generator = torch.Generator(device=source.environment.device).manual_seed(seed)
    lower_share = 1.0 if spec.sampler.proposal_beta == "as_trained" else exploration
    found = source.elites
    parts = list(_as_they_are(source, found, reward, candidate_filter))
    n_passed, n_draws = sum(len(passed) for passed, _, _ in parts), 0
    sizes: Counter[int] = Counter()
    is_exhausted = False
    while n_draws < LEAST_DRAWS or (n_passed < goal and n_draws < MOST_DRAWS and not is_exhausted):
        states, condition = _draw(source, n_draws, lower_share, generator)
        n_draws += 1
        sizes.update(source.environment.size(states).tolist() if n_draws <= BY_POLICY else ())
        before = candidate_filter.n_unique
        for passed, kept in filter_states(states, reward, candidate_filter):
            parts.append((passed, states[kept], condition.at(kept)))
            n_passed += len(passed)
            share = max(min(n_passed / goal, n_draws / LEAST_DRAWS), n_draws / MOST_DRAWS)
            tick(min(1.0, share), f"drew {n_draws * DRAWS} objects, {n_passed} may be proposed")
        is_exhausted = n_draws > BY_POLICY and candidate_filter.n_unique == before
    by_policy = min(n_draws, BY_POLICY)
    ended: Ended = "enough" if n_passed >= goal else "nothing new" if is_exhausted else "too many draws"
    by_walks = n_draws - by_policy
    return pool_of(
        parts, SamplingStats(by_policy * DRAWS, by_walks * DRAWS, goal, ended, len(found), sizes=dict(sizes))
    )


def _list_pool(  # noqa: PLR0913, PLR0917 - as `sample_candidates`
    source: TrainedSampler,
    states: Tensor,
    reward: StateReward,
    candidate_filter: CandidateFilter,
    goal: int,
    tick: Callable[[float, str], None],
    best: Best | None,
) -> CandidatePool:
    """Return those of the final states [X, W] that pass the gate; of a long list only the best of them."""
    stats = SamplingStats(0, 0, goal, "all listed", listed=len(states))
    kept: list[Part] = []
    n_kept = n_passed = 0
    for start in range(0, len(states), LIST_CHUNK):
        piece = states[start : start + LIST_CHUNK]
        for number, part in enumerate(_as_they_are(source, piece, reward, candidate_filter), 1):
            kept.append(part)
            n_kept += len(part[0])
            n_passed += len(part[0])
            n_done = start + min(FILTER_CHUNK * number, len(piece))
            tick(n_done / len(states), f"scored {n_done} of {len(states)} objects")
        if best is not None and n_kept > MOST_KEPT:
            pool = pool_of(kept, stats)
            pool = pool.at(best(pool).tolist())
            kept, n_kept = [(pool.objects, pool.states, pool.condition)], len(pool.texts)
    return pool_of(kept, replace(stats, passed=n_passed))


def _as_they_are(
    source: TrainedSampler, states: Tensor, reward: StateReward, candidate_filter: CandidateFilter
) -> Iterator[tuple[EvaluatedObjects, Tensor, Condition]]:
    """Yield those of the states [L, W] that pass the gate, at the greatest beta and with even weights."""
    if len(states):
        conditions = source.conditions
        requested = conditions.fixed(conditions.beta_range[1], [1.0] * conditions.n_objectives, len(states))
        yield from (
            (passed, states[kept], requested.at(kept))
            for passed, kept in filter_states(states, reward, candidate_filter)
        )


def filter_states(
    states: Tensor, reward: StateReward, candidate_filter: CandidateFilter
) -> Iterator[tuple[EvaluatedObjects, Tensor]]:
    """Send final states [B, W] through the gate.

    Yield part after part what passed, each row once as its best variant, with the rows [n].
    """
    admitted = candidate_filter.admit(reward.texts(states))
    for part in _by_row(admitted, FILTER_CHUNK):
        passed, kept = candidate_filter.filter_constraints([text for _, text in part])
        rows = [part[place][0] for place in kept]
        best = candidate_filter.best_variants(passed, rows)
        index = torch.tensor([rows[place] for place in best], dtype=torch.int64, device=states.device)
        yield passed.at(best), index


def _by_row(admitted: Sequence[tuple[int, str]], most: int) -> Iterator[list[tuple[int, str]]]:
    """Yield parts of about `most` objects, at least one part, with all variants of a row in the same."""
    part: list[tuple[int, str]] = []
    for item in admitted:
        if len(part) >= most and item[0] != part[-1][0]:
            yield part
            part = []
        part.append(item)
    yield part


def pool_of(
    parts: Sequence[tuple[EvaluatedObjects, Tensor, Condition]], stats: SamplingStats
) -> CandidatePool:
    """Return the pool of objects that passed, with their final states and their conditions."""
    return CandidatePool(
        concat([objects for objects, _, _ in parts]),
        torch.cat([states for _, states, _ in parts]),
        join_conditions([condition for _, _, condition in parts]),
        stats,
    )
