"""Replay by backward trajectories: of measured objects, and of the best objects sampled so far.

Only final states are kept, on the CPU. Conditions are drawn anew and rewards asked again, so a changed proxy or
another temperature makes nothing stale. Letters: B trajectories, W state width, L kept objects.
"""

from collections.abc import Mapping
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Policy
from models.gflownet.sampler import walk_backward
from models.gflownet.trajectories import Trajectories


def _first_of_each(keys: Tensor) -> Tensor:
    """Return the places [U], in order, at which each distinct key [L] first occurs."""
    distinct, group = torch.unique(keys, return_inverse=True)
    places = torch.arange(len(keys), device=keys.device)
    first = torch.full((len(distinct),), len(keys), device=keys.device).scatter_reduce(0, group, places, "amin")
    return first.sort().values


@final
class MeasuredReplay(Behaviour):
    """Walk back from measured objects, each equally often. Costs no proxy call once every object was scored.

    Args:
        final_states: [L, W], as `Environment.states` returns them.
    """

    reward_calls = 0.0

    def __init__(self, final_states: Tensor) -> None:
        self.final_states = final_states.cpu()

    def is_ready(self) -> bool:
        """Tell whether any measured object can be represented."""
        return len(self.final_states) > 0

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Walk back from objects drawn uniformly with replacement."""
        device = environment.device
        places = torch.randint(len(self.final_states), (len(condition),), generator=generator, device=device)
        chosen = self.final_states[places.cpu()].to(device)
        return walk_backward(policy, environment, chosen, condition, generator)

    def observe(self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor) -> None:
        """Learn nothing: what was measured does not change while training."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects."""
        return {"final_states": self.final_states}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back the kept objects."""
        self.final_states = state["final_states"]


@final
class PrioritizedReplay(Behaviour):
    """Walk back from the best distinct objects so far. Costs no new proxy call where scores are cached.

    An object's priority is its highest log-reward / beta, which compares objects seen at different temperatures. The
    object of rank i among L is drawn with density proportional to 1 / sqrt(i).

    Args:
        capacity: how many objects are kept.
        state_width: W.
    """

    reward_calls = 0.0

    def __init__(self, capacity: int, state_width: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self.capacity = capacity
        self.final_states = torch.empty(0, state_width, dtype=torch.int64)
        self.keys = torch.empty(0, dtype=torch.int64)
        self.priority = torch.empty(0)

    def is_ready(self) -> bool:
        """Tell whether anything was observed."""
        return len(self.keys) > 0

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Walk back from objects drawn by rank."""
        device = environment.device
        uniform = torch.rand(len(condition), generator=generator, device=device).cpu()
        places = (uniform.square() * len(self.keys)).long()
        chosen = self.final_states[places].to(device)
        return walk_backward(policy, environment, chosen, condition, generator)

    def observe(self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor) -> None:
        """Keep the best `capacity` distinct objects of those kept and those shown."""
        priority = (log_reward / condition.beta).detach()
        if len(self.keys) == self.capacity:
            promising = (priority > self.priority[-1].to(priority.device)).nonzero().squeeze(1)
            if not len(promising):
                return
            final_states, priority = final_states[promising], priority[promising]
        keys = torch.cat([self.keys, environment.key(final_states).cpu()])
        states = torch.cat([self.final_states, final_states.cpu()])
        priority, order = torch.cat([self.priority, priority.cpu()]).sort(descending=True, stable=True)
        kept = _first_of_each(keys[order])[: self.capacity]
        self.priority = priority[kept]
        self.keys = keys[order][kept]
        self.final_states = states[order][kept]

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects, best first."""
        return {"final_states": self.final_states, "keys": self.keys, "priority": self.priority}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back the kept objects."""
        self.final_states, self.keys, self.priority = state["final_states"], state["keys"], state["priority"]
