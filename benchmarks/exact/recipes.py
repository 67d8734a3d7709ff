"""Training recipes of the fidelity benchmark: settings of each space, and one run to its exact distance."""

import math
import time
from dataclasses import asdict, replace
from typing import NamedTuple

from benchmarks.exact.targets import target
from benchmarks.exact.training import fit
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.policy import PolicySpec
from models.gflownet.settings import TrainerSettings

SEEDS = (1, 2, 3)
CALLS = 64_000
GRID_TRAJECTORIES = 32_000
NGRAMS = (1, 2, 3, 4)
"""The policy's features for TFBind8 and its small slice; for QM9's strings they are letters."""
BUDGET = TrainerSettings(
    trajectories_per_step=128,
    policy=PolicySpec(width=256, depth=3),
    learning_rate=2e-3,
    huber_delta=5.0,
    measured_share=0.0,
    replay_share=0.875,
    replay_capacity=65_536,
)
MINUTES = replace(
    BUDGET,
    trajectories_per_step=256,
    policy=PolicySpec(width=256, depth=2),
    learning_rate=4e-3,
    huber_delta=1.0,
    replay_share=0.75,
)
PLAIN_GRID = TrainerSettings(
    steps_per_draw=1,
    policy=PolicySpec(has_learned_backward=True),
    learning_rate=1e-3,
    log_z_learning_rate=1e-1,
    final_rate=1.0,
    huber_delta=None,
    gradient_norm=math.inf,
    random_action_probability=0.0,
    measured_share=0.0,
    replay_share=0.0,
    first_estimate=0,
)
"""The peer's recipe.

One rollout for each step, squared residuals, constant rates, no clipping, exploration or replay.
"""
OUR_GRID = replace(
    PLAIN_GRID,
    steps_per_draw=TrainerSettings().steps_per_draw,
    learning_rate=3e-3,
    final_rate=0.02,
    huber_delta=1.0,
    gradient_norm=10.0,
    random_action_probability=0.1,
    replay_share=0.75,
    replay_capacity=20_000,
    first_estimate=512,
)
SMALL = TrainerSettings(
    steps=1_500,
    policy=PolicySpec(width=128),
    random_action_probability=0.1,
    measured_share=0.0,
    replay_share=0.0,
    log_z_learning_rate=5e-2,
)


class RecipeRun(NamedTuple):
    """One training run, as sent to another process."""

    space: str
    settings: TrainerSettings
    seed: int


def trained(job: RecipeRun) -> dict[str, float]:
    """Train on one space and return the fit, with the duration in seconds."""
    aim, conditions = target(job.space, NGRAMS), ConditionSampler((1.0, 1.0), 1)
    started = time.perf_counter()
    trainer = aim.trainer(conditions, job.settings, job.seed)
    trainer.run(job.settings.steps)
    seconds = time.perf_counter() - started
    calls = trainer.reward_calls + trainer.partial_calls
    return {**asdict(fit(aim, trainer, conditions.fixed(1.0))), "seconds": seconds, "rewards": calls}
