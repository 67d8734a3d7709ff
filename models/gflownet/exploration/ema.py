"""The EMA policy: an exponential moving average of the policy's weights samples the trajectories."""

from collections.abc import Mapping
from copy import deepcopy
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_forward
from models.gflownet.trajectories import Trajectories


@final
class EMAPolicy(Behaviour):
    """Sample from average <- decay * average + (1 - decay) * policy, updated at each call.

    Costs one proxy call per new object, and a second copy of the network.

    Args:
        policy: where the average starts.
        decay: share of the average that is kept at each step, at least 0 and below 1.
    """

    reward_calls = 1.0

    def __init__(self, policy: Policy, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay must be at least 0 and below 1, not {decay}")
        self.decay = decay
        shared = {id(policy.prior): policy.prior}  # it never changes, and knows the environment
        self.average = deepcopy(policy, shared).requires_grad_(requires_grad=False)

    def is_ready(self) -> bool:
        """Return True: the average starts as the policy."""
        return True

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Move the average towards the policy, then sample forward from it."""
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), policy.parameters(), strict=True):
                mean.lerp_(value, 1 - self.decay)
        return rollout_forward(self.average, environment, condition, generator)

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Ignore the observation."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return the average."""
        return dict(self.average.state_dict())

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the average."""
        self.average.load_state_dict(state)
