"""Truth for small spaces: train one conditional policy and compare its exact distribution with the target's.

The target is R^beta / Z, or prior * R^beta / Z.

Letters: X final states in the order of `enumerate_space`, M objectives, B trajectories.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.exact import (
    Space,
    enumerate_space,
    log_target,
    policy_log_probability,
    prior_log_probability,
    total_variation,
)
from models.gflownet.policy import PolicySpec
from models.gflownet.prior import ActionPrior, LogPrior
from models.gflownet.rewards import LogRewardFn, log_priors
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer

TOLERANCE = 0.05
BETAS = (1.0, 2.0, 4.0)
PREFERENCES = ((1.0, 0.0), (0.5, 0.5), (0.0, 1.0))
SETTINGS = TrainerSettings(steps=2000, learning_rate=4e-3, policy=PolicySpec(width=128))


@dataclass(frozen=True)
class Deviation:
    """How far a trained policy is from the truth under one condition."""

    beta: float
    preference: tuple[float, ...]
    total_variation: float
    log_z_error: float


def tabulated(space: Space, utilities: Tensor) -> LogRewardFn:
    """Return log R = beta * (utilities [X, M].

    preference) as a look-up; rows of -inf are forbidden objects.
    """
    keys, order = space.environment.key(space.final_states).sort()
    table = utilities[order].float()
    is_allowed = table.isfinite().all(dim=1)
    table = table.masked_fill(~is_allowed.unsqueeze(1), 0.0)

    def log_reward(final_states: Tensor, condition: Condition) -> Tensor:
        rows = torch.searchsorted(keys, space.environment.key(final_states))
        scalar = (table[rows] * condition.preference).sum(dim=1)
        return torch.where(is_allowed[rows], condition.beta * scalar, -torch.inf)

    return log_reward


@dataclass(frozen=True)
class BesidePrior:
    """A log-reward beside a prior, which no inverse temperature multiplies."""

    log_reward: LogRewardFn
    prior: LogPrior

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B]."""
        return self.log_reward(states, condition)

    def log_prior(self, states: Tensor) -> Tensor:
        """Return log-densities [B]."""
        return self.prior(states)


def deviations(
    trainer: Trainer,
    space: Space,
    log_reward: LogRewardFn,
    preferences: Sequence[tuple[float, ...]] = PREFERENCES,
) -> list[Deviation]:
    """Return the deviation from the truth at every pair of inverse temperature and preference."""
    log_prior = log_priors(log_reward, space.final_states)
    if trainer.policy.prior is not None:
        log_prior = log_prior + prior_log_probability(space, trainer.policy.prior)
    found = []
    for beta in BETAS:
        for preference in preferences:
            condition = trainer.conditions.fixed(beta, preference)
            target = log_reward(space.final_states, condition.repeat(len(space))) + log_prior
            log_p = policy_log_probability(space, trainer.policy, condition)
            with torch.no_grad():
                log_z = float(trainer.policy.log_z(condition))
            error = log_z - float(target.double().logsumexp(0))
            found.append(Deviation(beta, preference, total_variation(log_p, log_target(target)), error))
    return found


def assert_exact(  # noqa: PLR0913 - each is one thing that a target or a training has
    environment: Environment,
    utilities: Tensor,
    *,
    log_reward: LogRewardFn | None = None,
    preferences: Sequence[tuple[float, ...]] = PREFERENCES,
    settings: TrainerSettings = SETTINGS,
    seed: int = 0,
    prior: ActionPrior | None = None,
) -> list[Deviation]:
    """Train on tabulated utilities [X, M] of `enumerate_space(environment).final_states`, and compare.

    `log_reward` stands in for the table where a loss needs more than that, or a prior stands beside the
    table; it must have these utilities. With `prior` the target is that of its trajectories times the reward.

    Raises:
        AssertionError: if the total variation exceeds the tolerance at any of the conditions.
    """
    space = enumerate_space(environment)
    assert utilities.shape == (len(space), len(preferences[0]))
    log_reward = log_reward or tabulated(space, utilities)
    conditions = ConditionSampler((BETAS[0], BETAS[-1]), utilities.shape[1], device=environment.device)
    trainer = Trainer(environment, conditions, log_reward, settings, seed, prior=prior)
    trainer.run(settings.steps)
    found = deviations(trainer, space, log_reward, preferences)
    worst = max(found, key=lambda deviation: deviation.total_variation)
    assert worst.total_variation <= TOLERANCE, f"{worst} among {len(space)} objects"
    return found
