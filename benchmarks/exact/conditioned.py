"""Common parts of `conditioning`: kinds of conditioning, jobs, and metrics of a trained policy."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from torch import Tensor

from benchmarks.exact.training import Target
from models.gflownet.conditioning import Condition
from models.gflownet.policy import PolicySpec
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer

SEEDS = (1, 2, 3, 4, 5)
KINDS: dict[str, dict[str, Any]] = {
    "scale and concatenation": {"has_logit_scale": True, "has_concatenation": True},
    "scale": {"has_logit_scale": True, "has_concatenation": False},
    "concatenation": {"has_logit_scale": False, "has_concatenation": True},
}
TRAINING = TrainerSettings(
    steps=2_000,
    steps_per_draw=1,
    trajectories_per_step=128,
    policy=PolicySpec(width=256, depth=2),
    learning_rate=6e-3,
    huber_delta=1.0,
    measured_share=0.0,
    replay_share=0.75,
    replay_capacity=65_536,
)


class ConditionedRun(NamedTuple):
    """One training run, as sent to another process: a kind of conditioning, or a dedicated policy's beta."""

    kind: str
    seed: int
    quick: bool
    beta: float | None = None

    def settings(self, usual: TrainerSettings) -> TrainerSettings:
        """Return the settings of the run."""
        settings = replace(usual, policy=replace(usual.policy, **KINDS.get(self.kind, {})))
        return replace(settings, steps=20, trajectories_per_step=64) if self.quick else settings


def expected(aim: Target, trainer: Trainer, condition: Condition) -> Tensor:
    """Return the exact mean of each factor [M] under the policy."""
    return aim.log_probability(trainer, condition).exp() @ aim.landscape.values


def smallest_rise(values: Sequence[float]) -> float:
    """Return the smallest difference of neighbours, which is not negative for a monotone sequence."""
    return min(after - before for before, after in pairwise(values))
