"""The replay buffer: backward rollouts from measured objects and from the best objects sampled so far.

Only final states are kept, on the CPU. Conditions are resampled and rewards evaluated again, so a changed
proxy or temperature makes nothing stale. Letters: B trajectories, W state width, L kept objects.
"""

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward
from models.gflownet.trajectories import Trajectories

LEANING = (1.0, 6.0)
"""Least and greatest power of u: all objects equally often, and half of the draws among the best 64th."""


def first_of_each(keys: Tensor) -> Tensor:
    """Return the indices [U], in order, at which each distinct key [L] first occurs."""
    distinct, group = torch.unique(keys, return_inverse=True)
    indices = torch.arange(len(keys), device=keys.device)
    first = torch.full((len(distinct),), len(keys), device=keys.device).scatter_reduce(
        0, group, indices, "amin"
    )
    return first.sort().values


@final
class Replay(Behaviour):
    """Roll out backward from measured objects, uniformly, and from the best distinct objects so far.

    An object's priority is its highest observed log-reward, all of which are of one inverse temperature: a
    log-reward holds terms that beta does not scale, so dividing by beta would compare nothing. The object of
    rank i of L is drawn as L * u^p for uniform u. A target of high beta concentrates on few objects, so p
    grows with beta: it is 2 (density proportional to 1 / sqrt(i)) in the middle of the range, and stays
    within `LEANING`. No new proxy call is needed where scores are cached.

    Args:
        measured: final states [L, W], as `Environment.states` returns them.
        capacity: how many of the best objects are kept.
        measured_share: of the trajectories, while there are objects of both kinds.
        middle_beta: inverse temperature at which p is 2.
    """

    reward_calls = 0.0

    def __init__(
        self, measured: Tensor, capacity: int, measured_share: float = 0.5, middle_beta: float = 1.0
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self.capacity = capacity
        self.measured_share = measured_share
        self.middle_beta = middle_beta
        self.measured = measured.cpu()
        self.best = self.measured[:0]
        self.keys = torch.empty(0, dtype=torch.int64)
        self.priority = torch.empty(0)

    def is_ready(self) -> bool:
        """Return whether any object can start a backward rollout."""
        return len(self.measured) + len(self.best) > 0

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Roll out backward from sampled objects; if one kind is missing, the other fills in."""
        n = len(condition)
        uniform = torch.rand(n, generator=generator, device=environment.device).cpu()
        if len(self.measured) and len(self.best):
            n_measured = round(n * self.measured_share)
        else:
            n_measured = n if len(self.measured) else 0
        known = self.measured[(uniform[:n_measured] * len(self.measured)).long()]
        power = (condition.beta[n_measured:].cpu() * (2.0 / self.middle_beta)).clamp(*LEANING)
        best = self.best[(uniform[n_measured:].pow(power) * len(self.best)).long()]
        chosen = torch.cat([known, best]).to(environment.device)
        return rollout_backward(policy, environment, chosen, condition, generator)

    def draw_best(self, n: int, device: torch.device, generator: Generator) -> Tensor:
        """Return n of the best objects [n, W], the better ones more often; there must be one."""
        uniform = torch.rand(n, generator=generator, device=device).cpu()
        return self.best[(uniform.square() * len(self.best)).long()].to(device)

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Keep the best `capacity` distinct objects of those kept and those observed."""
        del condition
        priority = log_reward
        if len(self.keys) == self.capacity:
            promising = (priority > self.priority[-1].to(priority.device)).nonzero().squeeze(1)
            if not len(promising):
                return
            final_states, priority = final_states[promising], priority[promising]
        keys = torch.cat([self.keys, environment.key(final_states).cpu()])
        states = torch.cat([self.best, final_states.cpu()])
        priority, order = torch.cat([self.priority, priority.cpu()]).sort(descending=True, stable=True)
        kept = first_of_each(keys[order])[: self.capacity]
        self.priority = priority[kept]
        self.keys = keys[order][kept]
        self.best = states[order][kept]

    def best_states(self) -> Sequence[Tensor]:
        """Return the kept objects, the best first."""
        return (self.best,)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects, the best ones in order."""
        return {"measured": self.measured, "best": self.best, "keys": self.keys, "priority": self.priority}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept objects."""
        self.measured, self.best = state["measured"], state["best"]
        self.keys, self.priority = state["keys"], state["priority"]
