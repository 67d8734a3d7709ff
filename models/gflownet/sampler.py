"""Rollouts: forward by sampling the policy, and backward from given objects. Knows no reward and no loss.

Finished rows leave the computation. Forward rollouts keep the policy's inputs, so scoring needs no second
encoding. Letters: B trajectories, N transitions, n unfinished rows, W state width, A forward actions, R
backward actions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.policy import Context, Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import (
    Features,
    Trajectories,
    featurize,
    featurize_trajectories,
    join_features,
)

NOISE_STEPS = 16
NOISE_NUMBERS = 2048
"""Most steps whose noise is drawn at once, and most numbers of one such draw; unused numbers are dropped."""
OPEN = (1e-30, 1.0)
"""Range of uniform numbers: at 0 a single allowed action would be as unlikely as a masked one."""

Explore = Callable[[Tensor, Tensor, Tensor | None, Generator], Tensor]
"""Maps masked logits [n, A], their mask [n, A] and log-probabilities of a prior to those of a behaviour."""
Revise = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Maps the unfinished trajectories [n], their states [n, W], masks [n, A] and sampled actions [n] of one step
to the allowed actions [n] that are taken."""


def sample_actions(logits: Tensor, generator: Generator) -> Tensor:
    """Draw one action [n] per row of logits [n, A], -inf where masked."""
    return GumbelSampler(generator).draw(logits, logits > -torch.inf)


@final
class GumbelSampler:
    """Samples actions by the Gumbel-max trick; small batches draw the noise of several steps at once."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self._closed = torch.full((), -torch.inf, device=generator.device)
        self._ready: list[Tensor] = []

    def draw(self, logits: Tensor, mask: Tensor) -> Tensor:
        """Draw one allowed action [n] per row of logits and mask [n, A]; n must not grow, nor A change."""
        n, n_actions = logits.shape
        if not self._ready:
            steps = min(NOISE_STEPS, max(1, NOISE_NUMBERS // (n * n_actions)))
            # minus a standard Gumbel is log(-log u); PyTorch's exponential draws take five times as long
            noise = torch.empty(steps, n, n_actions, device=logits.device).uniform_(
                *OPEN, generator=self.generator
            )
            self._ready = list(noise.log_().neg_().log_().unbind(0))
        noise = self._ready.pop()
        scores = logits - (noise if noise.size(0) == n else noise.narrow(0, 0, n))
        return torch.where(mask, scores, self._closed).argmax(dim=1)


@final
@dataclass(slots=True)
class _Record:
    """The record of one forward rollout step, for its unfinished rows."""

    states: list[Tensor] = field(default_factory=list)
    features: list[Features] = field(default_factory=list)
    masks: list[Tensor] = field(default_factory=list)
    actions: list[Tensor] = field(default_factory=list)
    backward_actions: list[Tensor] = field(default_factory=list)
    rows: list[Tensor] = field(default_factory=list)
    after: list[Tensor] = field(default_factory=list)
    ended: list[Tensor] = field(default_factory=list)


@torch.no_grad()
def rollout_forward(
    policy: Policy,
    environment: Environment,
    condition: Condition,
    generator: Generator,
    explore: Explore | None = None,
    revise: Revise | None = None,
) -> Trajectories:
    """Sample one trajectory per condition [B], by the policy or by its logits after `explore`.

    `revise` may then replace sampled actions by others.
    """
    # joined outside inference mode, because inference tensors cannot carry gradients
    record = _record(policy, environment, condition, generator, explore, revise)
    return _assemble(policy, environment, record)


@torch.inference_mode()
def _record(
    policy: Policy,
    environment: Environment,
    condition: Condition,
    generator: Generator,
    explore: Explore | None,
    revise: Revise | None,
) -> _Record:
    record, draws = _Record(), GumbelSampler(generator)
    n = len(condition)
    states = environment.reset(n)
    rows = torch.arange(n, device=states.device)
    context = policy.sampling_context(condition)
    while n:
        mask = environment.forward_mask(states)
        features = featurize(environment, states, policy.prior, mask, policy.reads)
        if policy.words is None:
            actions = draws.draw(_behaviour_logits(policy, features, context, mask, explore, generator), mask)
        else:
            actions = _draw_in_groups(policy, features, context, mask, explore, generator)
        if revise is not None:
            actions = revise(rows, states, mask, actions)
        after, backward_actions = environment.step_with_reverse(states, actions)
        ended = environment.is_final(after)
        record.states.append(states)
        record.features.append(features)
        record.masks.append(mask)
        record.actions.append(actions)
        record.backward_actions.append(backward_actions)
        record.rows.append(rows)
        record.after.append(after)
        record.ended.append(ended)
        alive = ended.logical_not().nonzero().view(-1)
        states = after
        if alive.numel() < n:
            n = alive.numel()
            states, rows, context = (
                after.index_select(0, alive),
                rows.index_select(0, alive),
                context.at(alive),
            )
    return record


def _behaviour_logits(
    policy: Policy,
    features: Features,
    context: Context,
    mask: Tensor,
    explore: Explore | None,
    generator: Generator,
) -> Tensor:
    """Return the logits [n, A] by which states with masks [n, A] act; A may be less than all actions."""
    hidden = policy.hidden(features, context)
    is_plain = policy.words is not None and mask.shape[1] < policy.n_actions
    logits = policy.forward_logits(hidden, features, context, is_plain=is_plain)
    if explore is None:
        return logits
    logits.masked_fill_(mask.logical_not(), -torch.inf)
    log_prior = features.log_prior
    return explore(logits, mask, None if log_prior is None else log_prior[:, : mask.shape[1]], generator)


def _draw_in_groups(
    policy: Policy,
    features: Features,
    context: Context,
    mask: Tensor,
    explore: Explore | None,
    generator: Generator,
) -> Tensor:
    """Return sampled actions [n], where many words are closed in many of the states."""
    actions = torch.empty(len(mask), dtype=torch.int64, device=mask.device)
    for rows, width in policy.row_groups(mask):
        part = mask[rows, :width]
        of_rows = (features.at(rows), context.at(rows))
        logits = _behaviour_logits(policy, *of_rows, part, explore, generator)
        actions[rows] = GumbelSampler(generator).draw(logits, part)
    return actions


def _features(
    policy: Policy, environment: Environment, states: Tensor, trajectory: Tensor, time: Tensor
) -> Features:
    """Return what a policy reads of the states [N + B, W] of trajectories."""
    return featurize_trajectories(environment, states, trajectory, time, policy.prior, policy.reads)


def _assemble(policy: Policy, environment: Environment, record: _Record) -> Trajectories:
    trajectory = torch.cat(record.rows)
    device = trajectory.device
    ended = torch.cat(record.ended).nonzero().view(-1)
    counts = torch.tensor([part.numel() for part in record.rows], device=device)
    time = torch.arange(len(counts), device=device).repeat_interleave(counts, output_size=len(trajectory))
    after = torch.cat(record.after).index_select(0, ended)
    owners = trajectory.index_select(0, ended)
    final_states = torch.empty_like(after).index_copy_(0, owners, after)
    states = torch.cat([*record.states, final_states])
    return Trajectories(
        environment=environment,
        states=states,
        actions=torch.cat(record.actions),
        backward_actions=torch.cat(record.backward_actions),
        trajectory=trajectory,
        time=time,
        lengths=torch.empty_like(owners).index_copy_(0, owners, time.index_select(0, ended) + 1),
        forward_mask=torch.cat(record.masks),
        features=_features(policy, environment, states, trajectory, time)
        if policy.reads == "tokens"
        else join_features(
            [*record.features, featurize(environment, final_states, policy.prior, reads=policy.reads)]
        ),
    )


@torch.no_grad()
def rollout_backward(
    policy: Policy, environment: Environment, final_states: Tensor, condition: Condition, generator: Generator
) -> Trajectories:
    """Sample by P_B one trajectory that ends in each of the final states [B, W]."""
    record = _record_backward(policy, environment, final_states, condition, generator)
    return _assemble_backward(policy, environment, record, final_states)


@torch.inference_mode()
def _record_backward(
    policy: Policy, environment: Environment, final_states: Tensor, condition: Condition, generator: Generator
) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    states = final_states
    rows = torch.arange(len(states), device=states.device)
    context = policy.sampling_context(condition) if policy.spec.has_learned_backward else None
    draws = GumbelSampler(generator)
    record: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    while True:
        mask = environment.backward_mask(states)
        alive = mask.any(dim=1).nonzero().view(-1)
        if not alive.numel():
            return record
        if alive.numel() < rows.numel():
            states, rows, mask = (part.index_select(0, alive) for part in (states, rows, mask))
            context = None if context is None else context.at(alive)
        if context is None:
            logits = torch.zeros(mask.shape, device=states.device)
        else:
            features = featurize(environment, states, reads=policy.reads)
            logits = policy.backward_logits(policy.hidden(features, context), features)
        backward_actions = draws.draw(logits, mask)
        states, actions = environment.backward_step_with_forward(states, backward_actions)
        record.append((states, actions, backward_actions, rows))


def _assemble_backward(
    policy: Policy,
    environment: Environment,
    record: list[tuple[Tensor, Tensor, Tensor, Tensor]],
    final_states: Tensor,
) -> Trajectories:
    parents, actions, backward_actions, rows = zip(*record, strict=True)
    counts = torch.tensor([len(part) for part in rows], device=final_states.device)
    trajectory = torch.cat(rows)
    lengths = torch.bincount(trajectory, minlength=len(final_states))
    steps_back = torch.arange(len(record), device=final_states.device).repeat_interleave(counts)
    before = torch.cat(parents)
    states = torch.cat([before, final_states])
    time = lengths[trajectory] - 1 - steps_back
    return Trajectories(
        environment=environment,
        states=states,
        actions=torch.cat(actions),
        backward_actions=torch.cat(backward_actions),
        trajectory=trajectory,
        time=time,
        lengths=lengths,
        forward_mask=environment.forward_mask(before),
        features=_features(policy, environment, states, trajectory, time),
    )


@final
@dataclass(frozen=True, slots=True)
class Samples:
    """Sampled objects: `final_states` [n, W], `log_pf` [n] of the sampled trajectories, `condition` [n].

    `log_reference` [n] is what `log_pf` is balanced against: P_B or the prior of the trajectories.
    """

    final_states: Tensor
    log_pf: Tensor
    log_reference: Tensor
    condition: Condition


def _expand(condition: Condition, n: int) -> Condition:
    if len(condition) not in (1, n):
        raise ValueError(f"condition has {len(condition)} rows; give 1 or {n}")
    return condition if len(condition) == n else condition.repeat(n)


@torch.inference_mode()
def sample(
    policy: Policy, environment: Environment, condition: Condition, n: int, generator: Generator
) -> Samples:
    """Sample n objects from the trained policy; `condition` has n rows, or one that serves all.

    `log_pf` is the log-probability of the sampled trajectory. It equals log P_F(x) where every object has one
    trajectory (append-only environments); otherwise use `log_probability`.
    """
    condition = _expand(condition, n)
    trajectories = rollout_forward(policy, environment, condition, generator)
    scores = score(policy, trajectories, condition)
    total = trajectories.total
    return Samples(trajectories.final_states, total(scores.log_pf), total(scores.log_reference), condition)


@torch.inference_mode()
def log_probability(
    policy: Policy,
    environment: Environment,
    final_states: Tensor,
    condition: Condition,
    generator: Generator,
    k: int = 8,
) -> Tensor:
    """Estimate the marginal log P_F(x) [n] of final states [n, W] from k backward trajectories each.

    The mean over tau ~ P_B of P_F(tau) / P_B(tau | x) is unbiased; its logarithm is a lower bound in
    expectation, and exact where every object has one trajectory.
    """
    n = len(final_states)
    rows = _expand(condition, n).repeat(k)
    trajectories = rollout_backward(
        policy, environment, final_states.repeat_interleave(k, dim=0), rows, generator
    )
    scores = score(policy, trajectories, rows)
    ratio = trajectories.total(scores.log_pf - scores.log_pb).view(n, k).double()
    return ratio.logsumexp(dim=1) - torch.log(torch.tensor(float(k), dtype=torch.float64))
