"""The log-reward of final states: what a campaign wants, asked by the states of its environment.

Knows the reward by texts; not who trains or samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from models.gflownet.conditioning import Condition
    from models.gflownet.environment import Environment
    from models.gflownet.prior import LogPrior
    from models.reward.lagrange_multipliers import LagrangeMultipliers
    from models.reward.log_reward import ObjectLogReward

MOST_TEXTS = 1_000_000
"""States whose objects are remembered: some hundred megabytes."""


@final
class StateReward:
    """The log-reward of final states, beside a prior.

    An object's text is asked for only when its state is new.

    Args:
        environment: of the states.
        reward: of texts.
        prior: of final states; without one all objects weigh the same.
    """

    def __init__(
        self, environment: Environment, reward: ObjectLogReward, prior: LogPrior | None = None
    ) -> None:
        self.environment = environment
        self._reward = reward
        self._prior = prior
        self._texts: dict[int, str] = {}

    @property
    def multipliers(self) -> LagrangeMultipliers:
        """Those of the constraints that the reward weighs; they move while training."""
        return self._reward.multipliers

    def violations(self, states: Tensor) -> Tensor:
        """Return which of those constraints each final state [B, W] violates [B, L] (bool)."""
        return self._reward.violations(self.texts(states))

    def texts(self, states: Tensor) -> list[str]:
        """Return the canonical text of each final state [B, W]; empty for what is no object."""
        if len(self._texts) > MOST_TEXTS:
            self._texts.clear()
        keys: list[int] = self.environment.key(states).tolist()
        new = {key: row for row, key in enumerate(keys) if key not in self._texts}
        if new:
            rows = torch.tensor(list(new.values()), device=states.device)
            self._texts.update(zip(new, self.environment.objects(states[rows]), strict=True))
        return [self._texts[key] for key in keys]

    def prepare(self, states: Tensor) -> None:
        """Ask the proxies about final states [B, W] in one go; their log-rewards will be wanted soon."""
        self._reward.prepare(self.texts(states))

    def factors(self, states: Tensor, preference: Tensor) -> tuple[Tensor, Tensor]:
        """Return `ObjectLogReward.factors` [B] of final states [B, W] for preferences [B, M]."""
        return self._reward.factors(self.texts(states), preference)

    def uncertainty(self, states: Tensor) -> Tensor:
        """Return how little the proxies know of final states [B, W]: [B] (float32), from 0 to 1."""
        return self._reward.uncertainty(self.texts(states)).float().to(states.device)

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B] of final states [B, W]."""
        return self._reward(self.texts(states), condition.beta, condition.preference, condition.function)

    def log_prior(self, states: Tensor) -> Tensor:
        """Return the log-prior [B] of final states [B, W]."""
        return torch.zeros(len(states), device=states.device) if self._prior is None else self._prior(states)

    def log_target(self, states: Tensor, condition: Condition) -> Tensor:
        """Return the unnormalised log-target [B] of final states [B, W]: what the policy is to sample."""
        return self(states, condition) + self.log_prior(states)
