"""Coverage of a two-objective front by a conditional policy's samples. Depends on no training.

Letters: N points, M objectives, F front members.
"""

import torch
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated
from torch import Generator, Tensor

from benchmarks.exact.training import Target
from models.gflownet.conditioning import Condition
from models.gflownet.sampler import sample
from models.gflownet.trainer import Trainer


def front_of(values: Tensor) -> Tensor:
    """Return the points [F, M] of values [N, M] that no other dominates."""
    return values[is_non_dominated(values)]


def hypervolume(points: Tensor) -> float:
    """Return the hypervolume of points [N, M] at reference 0."""
    return float(Hypervolume(torch.zeros(points.shape[1])).compute(front_of(points)))


def front_points(points: Tensor, front: Tensor) -> int:
    """Return the number of distinct front members [F, M] among points [N, M]."""
    return int((front.unsqueeze(1) == points.unsqueeze(0)).all(dim=2).any(dim=1).sum())


def ten_preferences() -> Tensor:
    """Return ten preferences [10, 2], evenly spread, including the corners."""
    first = torch.linspace(0, 1, 10)
    return torch.stack([first, 1 - first], dim=1)


def drawn(aim: Target, trainer: Trainer, beta: float, seed: int) -> Tensor:
    """Return the values of 128 samples for each of ten preferences [1280, M]."""
    preferences = ten_preferences().repeat_interleave(128, dim=0)
    condition = Condition(torch.full((len(preferences),), beta), preferences)
    generator = Generator().manual_seed(seed)
    samples = sample(trainer.policy, aim.landscape.environment, condition, len(condition), generator)
    return aim.landscape.values[aim.landscape.position(samples.final_states)]
