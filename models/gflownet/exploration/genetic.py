"""Genetic search: the actions that build the best objects are recombined and mutated (cf. arXiv:2402.05961).

Each trajectory is a backward rollout by P_B from a child, whatever its reward; the better children become
parents. This also varies the middle of a good object, whereas undoing last steps only changes an end. The
best objects join the sampling pool as elites, because a short training may not teach the policy to build
them. Letters: B trajectories.
"""

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.exploration.replay import Replay
from models.gflownet.genetic_operators import breed, build, decompose
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward
from models.gflownet.trajectories import Trajectories


@final
class Genetic(Behaviour):
    """Breed from the best objects observed so far. Costs one new proxy call per trajectory.

    Args:
        state_width: W.
        capacity: how many of the best objects may be parents.
    """

    reward_calls = 1.0

    def __init__(self, state_width: int, capacity: int) -> None:
        self._pool = Replay(torch.empty(0, state_width, dtype=torch.int64), capacity)

    def is_ready(self) -> bool:
        """Return whether there is any object to breed from."""
        return self._pool.is_ready()

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Roll out backward from one child per condition."""
        parents = self._pool.draw_best(2 * len(condition), environment.device, generator)
        bred = breed(decompose(environment, parents, generator), environment.n_actions, generator)
        return rollout_backward(
            policy, environment, build(environment, bred, generator), condition, generator
        )

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Keep the best distinct objects."""
        self._pool.observe(environment, final_states, condition, log_reward)

    def elites(self) -> Sequence[Tensor]:
        """Return the kept objects, the best first."""
        return (self._pool.best,)

    def best_states(self) -> Sequence[Tensor]:
        """Return the kept objects, the best first."""
        return (self._pool.best,)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects."""
        return self._pool.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept objects."""
        self._pool.load_state_dict(state)
