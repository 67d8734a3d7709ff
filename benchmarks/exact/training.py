"""Train on an enumerated space, and compute the exact distance of the policy from its target.

Depends on no particular benchmark. Every freshly sampled trajectory counts as a reward call, even if its
object was seen before; backward rollouts from seen objects cost none, since their values are known. Letters:
X objects, B states, M factors.
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
    """A space and its log-rewards: beta * base(values, preference)."""

    landscape: Landscape
    base: Base

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards of final states [B], each under its own condition."""
        values = self.landscape.values[self.landscape.position(states)]
        return condition.beta * self.base(values, condition.preference).float()

    def partial(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards of the objects [B] that any states stand for, for forward-looking losses."""
        return self(self.landscape.finish(states), condition)

    def exact(self, condition: Condition) -> Tensor:
        """Return the log-rewards of all objects [X] (float64) under one condition."""
        values = self.landscape.values
        return condition.beta.double() * self.base(
            values, condition.preference.double().expand(len(values), -1)
        )

    def trainer(
        self,
        conditions: ConditionSampler,
        settings: TrainerSettings,
        seed: int,
        known: Sequence[str] = (),
        *,
        has_partial: bool = True,
    ) -> Trainer:
        """Return a trainer towards this target; `known` objects are replayed.

        Without `has_partial`, forward-looking losses learn a potential, as they do in a campaign.
        """
        reward = self if has_partial else self.__call__
        return Trainer(self.landscape.environment, conditions, reward, settings, seed, known)

    def log_probability(self, trainer: Trainer, condition: Condition) -> Tensor:
        """Return the trained policy's exact log-probability of every object [X] under one condition."""
        return policy_log_probability(self.landscape.space, trainer.policy, condition)


@final
@dataclass(frozen=True, slots=True)
class Fit:
    """A policy's distance from one condition's exact target; errors of log Z are estimate minus truth."""

    tv: float
    reward_ratio: float
    log_z: float
    log_z_weighted: float


@torch.no_grad()
def fit(target: Target, trainer: Trainer, condition: Condition, n_weights: int = 10_000) -> Fit:
    """Compare with one condition's exact target; `n_weights` samples give log Z by importance weights."""
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
    """Return the number of trajectories of a step that are backward rollouts from seen objects."""
    return round((settings.replay_share + settings.measured_share) * settings.trajectories_per_step)


def reward_calls(settings: TrainerSettings) -> int:
    """Return a run's freshly sampled trajectories: every step's, and those of the first log Z estimate.

    The first step has nothing to replay yet.
    """
    fresh = settings.trajectories_per_step - n_replayed(settings)
    first = settings.steps_per_draw * n_replayed(settings)
    return settings.first_estimate + first + settings.steps * fresh


def within_calls(calls: int, settings: TrainerSettings) -> TrainerSettings:
    """Return the settings with as many steps as this number of reward calls allows."""
    fresh = settings.trajectories_per_step - n_replayed(settings)
    return replace(settings, steps=(calls - reward_calls(replace(settings, steps=0))) // fresh)


def train_for(core_seconds: float, trainer: Trainer) -> None:
    """Train until this much processor time of all threads is spent.

    The decay of the learning rates follows the speed so far, so that they end low on any machine.
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


def side_by_side(
    action: Callable[[Job], Answer], jobs: Iterable[Job], processes: int = 2
) -> Iterable[Answer]:
    """Run jobs in processes of one thread each and yield their results in order.

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
    """Return the mean of a metric over seeds, or of its absolute value."""
    return statistics.mean(abs(answer[key]) if absolute else answer[key] for answer in answers)
