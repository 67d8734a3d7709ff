"""Walks: forward by a policy's own draw, and backward from given objects. It knows no reward and no loss.

Finished rows leave the computation. Forward, what the policy saw is kept, so that scoring needs no second encoding.
Letters: B trajectories, N transitions, n rows still walking, W state width, A forward actions, R backward actions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.policy import Policy
from models.gflownet.scoring import score
from models.gflownet.trajectories import Features, Trajectories, featurize, join_features

Explore = Callable[[Tensor, Tensor, Generator], Tensor]
"""Turns masked logits [n, A] and their mask [n, A] into the logits of the behaviour that samples."""


def draw(logits: Tensor, generator: Generator) -> Tensor:
    """Draw one action [n] per row of logits [n, A] by the Gumbel-max trick; -inf is never drawn."""
    noise = torch.empty_like(logits).exponential_(generator=generator)
    return (logits - noise.clamp_min_(1e-30).log_()).argmax(dim=1)


@torch.no_grad()
def walk_forward(
    policy: Policy,
    environment: Environment,
    condition: Condition,
    generator: Generator,
    explore: Explore | None = None,
) -> Trajectories:
    """Sample one trajectory for each of the conditions [B], by the policy or by what `explore` makes of it."""
    n = len(condition)
    states = environment.reset(n)
    rows = torch.arange(n, device=states.device)
    final_states = torch.empty_like(states)
    context = policy.sampling_context(condition)
    record: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]] = []
    seen: list[Features] = []
    while len(rows):
        features = featurize(environment, states)
        mask = environment.forward_mask(states)
        logits = policy.forward_logits(policy.hidden(features, context), features, context)
        logits = logits.masked_fill_(mask.logical_not(), -torch.inf)
        if explore is not None:
            logits = explore(logits, mask, generator)
        actions = draw(logits, generator)
        after, backward_actions = environment.undo(states, actions)
        record.append((states, actions, backward_actions, rows, mask))
        seen.append(features)
        walking = environment.is_final(after).logical_not()
        alive = walking.nonzero().squeeze(1)
        if len(alive) < len(rows):
            ended = walking.logical_not().nonzero().squeeze(1)
            final_states[rows[ended]] = after[ended]
            after, rows, context = after[alive], rows[alive], context.at(alive)
        states = after
    return _assemble(environment, record, seen, final_states)


def _assemble(
    environment: Environment,
    record: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]],
    seen: list[Features],
    final_states: Tensor,
) -> Trajectories:
    states, actions, backward_actions, rows, masks = zip(*record, strict=True)
    counts = torch.tensor([len(part) for part in rows], device=final_states.device)
    trajectory = torch.cat(rows)
    return Trajectories(
        environment=environment,
        states=torch.cat([*states, final_states]),
        actions=torch.cat(actions),
        backward_actions=torch.cat(backward_actions),
        trajectory=trajectory,
        time=torch.arange(len(record), device=final_states.device).repeat_interleave(counts),
        lengths=torch.bincount(trajectory, minlength=len(final_states)),
        forward_mask=torch.cat(masks),
        features=join_features([*seen, featurize(environment, final_states)]),
    )


@torch.no_grad()
def walk_backward(
    policy: Policy, environment: Environment, final_states: Tensor, condition: Condition, generator: Generator
) -> Trajectories:
    """Sample by P_B one trajectory that ends in each of the final states [B, W]."""
    states = final_states
    rows = torch.arange(len(states), device=states.device)
    context = policy.sampling_context(condition)
    record: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    while len(rows):
        mask = environment.backward_mask(states)
        open_rows = mask.any(dim=1).nonzero().squeeze(1)
        if len(open_rows) < len(rows):
            states, rows, mask, context = states[open_rows], rows[open_rows], mask[open_rows], context.at(open_rows)
            if not len(rows):
                break
        if policy.spec.has_learned_backward:
            features = featurize(environment, states)
            logits = policy.backward_logits(policy.hidden(features, context), features)
        else:
            logits = torch.zeros(mask.shape, device=states.device)
        backward_actions = draw(logits.masked_fill_(mask.logical_not(), -torch.inf), generator)
        states, actions = environment.redo(states, backward_actions)
        record.append((states, actions, backward_actions, rows))
    return _assemble_backward(environment, record, final_states)


def _assemble_backward(
    environment: Environment, record: list[tuple[Tensor, Tensor, Tensor, Tensor]], final_states: Tensor
) -> Trajectories:
    parents, actions, backward_actions, rows = zip(*record, strict=True)
    counts = torch.tensor([len(part) for part in rows], device=final_states.device)
    trajectory = torch.cat(rows)
    lengths = torch.bincount(trajectory, minlength=len(final_states))
    steps_back = torch.arange(len(record), device=final_states.device).repeat_interleave(counts)
    before = torch.cat(parents)
    states = torch.cat([before, final_states])
    return Trajectories(
        environment=environment,
        states=states,
        actions=torch.cat(actions),
        backward_actions=torch.cat(backward_actions),
        trajectory=trajectory,
        time=lengths[trajectory] - 1 - steps_back,
        lengths=lengths,
        forward_mask=environment.forward_mask(before),
        features=featurize(environment, states),
    )


@final
@dataclass(frozen=True, slots=True)
class Samples:
    """Drawn objects: `final_states` [n, W], `log_pf` [n] of the drawn trajectories, `condition` [n]."""

    final_states: Tensor
    log_pf: Tensor
    log_pb: Tensor
    condition: Condition


def _expand(condition: Condition, n: int) -> Condition:
    if len(condition) not in (1, n):
        raise ValueError(f"condition has {len(condition)} rows; give 1 or {n}")
    return condition if len(condition) == n else condition.repeat(n)


@torch.inference_mode()
def sample(policy: Policy, environment: Environment, condition: Condition, n: int, generator: Generator) -> Samples:
    """Draw n objects from the trained policy; `condition` has n rows, or one that serves all.

    `log_pf` is the log-probability of the drawn trajectory. It is log P_F(x) itself where every object has one
    trajectory (append-only environments); elsewhere use `log_probability`.
    """
    condition = _expand(condition, n)
    trajectories = walk_forward(policy, environment, condition, generator)
    scores = score(policy, trajectories, condition)
    total = trajectories.total
    return Samples(trajectories.final_states, total(scores.log_pf), total(scores.log_pb), condition)


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

    The mean over tau ~ P_B of P_F(tau) / P_B(tau | x) is unbiased; its logarithm is a lower bound in expectation, and
    exact where every object has one trajectory.
    """
    n = len(final_states)
    rows = _expand(condition, n).repeat(k)
    trajectories = walk_backward(policy, environment, final_states.repeat_interleave(k, dim=0), rows, generator)
    scores = score(policy, trajectories, rows)
    ratio = trajectories.total(scores.log_pf - scores.log_pb).view(n, k).double()
    return ratio.logsumexp(dim=1) - torch.log(torch.tensor(float(k), dtype=torch.float64))
