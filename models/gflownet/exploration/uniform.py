"""On-policy sampling mixed with random actions: with probability epsilon per step, any allowed action.

With a prior the random action is drawn from it, since uniform ones leave what it holds possible.
"""

from collections.abc import Mapping
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
class UniformMixture(Behaviour):
    """Sample from the policy; with probability `epsilon` take an allowed action drawn at random instead.

    Costs one proxy call per new object.
    """

    reward_calls = 1.0

    def __init__(self, epsilon: float) -> None:
        if not 0 <= epsilon <= 1:
            raise ValueError(f"epsilon must be within 0 and 1, not {epsilon}")
        self.epsilon = epsilon

    def is_ready(self) -> bool:
        """Return True: the policy alone suffices."""
        return True

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Sample forward."""
        explore = self._mix if self.epsilon > 0 else None
        return rollout_forward(policy, environment, condition, generator, explore)

    def _mix(self, logits: Tensor, mask: Tensor, log_prior: Tensor | None, generator: Generator) -> Tensor:
        is_random = torch.rand(len(logits), 1, generator=generator, device=logits.device) < self.epsilon
        if log_prior is None:
            return logits.masked_fill_(is_random & mask, 0.0)
        return torch.where(is_random & mask, log_prior, logits)

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Ignore the observation."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return nothing: there is no state."""
        return {}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Do nothing: there is no state."""
