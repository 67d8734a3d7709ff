"""What a round keeps about itself for insights.

How the policy converged, and what the predictions hang on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.rounds.reporting.convergence import convergence
from models.rounds.reporting.importance import importance

if TYPE_CHECKING:
    from models.gflownet.exact import Space
    from models.gflownet.trainer import Trainer
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.training.state_reward import StateReward


def diagnose(
    fitted: RoundModel, trainer: Trainer, reward: StateReward, space: Space | None, seed: int
) -> dict[str, Any]:
    """Return `log_z`, `convergence` and `importance` as plain JSON; equal rounds tell equal numbers."""
    return {**convergence(trainer, reward, space, seed), "importance": importance(fitted, seed)}
