"""Objects like a given one: it is taken apart a little, and the policy builds on from there.

Letters: B samples, W state width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.gflownet.exploration.local_search import rebuild, undo_steps

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from models.gflownet.conditioning import Condition
    from models.rounds.sampling.candidate_pool import TrainedSampler

MOST_STEPS_BACK = 12
"""Steps that are undone at most, the stopping one included; every number of steps is tried equally often."""


def local_edits(source: TrainedSampler, state: Tensor, condition: Condition, generator: Generator) -> Tensor:
    """Return final states [B, W] that the policy builds from what is left of a final state [W]."""
    most = min(MOST_STEPS_BACK, source.environment.max_steps)
    depth = torch.arange(len(condition), device=state.device) % most + 1
    policy, environment = source.policy, source.environment
    whole = state.expand(len(condition), -1)
    left = undo_steps(policy, environment, whole, condition, depth, generator).states
    return rebuild(policy, environment, left, condition, generator).states
