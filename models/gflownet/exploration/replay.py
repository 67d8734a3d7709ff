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
from models.gflownet.exploration.archive import Archive, rank_quantiles
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward
from models.gflownet.trajectories import Trajectories
from models.specs.behaviour import RankWeights

LEANING = (1.0, 6.0)
"""Least and greatest power of u: all objects equally often, and half of the draws among the best 64th."""


@final
class Replay(Behaviour):
    """Roll out backward from measured objects, uniformly, and from the best distinct objects so far.

    The object of rank i of L is drawn as L * u^p for uniform u. A target of high beta concentrates on few
    objects, so p grows with beta: it is 2 (density proportional to 1 / sqrt(i)) in the middle of the range,
    and stays within `LEANING`. With reciprocal weights the density is proportional to 1 / (.01 L + i) at
    every beta. No new proxy call is needed where scores are cached.

    Args:
        measured: final states [L, W], as `Environment.states` returns them.
        capacity: how many of the best objects are kept.
        measured_share: of the trajectories, while there are objects of both kinds.
        middle_beta: inverse temperature at which p is 2.
        rank_weights: how often each rank of the best objects is drawn.
    """

    reward_calls = 0.0

    def __init__(
        self,
        measured: Tensor,
        capacity: int,
        measured_share: float = 0.5,
        middle_beta: float = 1.0,
        rank_weights: RankWeights = "power",
    ) -> None:
        self.measured_share = measured_share
        self.middle_beta = middle_beta
        self.rank_weights = rank_weights
        self.measured = measured.cpu()
        self.archive = Archive(measured.shape[1], capacity)

    def is_ready(self) -> bool:
        """Return whether any object can start a backward rollout."""
        return len(self.measured) + len(self.archive) > 0

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Roll out backward from sampled objects; if one kind is missing, the other fills in."""
        n = len(condition)
        uniform = torch.rand(n, generator=generator, device=environment.device).cpu()
        if len(self.measured) and len(self.archive):
            n_measured = round(n * self.measured_share)
        else:
            n_measured = n if len(self.measured) else 0
        known = self.measured[(uniform[:n_measured] * len(self.measured)).long()]
        power = (condition.beta[n_measured:].cpu() * (2.0 / self.middle_beta)).clamp(*LEANING)
        best = self.archive.at(rank_quantiles(uniform[n_measured:], self.rank_weights, power))
        chosen = torch.cat([known, best]).to(environment.device)
        return rollout_backward(policy, environment, chosen, condition, generator)

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Keep the best `capacity` distinct objects of those kept and those observed."""
        del condition
        self.archive.observe(environment, final_states, log_reward)

    def best_states(self) -> Sequence[Tensor]:
        """Return the kept objects, the best first."""
        return (self.archive.best,)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects, the best ones in order."""
        return {"measured": self.measured, **self.archive.state_dict()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept objects."""
        self.measured = state["measured"]
        self.archive.load_state_dict(state)
