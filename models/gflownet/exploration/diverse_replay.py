"""A stratified replay buffer: distinct objects of every utility level and every leading objective.

Only final states are kept, on the CPU; rewards are evaluated again under new conditions. Letters: B
trajectories, W state width, L kept objects, G non-empty strata.
"""

from collections.abc import Mapping
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.archive import first_of_each
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward
from models.gflownet.trajectories import Trajectories


@final
class DiverseReplay(Behaviour):
    """Roll out backward from distinct objects: draw a utility level, a leading objective, an object.

    A stratum combines a level of the observed log-reward (its range cut into `n_levels` equal parts) with the
    objective of greatest weight when the object was last seen. The level of rank i, the highest first, is
    drawn with density proportional to 1 / sqrt(i), objectives and objects with equal probability. A full
    buffer drops the oldest objects of the most crowded strata, so rare levels are kept. No new proxy call is
    needed where scores are cached.

    Args:
        state_width: W.
        capacity: how many objects are kept.
        n_levels: parts of the range of utility.
    """

    reward_calls = 0.0

    def __init__(self, state_width: int, capacity: int, n_levels: int = 10) -> None:
        if capacity < 1 or n_levels < 1:
            raise ValueError("capacity and n_levels must be at least 1")
        self.capacity = capacity
        self.n_levels = n_levels
        self.states = torch.empty(0, state_width, dtype=torch.int64)
        self.keys = torch.empty(0, dtype=torch.int64)
        self.utility = torch.empty(0)
        self.leader = torch.empty(0, dtype=torch.int64)

    def is_ready(self) -> bool:
        """Return whether any object can start a backward rollout."""
        return len(self.states) > 0

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Roll out backward from objects sampled stratum by stratum."""
        uniform = torch.rand(2, len(condition), generator=generator, device=environment.device).cpu()
        stratum = self._strata()
        order = stratum.sort(stable=True).indices
        strata, count = torch.unique(stratum, return_counts=True)  # [G]
        drawn = torch.searchsorted(self._weights(strata).cumsum(0), uniform[0]).clamp_max(len(strata) - 1)
        within = (uniform[1] * count[drawn]).long()
        chosen = order[(count.cumsum(0) - count)[drawn] + within]
        return rollout_backward(
            policy, environment, self.states[chosen].to(environment.device), condition, generator
        )

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Add new objects, the latest first, and drop those that crowd a stratum."""
        keys = torch.cat([environment.key(final_states).cpu(), self.keys])
        kept = first_of_each(keys)
        self.keys = keys[kept]
        self.states = torch.cat([final_states.cpu(), self.states])[kept]
        self.utility = torch.cat([log_reward.cpu(), self.utility])[kept]
        self.leader = torch.cat([condition.preference.argmax(dim=1).cpu(), self.leader])[kept]
        if len(self.keys) > self.capacity:
            rows = self._rank_within(self._strata()).sort(stable=True).indices[: self.capacity].sort().values
            self.keys, self.states = self.keys[rows], self.states[rows]
            self.utility, self.leader = self.utility[rows], self.leader[rows]

    def _strata(self) -> Tensor:
        """Return the stratum of every object [L]."""
        low, high = self.utility.min(), self.utility.max()
        level = (self.utility - low) / (high - low).clamp_min(1e-9) * self.n_levels
        return self.leader * self.n_levels + level.long().clamp_max(self.n_levels - 1)

    def _weights(self, strata: Tensor) -> Tensor:
        """Return the probabilities of distinct strata [G]."""
        _, level, n_leaders = torch.unique(-(strata % self.n_levels), return_inverse=True, return_counts=True)
        edges = torch.linspace(0, 1, len(n_leaders) + 1).sqrt()
        weights: Tensor = (edges.diff() / n_leaders)[level]
        return weights

    def _rank_within(self, stratum: Tensor) -> Tensor:
        """Return the rank of each object within its stratum [L]."""
        order = stratum.sort(stable=True).indices
        _, group, count = torch.unique(stratum, return_inverse=True, return_counts=True)
        index = torch.empty_like(order)
        index[order] = torch.arange(len(order))
        first: Tensor = (count.cumsum(0) - count)[group]
        return index - first

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects, the latest first."""
        return {"states": self.states, "keys": self.keys, "utility": self.utility, "leader": self.leader}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept objects."""
        self.states, self.keys = state["states"], state["keys"]
        self.utility, self.leader = state["utility"], state["leader"]
