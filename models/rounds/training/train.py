"""The second step of a round: a policy trained on the log-reward, saved as it goes.

Knows the engine and the reward by text; not where checkpoints are kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch

from models.checkpoint import CheckpointError, pack, unpack
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.losses import get_loss
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.rewards import check_loss
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer
from models.gflownet.trunks import get_trunk
from models.gflownet.trunks.contract import check_served
from models.records import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from models.campaign.spec import CampaignSpec
    from models.gflownet.environment import Environment
    from models.gflownet.prior import ActionPrior
    from models.records import CheckpointStore
    from models.rounds.training.dual_ascent import DualAscent
    from models.rounds.training.state_reward import StateReward
    from models.specs.sampler import SamplerSpec

CHECKPOINT_SECONDS = 15.0
TICK_SECONDS = 0.5
CURVE_POINTS = 50
WITHOUT_PRIOR = "trajectory_balance"
"""The loss in place of one that needs a prior, where nothing was learned of the measured objects."""


def check_sampler(spec: SamplerSpec, environment: Environment) -> None:
    """Refuse a loss or trunk that environment and reward cannot serve, before anything is fitted.

    Raises:
        IncompatibleLossError: if the loss asks for something that they do not offer.
        UnservedTrunkError: if the trunk reads something that the environment does not offer.
    """
    check_served(environment, get_trunk(spec.trunk).reads)
    check_loss(spec.loss, get_loss(spec.loss), environment, has_prior=spec.prior != "none")


@final
@dataclass(frozen=True, slots=True)
class RewardShape:
    """What conditions choose among: M objectives, and K functions sampled from the posterior."""

    n_objectives: int
    n_functions: int = 1


def shape_of_reward(spec: CampaignSpec) -> RewardShape:
    """Return the shape of the reward that a campaign asks for."""
    return RewardShape(len(spec.objectives), spec.acquisition.functions)


def build_trainer(  # noqa: PLR0913 - each is one thing that a trainer starts from
    spec: SamplerSpec,
    environment: Environment,
    reward: StateReward,
    shape: RewardShape,
    seed: int,
    measured: Sequence[str],
    *,
    prior: ActionPrior | None = None,
) -> Trainer:
    """Return a trainer at its start, for a reward of a shape.

    Without a learned prior, relative trajectory balance is trajectory balance: the base measure, which stands
    beside the reward, is then the prior.

    Raises:
        UnfitLossError: if the loss asks for something that the environment or the reward does not offer.
    """
    conditions = _conditions(spec, environment, shape)
    settings = trainer_settings(spec)
    if prior is None and get_loss(settings.loss).needs_prior:
        settings = replace(settings, loss=WITHOUT_PRIOR)
    return Trainer(environment, conditions, reward, settings, seed, measured, prior=prior)


def _conditions(spec: SamplerSpec, environment: Environment, shape: RewardShape) -> ConditionSampler:
    """Return what the policy is conditioned on."""
    return ConditionSampler(
        spec.beta_range,
        shape.n_objectives,
        spec.preference_concentration,
        environment.device,
        beta_law=spec.beta_law,
        n_functions=shape.n_functions,
    )


def trainer_settings(spec: SamplerSpec) -> TrainerSettings:
    """Return what a campaign's sampler asks of a trainer."""
    return TrainerSettings(
        loss=spec.loss,
        steps=spec.steps,
        trajectories_per_step=spec.trajectories_per_step,
        steps_per_draw=spec.steps_per_draw,
        conditions_per_trajectory=spec.conditions_per_trajectory,
        policy=PolicySpec(
            trunk=spec.trunk,
            width=spec.hidden_width,
            depth=spec.hidden_layers,
            has_learned_backward=spec.backward_policy == "learned",
            precision=spec.precision,
        ),
        log_z_learning_rate=spec.log_z_learning_rate,
        huber_delta=spec.huber_delta,
        subtb_lambda=spec.subtb_lambda,
        random_action_probability=spec.random_action_probability,
        **spec.behaviour.shared_as({}).model_dump(),
    )


@final
@dataclass(frozen=True, slots=True)
class TrainedPolicy:
    """A policy that was trained elsewhere, with where it builds and what it was trained for."""

    policy: Policy
    environment: Environment
    conditions: ConditionSampler


def trained_policy(
    spec: SamplerSpec,
    environment: Environment,
    shape: RewardShape,
    weights: Mapping[str, Tensor],
    prior: ActionPrior | None = None,
) -> TrainedPolicy:
    """Return the policy of a finished trainer (`build_trainer`) from its weights, ready to sample.

    Raises:
        RuntimeError: if the weights are of a policy of another shape.
    """
    conditions = _conditions(spec, environment, shape)
    network = replace(trainer_settings(spec).policy, has_flow="flow.weight" in weights)
    policy = Policy(environment, conditions, network, torch.Generator().manual_seed(0), prior)
    policy.load_state_dict(weights)
    return TrainedPolicy(policy.requires_grad_(requires_grad=False), environment, conditions)


@final
class LossCurve:
    """The training loss, averaged over equal stretches of steps."""

    def __init__(self, steps: int) -> None:
        self.stretch = max(1, steps // CURVE_POINTS)
        self.points: list[float] = []
        self._open: list[float] = []

    def add(self, loss: float) -> None:
        """Take the loss of the next step."""
        self._open.append(loss)
        if len(self._open) == self.stretch:
            self.points.append(sum(self._open) / self.stretch)
            self._open = []

    def state(self) -> list[list[float]]:
        """Return what a checkpoint keeps."""
        return [list(self.points), list(self._open)]

    def restore(self, state: list[list[float]]) -> None:
        """Take back what `state` returned."""
        self.points, self._open = state


@final
class TrainingRun:
    """All that changes while a round trains: the trainer, its loss curve and the multipliers beside it."""

    def __init__(self, trainer: Trainer, adaptation: DualAscent) -> None:
        self.trainer = trainer
        self.adaptation = adaptation
        self.curve = LossCurve(trainer.settings.steps)

    @property
    def is_done(self) -> bool:
        """Tell whether all steps are taken."""
        return self.trainer.steps_done >= self.trainer.settings.steps

    def step(self) -> None:
        """Take one step, and let the multipliers follow."""
        self.curve.add(self.trainer.step()["loss"])
        self.adaptation.maybe_update()

    def save(self, checkpoint: CheckpointStore, identity: str) -> None:
        """Save everything under the name of what it depends on."""
        tensors, state = self.trainer.state_dict()
        more, multipliers = self.adaptation.state()
        parts = {"trainer": state, "curve": self.curve.state(), "multipliers": multipliers}
        checkpoint.save(pack(tensors | more, {"identity": identity, **parts}))

    def save_if(self, checkpoint: CheckpointStore | None, identity: str) -> None:
        """Save everything where there is a place for it."""
        if checkpoint is not None:
            self.save(checkpoint, identity)

    def resume(self, checkpoint: CheckpointStore, identity: str) -> bool:
        """Go to where a checkpoint of the same round was left; tell whether there was one.

        A checkpoint is a cache: one that is damaged or of another round (`identity`) is passed over.

        Raises:
            CheckpointError: if it is of this round but of a trainer of another shape.
        """
        content = checkpoint.load()
        if content is None:
            return False
        try:
            tensors, header = unpack(content)
        except CheckpointError:
            return False
        if header.get("identity") != identity:
            return False
        self.trainer.load_state_dict(tensors, header["trainer"])
        self.curve.restore(header["curve"])
        self.adaptation.restore(tensors, header["multipliers"])
        return True


def train(
    training: TrainingRun,
    checkpoint: CheckpointStore | None,
    identity: str,
    tick: Callable[[float, str], None],
) -> list[float]:
    """Take the remaining steps, telling and saving now and then; return the loss curve.

    `tick` may raise to stop.
    Clocks decide only when to tell and to save, so that they change no number.
    """
    trainer, steps = training.trainer, training.trainer.settings.steps
    if checkpoint is not None:
        training.resume(checkpoint, identity)
    reported = saved = time.monotonic()
    tick(trainer.steps_done / steps, f"training, step {trainer.steps_done} of {steps}")
    try:
        while not training.is_done:
            training.step()
            now = time.monotonic()
            if checkpoint is not None and now - saved >= CHECKPOINT_SECONDS:
                training.save(checkpoint, identity)
                saved = now
            if now - reported >= TICK_SECONDS:
                tick(trainer.steps_done / steps, f"training, step {trainer.steps_done} of {steps}")
                reported = now
    except Cancelled:
        # whoever stopped this may want to go on elsewhere: nothing trained so far is lost
        training.save_if(checkpoint, identity)
        raise
    training.save_if(checkpoint, identity)
    return training.curve.points
