"""Training: sample conditions, roll out, evaluate log-rewards, take a gradient step. Knows no objects.

Losses and log Z use an object's log-reward plus its log-prior, if any. Behaviours, which keep the best
objects, use the log-reward alone.

`state_dict` holds all mutable state, so a resumed run reproduces the same numbers bit for bit (with one
thread). Letters: B trajectories of one step, W state width, M objectives.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, final

import torch
from torch import Generator, Tensor

from models.checkpoint import CheckpointError, pack, unpack
from models.gflownet.conditioning import Condition, ConditionSampler, join_conditions
from models.gflownet.environment import Environment
from models.gflownet.exploration.archive import first_of_each
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.exploration.factory import build_behaviour
from models.gflownet.losses import get_loss
from models.gflownet.optimizer import (
    adam_step,
    build_optimizer,
    flat_state,
    gradient_norm,
    load_state,
    set_rates,
)
from models.gflownet.policy import Policy
from models.gflownet.potential import PotentialTraining
from models.gflownet.prior import ActionPrior, log_density
from models.gflownet.rewards import (
    InvalidLogRewardError,
    LogRewardFn,
    PartialLogReward,
    PreparedLogReward,
    check_loss,
    log_priors,
    partial_log_rewards,
    stopped_log_rewards,
    uncertainties,
)
from models.gflownet.sampler import rollout_forward
from models.gflownet.scoring import score
from models.gflownet.settings import TrainerSettings
from models.gflownet.trajectories import Trajectories
from models.gflownet.trajectory_queue import TrajectoryQueue, interleave

Metrics = dict[str, float]


@final
class Trainer:
    """A policy in training.

    Args:
        environment: where objects are built.
        conditions: what the policy is conditioned on.
        log_reward: called once a step with all its final states.
        settings: how to train.
        seed: of every draw.
        measured: canonical texts of known objects to replay; those the environment cannot represent are left
            out.
        prior: that the policy starts from, and that its target contains.

    Raises:
        IncompatibleLossError: if the loss needs something that the environment, the reward or the policy does
            not provide.
        ValueError: if a setting is outside its limits.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that training starts from
        self,
        environment: Environment,
        conditions: ConditionSampler,
        log_reward: LogRewardFn,
        settings: TrainerSettings,
        seed: int,
        measured: Sequence[str] = (),
        *,
        prior: ActionPrior | None = None,
    ) -> None:
        self.environment = environment
        self.conditions = conditions
        self.settings = settings
        self.steps_done = 0
        self.reward_calls = 0
        self.lowest_utility = math.inf
        self.lowest_log_reward = math.inf
        self.partial_calls = 0
        self.loss = get_loss(settings.loss, settings.huber_delta, settings.subtb_lambda)
        check_loss(settings.loss, self.loss, environment, has_prior=prior is not None)
        self.generator = Generator(device=environment.device).manual_seed(seed)
        spec = replace(settings.policy, has_flow=settings.policy.has_flow or self.loss.needs_flow)
        self.policy = Policy(environment, conditions, spec, Generator().manual_seed(seed), prior)
        self._parameters = list(self.policy.parameters())
        self._log_reward = log_reward
        self._optimizer = build_optimizer(self.policy)
        self._known = _known_states(environment, measured)
        self._inherited = environment.reset(0)
        self._behaviour = self._new_behaviour()
        self._queue = TrajectoryQueue()
        self._potential: PotentialTraining | None = None
        if self.loss.rewards_of == "partial" and not isinstance(log_reward, PartialLogReward):
            self._potential = PotentialTraining(environment, conditions, settings.learning_rate, seed)

    def _new_behaviour(self) -> Behaviour:
        return build_behaviour(
            self.settings,
            self.policy,
            self._known,
            self._search_target,
            partial(uncertainties, self._log_reward),
        )

    def begin_from(self, weights: Mapping[str, Tensor], best: Tensor, steps: int) -> None:
        """Begin from an earlier policy instead of a new one, and take another number of steps.

        The optimiser starts anew, and log Z is estimated anew.

        Args:
            weights: of a policy of this one's shape.
            best: final states [L, W] that behaviours are shown before the first step, scored anew.
            steps: the new length of the training.

        Raises:
            RuntimeError: if the weights are of another shape.
        """
        self.policy.load_state_dict(weights)
        self.settings = replace(self.settings, steps=steps)
        self._behaviour = self._new_behaviour()  # what averages the policy begins from it as well
        self._inherited = best.to(self.environment.device)

    def run(
        self, steps: int, report: Callable[[int, Metrics], None] | None = None, every: int = 10
    ) -> Metrics:
        """Take `steps` more steps and return the last metrics.

        `report` gets the number of steps done and that step's metrics every `every` steps; it may raise to
        stop.
        """
        metrics: Metrics = {}
        for _ in range(steps):
            metrics = self.step()
            if report is not None and self.steps_done % every == 0:
                report(self.steps_done, metrics)
        return metrics

    def step(self) -> Metrics:
        """Take one gradient step; return its loss, mean log-reward, mean log Z and gradient norm.

        Raises:
            InvalidLogRewardError: if a log-reward is NaN or +inf.
            FloatingPointError: if the gradient is not finite.
        """
        if self.steps_done == 0:
            self._begin()
        condition, trajectories = self._next_batch()
        log_reward = self._score(trajectories.final_states, condition)
        log_prior = log_priors(self._log_reward, trajectories.final_states)
        loss = self._loss(trajectories, log_reward, log_prior, condition)
        for parameter in self._parameters:
            parameter.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        norm = gradient_norm(self._parameters)
        numbers = torch.stack([loss.detach(), log_reward.mean(), norm.detach()]).tolist()
        if not math.isfinite(numbers[2]):
            raise FloatingPointError(f"the gradient of step {self.steps_done} is not finite")
        if numbers[2] > self.settings.gradient_norm:
            torch.nn.utils.clip_grads_with_norm_(self._parameters, self.settings.gradient_norm, norm)
        rates = (self.settings.learning_rate, self.settings.log_z_learning_rate)
        set_rates(self._optimizer, rates, self.steps_done / self.settings.steps, self.settings.final_rate)
        adam_step(self._optimizer)
        self._observe(trajectories.final_states, condition, log_reward)
        self.steps_done += 1
        return {"loss": numbers[0], "log_reward": numbers[1], "gradient_norm": numbers[2]}

    @property
    def elites(self) -> Tensor:
        """Distinct elite final states [L, W] that behaviours contribute to the sampling pool."""
        every = torch.cat([self.environment.reset(0).cpu(), *self._behaviour.elites()])
        states = every.to(self.environment.device)
        return states[first_of_each(self.environment.key(states))]

    def best_states(self, most: int) -> Tensor:
        """Return up to so many distinct final states [L, W] from which another training may begin."""
        states = torch.cat([self.environment.reset(0).cpu(), *self._behaviour.best_states()])
        return states[first_of_each(self.environment.key(states.to(self.environment.device)).cpu())[:most]]

    def state_dict(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the mutable training state: named tensors and a JSON header."""
        tensors = {f"policy.{name}": value for name, value in self.policy.state_dict().items()}
        tensors |= {f"optimizer.{name}": value for name, value in flat_state(self._optimizer).items()}
        tensors |= self._behaviour.state_dict()
        tensors |= {f"ahead.{name}": value for name, value in self._queue.state_dict().items()}
        if self._potential is not None:
            tensors |= {f"potential.{name}": value for name, value in self._potential.state_dict().items()}
        tensors["generator"] = self.generator.get_state()
        tensors["lowest_utility"] = torch.tensor(self.lowest_utility, dtype=torch.float64)
        tensors["lowest_log_reward"] = torch.tensor(self.lowest_log_reward, dtype=torch.float64)
        counts = {"reward_calls": self.reward_calls, "partial_calls": self.partial_calls}
        return tensors, {"steps_done": self.steps_done, **counts}

    def load_state_dict(self, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, in a trainer built with the same arguments.

        Raises:
            CheckpointError: if it belongs to a trainer of another shape.
        """
        try:
            self.policy.load_state_dict(_below(tensors, "policy"))
            load_state(self._optimizer, _below(tensors, "optimizer"))
            self._behaviour.load_state_dict(tensors)
            self._queue.load_state_dict(
                _below(tensors, "ahead"), self.environment, self.policy.prior, self.policy.reads
            )
            if self._potential is not None:
                self._potential.load_state_dict(_below(tensors, "potential"))
            self.generator.set_state(tensors["generator"])
            self.lowest_utility = float(tensors["lowest_utility"])
            self.lowest_log_reward = float(tensors["lowest_log_reward"])
            self.steps_done, self.reward_calls = int(header["steps_done"]), int(header["reward_calls"])
            self.partial_calls = int(header["partial_calls"])
        except (KeyError, RuntimeError) as error:
            raise CheckpointError("the checkpoint belongs to a trainer of another shape") from error

    def save(self) -> bytes:
        """Return the whole state as checked bytes."""
        return pack(*self.state_dict())

    def load(self, content: bytes) -> None:
        """Restore what `save` returned.

        Raises:
            CheckpointError: if the content is not whole or belongs to a trainer of another shape.
        """
        self.load_state_dict(*unpack(content))

    def _next_batch(self) -> tuple[Condition, Trajectories]:
        """Return the next training batch; an empty queue is filled with the rollouts of several steps."""
        if not len(self._queue):
            left = self.settings.steps - self.steps_done
            n_steps = max(1, min(self.settings.steps_per_draw, left))
            condition = interleave(
                [self._draw_conditions(self.settings.trajectories_per_step) for _ in range(n_steps)]
            )
            rollouts = self._behaviour.trajectories(self.policy, self.environment, condition, self.generator)
            if n_steps > 1 and isinstance(self._log_reward, PreparedLogReward):
                self._log_reward.prepare(rollouts.final_states)
            self._queue.push(condition, rollouts, n_steps)
        return self._queue.pop()

    def _observe(self, final_states: Tensor, condition: Condition, log_reward: Tensor) -> None:
        """Show the behaviours final states [B, W], with their log-rewards at the middle inverse temperature.

        Rewards that cache their objects need no further proxy call for it.
        """
        middle = self.conditions.at_middle_beta(condition)
        if not torch.equal(middle.beta, condition.beta):
            log_reward = self._validated_log_reward(final_states, middle)
        self._behaviour.observe(self.environment, final_states, middle, log_reward)

    def _draw_conditions(self, n: int) -> Condition:
        if not self.loss.needs_groups:
            return self.conditions.sample(n, self.generator)
        groups = -(-n // self.settings.group_size)
        return self.conditions.sample(groups, self.generator).repeat(self.settings.group_size).at(slice(0, n))

    def _loss(
        self, trajectories: Trajectories, log_reward: Tensor, log_prior: Tensor, condition: Condition
    ) -> Tensor:
        """Return the mean loss over the trajectories [B], each under its condition and under others."""
        times, n = self.settings.conditions_per_trajectory, len(condition)
        if times > 1:
            others = [self._draw_conditions(n) for _ in range(times - 1)]
            condition, trajectories = join_conditions([condition, *others]), trajectories.repeat(times)
            more = self._validated_log_reward(trajectories.final_states[n:], condition.at(slice(n, None)))
            log_reward, log_prior = torch.cat([log_reward, more]), log_prior.repeat(times)
        log_rewards = self._intermediate_log_rewards(trajectories, log_reward + log_prior, condition)
        return self.loss(trajectories, log_rewards, self.policy, condition).mean()

    def _intermediate_log_rewards(
        self, trajectories: Trajectories, target: Tensor, condition: Condition
    ) -> Tensor:
        """Return the loss's log-rewards, priors included, given those of the final states [B]."""
        if self.loss.rewards_of == "stopped":
            return stopped_log_rewards(trajectories, target, condition, self._target)
        if self._potential is not None:
            return self._potential.partial_log_rewards(trajectories, target, condition)
        if self.loss.rewards_of == "partial":
            assert isinstance(self._log_reward, PartialLogReward)
            self.partial_calls += trajectories.n_transitions // self.settings.conditions_per_trajectory
            return partial_log_rewards(trajectories, target, condition, self._log_reward)
        return target

    def _target(self, final_states: Tensor, condition: Condition) -> Tensor:
        """Return what the policy is balanced against [B]: the checked log-reward and the log-prior."""
        self.reward_calls += len(final_states)
        log_reward = self._validated_log_reward(final_states, condition)
        return log_reward + log_priors(self._log_reward, final_states)

    def _search_target(self, final_states: Tensor, condition: Condition) -> Tensor:
        """Return the log-target [B] of a search, whose objects the next step scores and counts.

        The density of a policy's prior is part of it where each object has one trajectory; elsewhere it is a
        sum over too many, and a search follows the reward.
        """
        log_reward = self._validated_log_reward(final_states, condition)
        target, prior = log_reward + log_priors(self._log_reward, final_states), self.policy.prior
        if prior is None:
            return target - self.environment.log_multiplicity(final_states)
        if self.environment.n_backward_actions > 1:
            return target
        return target + log_density(prior, self.environment, final_states)

    def _score(self, final_states: Tensor, condition: Condition) -> Tensor:
        """Return checked log-rewards [B] and count them."""
        log_reward = self._validated_log_reward(final_states, condition)
        self.reward_calls += len(final_states)
        return log_reward

    def _validated_log_reward(self, final_states: Tensor, condition: Condition) -> Tensor:
        """Return log-rewards [B], float32 and finite."""
        log_reward = self._log_reward(final_states, condition).detach()
        if log_reward.shape != (len(final_states),):
            raise InvalidLogRewardError(
                f"log_reward has shape {tuple(log_reward.shape)}, not ({len(final_states)},)"
            )
        if not bool((log_reward < torch.inf).all()):
            raise InvalidLogRewardError("log_reward holds NaN or +inf: a missing result is not a reward")
        log_reward = log_reward.float()
        is_forbidden = log_reward.isneginf()
        allowed = log_reward.masked_fill(is_forbidden, torch.inf)
        self.lowest_log_reward = min(self.lowest_log_reward, float(allowed.min()))
        self.lowest_utility = min(self.lowest_utility, float((allowed / condition.beta).min()))
        lowest = torch.zeros_like(log_reward)
        if math.isfinite(self.lowest_log_reward):
            # the prior is not scaled by beta: as a utility it would fall far below every log-reward
            lowest = (self.lowest_utility * condition.beta).clamp_min(self.lowest_log_reward)
        return torch.where(is_forbidden, lowest - self.settings.forbidden_gap, log_reward)

    def _begin(self) -> None:
        """Do what comes before the first step: score what was inherited, and estimate log Z."""
        if n := len(self._inherited):
            condition = self.conditions.at_middle_beta(self.conditions.sample(n, self.generator))
            self._observe(self._inherited, condition, self._score(self._inherited, condition))
        self._start_log_z()

    @torch.no_grad()
    def _start_log_z(self) -> None:
        """Fit log Z(c) to importance-weighted estimates at a few conditions spread over their range."""
        n = min(16, self.settings.first_estimate)
        if n == 0:
            return
        each = self.settings.first_estimate // n
        condition = self.conditions.sample(n, self.generator).repeat(each)
        trajectories = rollout_forward(self.policy, self.environment, condition, self.generator)
        scores = score(self.policy, trajectories, condition)
        weight = trajectories.total(scores.log_reference - scores.log_pf) + self._target(
            trajectories.final_states, condition
        )
        estimates = weight.view(n, each).logsumexp(dim=1) - math.log(each)
        one_each = condition.at(slice(None, None, each))
        self.policy.partition.fit(one_each.beta, self.conditions.encode(one_each), estimates)


def _known_states(environment: Environment, texts: Sequence[str]) -> Tensor:
    if not texts:
        return torch.empty(0, environment.state_width, dtype=torch.int64)
    states, is_known = environment.states(texts)
    return states[is_known]


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name[len(prefix) + 1 :]: value for name, value in tensors.items() if name.startswith(f"{prefix}.")
    }
