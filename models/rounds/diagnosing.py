"""What a round keeps about itself for insights: how the policy converged, and what the predictions hang on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.rounds.attribution import importance
from models.rounds.convergence import convergence

if TYPE_CHECKING:
    from models.gflownet.exact import Space
    from models.gflownet.trainer import Trainer
    from models.rounds.fitting import Fitted
    from models.rounds.training import StateReward


def diagnose(fitted: Fitted, trainer: Trainer, reward: StateReward, space: Space | None, seed: int) -> dict[str, Any]:
    """Return `log_z`, `convergence` and `importance` as plain JSON; equal rounds tell equal numbers."""
    return {**convergence(fitted, trainer, reward, space, seed), "importance": importance(fitted, seed)}
