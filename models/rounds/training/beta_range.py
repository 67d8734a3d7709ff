"""The range of inverse temperatures that a round's policy serves, chosen from the reward.

A fixed range means something else in every campaign: at beta 64 a heavy tail leaves one object and a narrow
reward hardly prefers any. The effective number of objects depends neither on units nor on spread: it is n
where the target is, by its mean rank, an even draw from the n best of a reference pool. The pool has ordinary
objects of the space, measured ones, and the best that a short genetic search finds. They count the same
before any reward, because the ordinary ones follow the base measure. Kish's number and that of entropy are
small as soon as one object has a large share, even where the rest goes to poor objects (docs/decisions/0041).
Knows the reward of final states; no policy.

Letters: N objects of the pool, M objectives, W state width.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import torch

from models.gflownet.genetic_operators import breed, build, complete, decompose
from models.messages.message import Message, message
from models.reward.log_reward import softly_floored
from models.specs.sampler import MOST_BETA, USUAL_BETA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Generator, Tensor

    from models.campaign.spec import CampaignSpec
    from models.gflownet.prior import ActionPrior
    from models.rounds.training.base_measure import BaseMeasure
    from models.rounds.training.state_reward import StateReward

ORDINARY = 1_024
"""Ordinary objects of the pool, and for each one `WALKS` that it is picked from by size."""
WALKS = 4
MEASURED = 512
"""Evenly picked measured objects of the pool."""
GENERATIONS, CHILDREN, PARENTS = 10, 128, 128
"""Generations of the search, children of each, and best objects that they are bred from."""
FOUND = 256
"""Best objects of the search that enter the pool."""
LEAST_POOL = 16
"""Fewest objects from which a range is chosen."""
LOW_SHARE = 0.5
"""Share of the pool, as it counts without a value, that counts at the low end."""
LEAST_AT_HIGH, MOST_SHARE_AT_HIGH = 8, 0.125
"""Limits of the number of objects at the high end, which is the size of a batch."""
MOST_SPAN, MARGIN = 64.0, 1.1
"""Where more tie at the top than should count: the most nats between the best object and the median one, and
how many times the objects that count there may count at the high end. More beta buys nothing."""
BLUNT = 2.0
"""Times the wanted number of objects that count at the high end, from which a reader should know it."""
LEAST_BETA = 1e-3
HALVINGS = 50
DIGITS = 3
"""Significant digits of a chosen end."""

Choice = Literal["stated", "effective_number", "usual"]


@final
@dataclass(frozen=True, slots=True)
class EffectiveNumbers:
    """How many objects of the pool count under one preference: before any value, and at both ends."""

    preference: dict[str, float]
    at_zero: float
    at_low: float
    at_high: float


@final
@dataclass(frozen=True, slots=True)
class BetaRange:
    """A range of inverse temperatures, and what it means for the objects of the reference pool.

    `choice` is `stated` in the specification, chosen by `effective_number`, or the `usual` one because no
    range has a meaning. `effective` has the even preference first, then single objectives; it is empty where
    nothing was compared. `wanted` objects should count at a chosen high end.
    """

    low: float
    high: float
    choice: Choice
    pool: int = 0
    effective: tuple[EffectiveNumbers, ...] = ()
    wanted: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the greatest inverse temperature."""
        return self.low, self.high

    def applied(self, spec: CampaignSpec) -> CampaignSpec:
        """Return a specification whose sampler serves this range."""
        return spec.model_copy(update={"sampler": spec.sampler.with_beta(self.ends)})

    def summary(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        rows = [
            {
                "preference": item.preference,
                "without_reward": item.at_zero,
                "at_low": item.at_low,
                "at_high": item.at_high,
            }
            for item in self.effective
        ]
        return {
            "low": self.low,
            "high": self.high,
            "choice": self.choice,
            "pool": self.pool,
            "wanted_at_high": self.wanted,
            "effective_objects": rows,
        }

    def messages(self) -> list[Message]:
        """Return what a reader should know of a range that means nothing, or not what it should."""
        if self.choice == "usual":
            return [message("beta_range_without_meaning", compared=self.pool, low=self.low, high=self.high)]
        if self.wanted is None or (counting := self.effective[0].at_high) < BLUNT * self.wanted:
            return []
        numbers = {"high": self.high, "counting": counting, "wanted": self.wanted}
        return [message("beta_range_blunt", compared=self.pool, **numbers)]


def choose_beta_range(  # noqa: PLR0913 - each is one thing that the range depends on
    spec: CampaignSpec,
    reward: StateReward,
    measured: Sequence[str],
    measure: BaseMeasure,
    seed: int,
    *,
    prior: ActionPrior | None = None,
    is_described: bool = True,
) -> BetaRange:
    """Return the range of a round: the stated one, or the one that its reward gives a meaning.

    Each preference has a range of its own. The low end is the least of them; the high end is that of the even
    preference, since the sharpest of all would leave a single object to the others. Where the even one has no
    range, as with two opposed objectives, the high end is the least of the others.

    Args:
        spec: of the campaign.
        reward: of final states, with multipliers that have not moved.
        measured: canonical texts.
        measure: the base measure, whose sizes ordinary objects have.
        seed: of the pool.
        prior: of the policy, which ordinary objects then follow in place of the base measure.
        is_described: whether to find out what a stated range means, which costs the scores of the pool.
    """
    stated = None if spec.sampler.beta == "auto" else spec.sampler.beta
    if stated is not None and not is_described:
        return BetaRange(*stated, "stated")
    preferences = _preferences(len(spec.objectives))
    generator = torch.Generator(device=reward.environment.device).manual_seed(seed)
    ordinary = (
        _ordinary(reward, measure, generator)
        if prior is None
        else complete(reward.environment, reward.environment.reset(ORDINARY), generator, prior)
    )
    pool = _Pool.gather(reward, measured, ordinary, preferences, generator)
    names = [objective.name for objective in spec.objectives]
    if stated is not None:
        return BetaRange(*stated, "stated", len(pool), pool.effective(names, stated))
    wanted = min(max(spec.batch.size, LEAST_AT_HIGH), MOST_SHARE_AT_HIGH * len(pool))
    even, *single = (pool.ends(place, wanted) for place in range(len(preferences)))
    found = [ends for ends in (even, *single) if ends is not None]
    if not found:
        return BetaRange(*USUAL_BETA, "usual", len(pool), pool.effective(names, USUAL_BETA))
    low = _rounded(min(low for low, _ in found))
    high = _rounded(min(high for _, high in found) if even is None else even[1])
    return BetaRange(low, high, "effective_number", len(pool), pool.effective(names, (low, high)), wanted)


def _rounded(beta: float) -> float:
    return float(f"{beta:.{DIGITS}g}")


def _preferences(n_objectives: int) -> Tensor:
    """Return the even preference and, of several objectives, each alone: [P, M]."""
    even = torch.full((1, n_objectives), 1 / n_objectives)
    return even if n_objectives == 1 else torch.cat([even, torch.eye(n_objectives)])


@final
class _Pool:
    """The allowed objects of the reference pool: what beta multiplies and what it does not, each [P, N]."""

    def __init__(self, expected: Tensor, log_probability: Tensor, preferences: Tensor) -> None:
        self._expected = expected
        self._ranks = torch.stack([_ranks(row) for row in expected])
        self._log_probability = log_probability
        self._preferences = preferences

    def __len__(self) -> int:
        """Return N."""
        return self._expected.shape[1]

    @staticmethod
    def gather(
        reward: StateReward,
        measured: Sequence[str],
        ordinary: Tensor,
        preferences: Tensor,
        generator: Generator,
    ) -> _Pool:
        """Score ordinary final states [N, W], measured objects and what a search finds from them."""
        known, can_be_built = reward.environment.states(measured[:: -(-len(measured) // MEASURED) or 1])
        starts = torch.cat([ordinary, known[can_be_built]])
        found = _search(reward, starts, preferences, generator)
        states = _distinct(reward, torch.cat([starts, found]))
        expected, log_probability = _factors(reward, states, preferences)
        is_allowed = log_probability.isfinite().all(dim=0)
        return _Pool(expected[:, is_allowed], log_probability[:, is_allowed], preferences)

    def effective_number(self, place: int, beta: float) -> float:
        """Return of how many best objects an even draw has the target's mean rank; it falls with beta."""
        if not len(self):
            return 0.0
        log_r = softly_floored(beta * self._expected[place] + self._log_probability[place])
        return 2 * float(log_r.softmax(dim=0) @ self._ranks[place])

    def effective(self, names: Sequence[str], ends: tuple[float, float]) -> tuple[EffectiveNumbers, ...]:
        """Return how many objects count at the ends of a range, under each preference of objectives [M]."""
        return tuple(
            EffectiveNumbers(
                dict(zip(names, weights, strict=True)),
                *(self.effective_number(place, beta) for beta in (0.0, *ends)),
            )
            for place, weights in enumerate(self._preferences.tolist())
        )

    def ends(self, place: int, wanted: float) -> tuple[float, float] | None:
        """Return the range of one preference; None where its rewards hardly differ."""
        if len(self) < LEAST_POOL:
            return None
        expected = self._expected[place]
        span = float(expected.max() - expected.median())
        sharpest = MOST_SPAN / max(span, MOST_SPAN / MOST_BETA)
        at_low = LOW_SHARE * self.effective_number(place, 0.0)
        at_high = max(wanted, MARGIN * self.effective_number(place, sharpest))
        return None if at_high >= at_low else (self._solve(place, at_low), self._solve(place, at_high))

    def _solve(self, place: int, target: float) -> float:
        """Return the inverse temperature at which so many objects count, by bisection of its logarithm."""
        low, high = math.log(LEAST_BETA), math.log(MOST_BETA)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self.effective_number(place, math.exp(middle)) > target:
                low = middle
            else:
                high = middle
        return math.exp(high)


def _ranks(values: Tensor) -> Tensor:
    """Return the ranks [N] of values [N] from the best, which is 0.5; equal ones share their mean."""
    _, group, counts = torch.unique(-values, return_inverse=True, return_counts=True)
    ranks: Tensor = (counts.cumsum(dim=0) - counts / 2.0).to(values)[group]
    return ranks


def _ordinary(reward: StateReward, measure: BaseMeasure, generator: Generator) -> Tensor:
    """Return the final states [N, W] of random walks, whose sizes follow the base measure."""
    environment = reward.environment
    states = complete(environment, environment.reset(WALKS * ORDINARY), generator)
    if not measure.weights:
        return states[:ORDINARY]
    sizes: list[int] = environment.size(states).tolist()
    count = Counter(sizes)
    weights = torch.tensor([max(measure.weights.get(size, 0.0), 1e-9) / count[size] for size in sizes])
    rows = torch.multinomial(weights.to(states.device), ORDINARY, generator=generator)
    return states[rows.sort().values]


def _search(reward: StateReward, starts: Tensor, preferences: Tensor, generator: Generator) -> Tensor:
    """Return the best final states [N, W] of a short genetic search from others, under any preference."""
    environment = reward.environment
    known = _best(reward, _distinct(reward, starts), preferences, PARENTS)
    for _ in range(GENERATIONS if len(known) else 0):
        rows = torch.randint(
            min(PARENTS, len(known)), (2 * CHILDREN,), generator=generator, device=known.device
        )
        parents = decompose(environment, known[rows], generator)
        children = build(environment, breed(parents, environment.n_actions, generator), generator)
        known = _best(reward, _distinct(reward, torch.cat([known, children])), preferences, FOUND)
    return known


def _best(reward: StateReward, states: Tensor, preferences: Tensor, most: int) -> Tensor:
    """Return the allowed ones of states [N, W] with the best rank under any preference, the best first."""
    expected, log_probability = _factors(reward, states, preferences)
    expected = expected.masked_fill(~log_probability.isfinite(), -torch.inf)
    ranks = expected.argsort(dim=1, descending=True, stable=True).argsort(dim=1).amin(dim=0)  # [N]
    order = ranks.argsort(stable=True)
    is_allowed = expected.isfinite().all(dim=0)[order]
    return states[order[is_allowed][:most].to(states.device)]


def _distinct(reward: StateReward, states: Tensor) -> Tensor:
    """Return the first state of each object among final states [N, W]."""
    first: dict[str, int] = {}
    for row, text in enumerate(reward.texts(states)):
        first.setdefault(text, row)
    first.pop("", None)
    return states[torch.tensor(list(first.values()), dtype=torch.int64, device=states.device)]


def _factors(reward: StateReward, states: Tensor, preferences: Tensor) -> tuple[Tensor, Tensor]:
    """Return `StateReward.factors` of states [N, W] under each preference, as [P, N] on the CPU."""
    columns = [reward.factors(states, one.expand(len(states), -1)) for one in preferences]
    expected, log_probability = (torch.stack(parts).double().cpu() for parts in zip(*columns, strict=True))
    return expected, log_probability
