"""What behaviours share that search from the best objects observed so far.

Letters: B observed objects, W state width, L kept objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.gflownet.exploration.archive import Archive
from models.gflownet.exploration.contract import Behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Generator, Tensor

    from models.gflownet.conditioning import Condition
    from models.gflownet.environment import Environment
    from models.specs.behaviour import RankWeights


class ArchiveSearch(Behaviour):
    """A behaviour that keeps an archive and is ready once it holds any object.

    Args:
        state_width: W.
        capacity: how many of the best objects are kept.
        rank_weights: how often each rank of them is drawn.
    """

    def __init__(self, state_width: int, capacity: int, rank_weights: RankWeights = "power") -> None:
        self._archive = Archive(state_width, capacity)
        self._rank_weights = rank_weights

    def is_ready(self) -> bool:
        """Return whether there is any object to search from."""
        return len(self._archive) > 0

    def draw(self, n: int, environment: Environment, generator: Generator) -> Tensor:
        """Return n of the kept objects [n, W], the better ones more often."""
        return self._archive.draw(n, self._rank_weights, environment.device, generator)

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Keep the best distinct objects of those kept and those observed [B]."""
        del condition
        self._archive.observe(environment, final_states, log_reward)

    def elites(self) -> Sequence[Tensor]:
        """Return the kept objects [L, W], the best first."""
        return (self._archive.best,)

    def best_states(self) -> Sequence[Tensor]:
        """Return the elites."""
        return self.elites()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects."""
        return self._archive.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept objects."""
        self._archive.load_state_dict(state)
