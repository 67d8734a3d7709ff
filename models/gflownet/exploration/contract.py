"""The behaviour interface: a source of training trajectories that may differ from the policy being trained.

The behaviour samples, the policy scores: a loss recomputes log P_F, so a behaviour cannot bias log Z.
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
    """A source of trajectories; `reward_calls` bounds the new proxy calls per trajectory."""

    reward_calls: float

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether it can produce trajectories now; until then the trainer samples on policy."""

    @abstractmethod
    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Produce one trajectory per condition [B]."""

    @abstractmethod
    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Observe a step's final states [B, W], conditions [B] and log-rewards [B] from any behaviour.

        The conditions are of one inverse temperature, so that log-rewards of different steps compare.
        """

    def elites(self) -> Sequence[Tensor]:
        """Return elites: sets of final states [L, W] for the sampling pool, the best first; usually none."""
        return ()

    def best_states(self) -> Sequence[Tensor]:
        """Return sets of final states [L, W], the best first, from which another training may begin."""
        return ()

    @abstractmethod
    def state_dict(self) -> dict[str, Tensor]:
        """Return the mutable training state as tensors."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `state_dict` returned."""
