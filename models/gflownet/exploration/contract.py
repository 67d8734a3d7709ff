"""The behaviour interface: a source of training trajectories that may differ from the policy being trained.

The behaviour samples, the policy scores: a loss recomputes log P_F, so nothing a behaviour does can bias log Z.
Letters: B trajectories, W state width.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.policy import Policy
from models.gflownet.trajectories import Trajectories


class Behaviour(ABC):
    """One source of trajectories. `reward_calls` is what one of its trajectories costs in new proxy calls, at most."""

    reward_calls: float

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether it can produce trajectories now; until then the trainer samples on policy instead."""

    @abstractmethod
    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Produce one trajectory per condition [B]."""

    @abstractmethod
    def observe(self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor) -> None:
        """Take note of a step's final states [B, W], conditions [B] and log-rewards [B], whoever produced them."""

    def elites(self) -> Sequence[Tensor]:
        """Return sets of final states [L, W] that are worth proposing as they are, the best first; usually none."""
        return ()

    @abstractmethod
    def state_dict(self) -> dict[str, Tensor]:
        """Return everything that changes while training, as tensors."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` returned."""
