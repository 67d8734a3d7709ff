"""Sample block after block for all conditions at once, through the filter, until each has its share.

Knows the policy and the gate; not what the samples are for. Letters: B drawn objects, W state width, N
samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, final

import torch

from models.gflownet.sampler import sample
from models.inference.local_edits import local_edits
from models.rounds.sampling.candidate_pool import CandidatePool, SamplingStats, filter_states, pool_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Generator, Tensor

    from models.gflownet.conditioning import Condition
    from models.inference.requests import ConditionRequest
    from models.rounds.sampling.candidate_pool import Ended, TrainedSampler
    from models.rounds.sampling.evaluated import EvaluatedObjects
    from models.rounds.sampling.filters import CandidateFilter
    from models.rounds.training.state_reward import StateReward

LEAST_BLOCK, MOST_BLOCK = 64, 512
"""Objects drawn at a time."""
MOST_DRAWN = 12_288
"""Objects that may be drawn for a request, and as many more for each sample as `MORE_DRAWN`."""
MORE_DRAWN = 16
NOTHING_NEW = 2_048
"""So many objects drawn without a single new one end the search."""


@final
@dataclass(slots=True)
class SampleResult:
    """What passed, and which of it was asked for.

    `owners` is the place of the condition of each row in `rows`.
    """

    parts: list[tuple[EvaluatedObjects, Tensor, Condition]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    n_drawn: int = 0
    n_passed: int = 0
    ended: Ended = "enough"

    def pool(self, requested: int) -> CandidatePool:
        """Return the samples, in the order in which they were drawn."""
        return pool_of(self.parts, SamplingStats(self.n_drawn, 0, requested, self.ended)).at(self.rows)

    @property
    def n_surplus(self) -> int:
        """Objects that passed when their condition had enough already."""
        return self.n_passed - len(self.rows)


@final
class ConditionalSampler:
    """Draws for one request.

    Args:
        source: of the objects.
        reward: tells their texts.
        gate: which of them may be shown.
        asked: shares of the request.
        near: the final state [W] whose neighbours are asked for; None draws from the policy.
    """

    def __init__(
        self,
        source: TrainedSampler,
        reward: StateReward,
        candidate_filter: CandidateFilter,
        requested: Sequence[ConditionRequest],
        near: Tensor | None,
    ) -> None:
        self._source = source
        self._reward = reward
        self._filter = candidate_filter
        self._asked = requested
        self._near = near
        self._left = [ask.n for ask in requested]
        self.drawn = SampleResult()

    def run(self, generator: Generator, tick: Callable[[float, str], None]) -> SampleResult:
        """Sample until every condition has its share, nothing new is found, or the limit is reached."""
        drawn, goal, last_new = self.drawn, sum(self._left), 0
        most = MOST_DRAWN + MORE_DRAWN * goal
        while any(self._left) and drawn.ended == "enough":
            before = self._filter.n_unique
            self._block(generator)
            last_new = drawn.n_drawn if self._filter.n_unique > before else last_new
            if any(self._left) and drawn.n_drawn - last_new >= NOTHING_NEW:
                drawn.ended = "nothing new"
            elif any(self._left) and drawn.n_drawn >= most:
                drawn.ended = "too many draws"
            share = max(len(drawn.rows) / goal, drawn.n_drawn / most)
            tick(min(1.0, share), f"drew {drawn.n_drawn} objects, {len(drawn.rows)} of {goal} samples found")
        return drawn

    def _block(self, generator: Generator) -> None:
        """Sample one block for the conditions that lack samples, sized by the share that passed so far."""
        rate = (self.drawn.n_passed + 1) / (self.drawn.n_drawn + 2)
        size = int(min(MOST_BLOCK, max(LEAST_BLOCK, sum(self._left) / rate)))
        wanting = [place for place, left in enumerate(self._left) if left]
        owners = torch.tensor(wanting).repeat_interleave(-(-size // len(wanting)))
        condition = self._conditions(owners.tolist(), generator)
        states = self._states(condition, generator)
        self.drawn.n_drawn += len(owners)
        for passed, kept in filter_states(states, self._reward, self._filter):
            self.drawn.parts.append((passed, states[kept], condition.at(kept)))
            self._keep_wanted(passed.texts, owners[kept.cpu()].tolist())

    def _states(self, condition: Condition, generator: Generator) -> Tensor:
        source = self._source
        if self._near is not None:
            return local_edits(source, self._near, condition, generator)
        return sample(source.policy, source.environment, condition, len(condition), generator).final_states

    def _conditions(self, owners: Sequence[int], generator: Generator) -> Condition:
        """Return the conditions [B]: drawn as in training, with what was asked for in place of that."""
        condition = self._source.conditions.sample(len(owners), generator)
        beta, preference = condition.beta.clone(), condition.preference.clone()
        for row, owner in enumerate(owners):
            ask = self._asked[owner]
            if ask.beta is not None:
                beta[row] = ask.beta
            if ask.preference is not None:
                preference[row] = torch.tensor(ask.preference).to(preference)
        return replace(condition, beta=beta, preference=preference)

    def _keep_wanted(self, texts: Sequence[str], owners: Sequence[int]) -> None:
        """Keep what is still wanted, in the order in which it was drawn, and let the rest be drawn again."""
        for place, (text, owner) in enumerate(zip(texts, owners, strict=True), start=self.drawn.n_passed):
            if self._left[owner]:
                self._left[owner] -= 1
                self.drawn.rows.append(place)
                self.drawn.owners.append(owner)
            else:
                self._filter.allow_again([text])
        self.drawn.n_passed += len(texts)
