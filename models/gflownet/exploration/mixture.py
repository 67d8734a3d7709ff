"""A mixture of behaviours: each produces its share of a step's trajectories, the last one the remainder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Policy
from models.gflownet.trajectories import Trajectories, join


@final
@dataclass(frozen=True, slots=True)
class MixtureComponent:
    """A behaviour with the name of its stored state, its share, and whether it observes new objects."""

    name: str
    behaviour: Behaviour
    share: float
    has_memory: bool = True


@final
class MixtureBehaviour(Behaviour):
    """Split the conditions of a step among components in order; `rest` serves the remaining ones.

    Its cost per trajectory is the share-weighted cost of its components.

    Raises:
        ValueError: if a share is negative or their sum exceeds 1.
    """

    def __init__(self, parts: Sequence[MixtureComponent], rest: Behaviour) -> None:
        total = sum(part.share for part in parts)
        if total > 1 + 1e-9 or any(part.share < 0 for part in parts):
            named = ", ".join(f"{part.name} {part.share:g}" for part in parts)
            raise ValueError(f"the shares of trajectories must be at least 0 and sum to at most 1: {named}")
        self.parts = tuple(parts)
        self.rest = rest
        served = sum(part.share * part.behaviour.reward_calls for part in parts)
        self.reward_calls = served + max(0.0, 1 - total) * rest.reward_calls

    def is_ready(self) -> bool:
        """Return whether the behaviour that serves the rest is ready."""
        return self.rest.is_ready()

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Produce one trajectory per condition [B]."""
        n, start = len(condition), 0
        rollouts = []
        for part in self.parts:
            wanted = round(part.share * n) if part.behaviour.is_ready() else 0
            rows = slice(start, min(start + wanted, n))
            if rows.stop > rows.start:
                rollouts.append(
                    part.behaviour.trajectories(policy, environment, condition.at(rows), generator)
                )
                start = rows.stop
        if start < n:
            rollouts.append(
                self.rest.trajectories(policy, environment, condition.at(slice(start, n)), generator)
            )
        return join(rollouts)

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Pass the observation to every component that keeps objects."""
        for part in self.parts:
            if part.has_memory:
                part.behaviour.observe(environment, final_states, condition, log_reward)

    def elites(self) -> Sequence[Tensor]:
        """Return the elites of all components."""
        return [states for part in self.parts for states in part.behaviour.elites()]

    def best_states(self) -> Sequence[Tensor]:
        """Return the best objects of all components."""
        return [states for part in self.parts for states in part.behaviour.best_states()]

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state of every component under its name."""
        return {
            f"{part.name}.{key}": value
            for part in self.parts
            for key, value in part.behaviour.state_dict().items()
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the components' states; unknown names are ignored."""
        for part in self.parts:
            start = f"{part.name}."
            part.behaviour.load_state_dict(
                {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            )
