"""Tempered sampling: learned logits divided by a temperature; above 1 it explores more, below 1 less."""

from collections.abc import Mapping
from typing import final

from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_forward
from models.gflownet.trajectories import Trajectories


@final
class Tempered(Behaviour):
    """Sample from softmax(logits / temperature); with a prior only what was learned beside it is divided.

    Costs one proxy call per new object.
    """

    reward_calls = 1.0

    def __init__(self, temperature: float) -> None:
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, not {temperature}")
        self.temperature = temperature

    def is_ready(self) -> bool:
        """Return True: the policy alone suffices."""
        return True

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Sample forward."""
        return rollout_forward(policy, environment, condition, generator, self._temper)

    def _temper(
        self,
        logits: Tensor,
        mask: Tensor,  # noqa: ARG002 - as `Explore` says
        log_prior: Tensor | None,
        generator: Generator,  # noqa: ARG002 - as `Explore` says
    ) -> Tensor:
        if log_prior is None:
            return logits / self.temperature
        return log_prior + (logits - log_prior) / self.temperature

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Ignore the observation."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return nothing: there is no state."""
        return {}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Do nothing: there is no state."""
