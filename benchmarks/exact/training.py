"""Training on an enumerated space, and the exact distance of what was learned from its target.

It knows no particular benchmark. A reward call is counted for every freshly sampled trajectory, also when its object
was seen before; walking back from an object already seen costs none, since its value is known. Letters: X objects,
B states, M factors.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TypeVar, final

import torch
from torch import Generator, Tensor

from benchmarks.exact.spaces import Landscape
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.exact import (
    estimate_log_partition,
    log_partition,
    log_target,
    policy_log_probability,
    reward_ratio,
    total_variation,
)
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer

Base = Callable[[Tensor, Tensor], Tensor]
"""Log-reward over beta [B] of values [B, M] under preferences [B, M]."""
Job = TypeVar("Job")
Answer = TypeVar("Answer")
SPEED_EVERY = 10
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""97.5 % quantile of Student's t by number of seeds."""


@final
@dataclass(frozen=True, slots=True)
class Target:
    """A space and what makes its log-rewards: beta * base(values, preference)."""

    landscape: Landscape
    base: Base

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards of final states [B] under as many conditions."""
        values = self.landscape.values[self.landscape.position(states)]
        return condition.beta * self.base(values, condition.preference).float()

    def partial(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards of the objects [B] that any states stand for, for losses that look forward."""
        return self(self.landscape.finish(states), condition)

    def exact(self, condition: Condition) -> Tensor:
        """Return the log-rewards of all objects [X] (float64) under one condition."""
        values = self.landscape.values
        return condition.beta.double() * self.base(values, condition.preference.double().expand(len(values), -1))

    def trainer(
        self, conditions: ConditionSampler, settings: TrainerSettings, seed: int, known: Sequence[str] = ()
    ) -> Trainer:
        """Return a trainer towards this target; `known` objects are replayed."""
        return Trainer(self.landscape.environment, conditions, self, settings, seed, known)

    def log_probability(self, trainer: Trainer, condition: Condition) -> Tensor:
        """Return the trained policy's exact log-probability of every object [X] under one condition."""
        return policy_log_probability(self.landscape.space, trainer.policy, condition)


@final
@dataclass(frozen=True, slots=True)
class Fit:
    """How far a trained policy is from one condition's exact target; errors of log Z are estimate minus truth."""

    tv: float
    reward_ratio: float
    log_z: float
    log_z_weighted: float


@torch.no_grad()
def fit(target: Target, trainer: Trainer, condition: Condition, n_weights: int = 10_000) -> Fit:
    """Compare with the exact target under one condition; `n_weights` samples estimate log Z by importance weights."""
    log_reward = target.exact(condition)
    log_p = target.log_probability(trainer, condition)
    exact = float(log_partition(log_reward))
    generator = Generator().manual_seed(0)
    weighted = estimate_log_partition(
        trainer.policy, target.landscape.environment, condition.repeat(n_weights), target, generator
    )
    return Fit(
        total_variation(log_p, log_target(log_reward)),
        reward_ratio(log_p, log_reward),
        float(trainer.policy.log_z(condition)) - exact,
        float(weighted) - exact,
    )


def n_replayed(settings: TrainerSettings) -> int:
    """Return how many trajectories of a step walk back from objects already seen."""
    return round((settings.replay_share + settings.measured_share) * settings.trajectories_per_step)


def reward_calls(settings: TrainerSettings) -> int:
    """Return the freshly sampled trajectories of a whole run: every step's, and the first estimate of log Z.

    The first draw has nothing to replay yet.
    """
    fresh = settings.trajectories_per_step - n_replayed(settings)
    first = settings.steps_per_draw * n_replayed(settings)
    return settings.first_estimate + first + settings.steps * fresh


def within_calls(calls: int, settings: TrainerSettings) -> TrainerSettings:
    """Return the settings with as many steps as so many reward calls allow."""
    fresh = settings.trajectories_per_step - n_replayed(settings)
    return replace(settings, steps=(calls - reward_calls(replace(settings, steps=0))) // fresh)


def train_for(core_seconds: float, trainer: Trainer) -> None:
    """Train until so much processor time of all threads is spent.

    The length of the rates' decay follows the speed so far, so that they end low however fast the machine is.
    """
    started = time.process_time()
    spent = 0.0
    while spent < core_seconds:
        trainer.step()
        spent = time.process_time() - started
        if trainer.steps_done % SPEED_EVERY == 0:
            steps = max(int(trainer.steps_done * core_seconds / spent), trainer.steps_done)
            trainer.settings = replace(trainer.settings, steps=steps)


def _one_thread() -> None:
    torch.set_num_threads(1)


def side_by_side(action: Callable[[Job], Answer], jobs: Iterable[Job], processes: int = 2) -> Iterable[Answer]:
    """Run jobs in processes of one thread each and yield their answers in order.

    Small networks gain more from two processes of one thread than from one process of two.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(action, jobs)


def mean_and_half(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean over seeds and half the width of its 95 % confidence interval (Student's t)."""
    tensor = torch.tensor(values, dtype=torch.float64)
    n = len(values)
    half = STUDENT[n] * float(tensor.std()) / n**0.5 if n > 1 else float("nan")
    return float(tensor.mean()), half


def mean(answers: Sequence[dict[str, float]], key: str, *, absolute: bool = False) -> float:
    """Return the mean over seeds of a figure or of its size."""
    return statistics.mean(abs(answer[key]) if absolute else answer[key] for answer in answers)
