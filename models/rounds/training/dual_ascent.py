"""Dual ascent beside training: now and then the policy is asked what it samples, and multipliers follow.

Knows the trainer and the reward; not what a constraint is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from torch import Generator

from models.gflownet.sampler import sample
from models.messages.message import Message, message
from models.reward.lagrange_multipliers import MOST, TARGET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from models.gflownet.trainer import Trainer
    from models.reward.evaluation import CampaignModel
    from models.reward.lagrange_multipliers import LagrangeMultipliers
    from models.rounds.training.state_reward import StateReward

EVERY = 5
"""Training steps between two updates: multipliers move on a slower scale than the policy."""
ON_POLICY = 64
"""Objects drawn for an update, by the policy alone and under the conditions it trains for."""
KEY = "multipliers.generator"


@final
class DualAscent:
    """Moves the reward's multipliers; does nothing where there are none.

    Replayed and measured objects have no part in it, and every object is scored with the multipliers of the
    moment.
    """

    def __init__(self, trainer: Trainer, reward: StateReward, seed: int) -> None:
        self._trainer = trainer
        self._reward = reward
        self._generator = Generator(device=trainer.environment.device).manual_seed(seed)
        reward.multipliers.serve(trainer.conditions.beta_range[1])

    @property
    def multipliers(self) -> LagrangeMultipliers:
        """Those of the reward."""
        return self._reward.multipliers

    def maybe_update(self) -> None:
        """Update the multipliers if it is time to; called after every training step."""
        if not len(self.multipliers) or self._trainer.steps_done % EVERY:
            return
        trainer = self._trainer
        condition = trainer.conditions.sample(ON_POLICY, self._generator)
        drawn = sample(trainer.policy, trainer.environment, condition, ON_POLICY, self._generator)
        self.multipliers.update(self._reward.violations(drawn.final_states))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything that changes: tensors by name, and plain JSON."""
        return {KEY: self._generator.get_state()}, self.multipliers.state()

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._generator.set_state(tensors[KEY])
        self.multipliers.restore(state)


def summary(model: CampaignModel, multipliers: LagrangeMultipliers) -> list[dict[str, Any]]:
    """Return each constraint with its multiplier and the share of samples that violate it, as plain JSON."""
    parts = zip(
        model.lagrangian_columns, multipliers.values.tolist(), multipliers.shares.tolist(), strict=True
    )
    return [
        {
            **model.enforced_constraints[column].model_dump(include={"type", "min", "max", "probability"}),
            "multiplier": value,
            "violating_share": share,
            "target_share": TARGET,
        }
        for column, value, share in parts
    ]


def messages(model: CampaignModel, multipliers: LagrangeMultipliers) -> list[Message]:
    """Return what a reader should know of multipliers that did not suffice."""
    return [
        message(
            "multiplier_at_bound",
            type=item["type"],
            bound=MOST,
            share=item["violating_share"],
        )
        for item in summary(model, multipliers)
        if item["multiplier"] >= MOST
    ]
