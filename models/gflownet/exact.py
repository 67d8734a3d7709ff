"""Exact reference for small spaces: all objects, and a policy's distribution by dynamic programming.

It knows no training. Letters: X final states, E edges, n states of one layer, W state width.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.log_space import scatter_logsumexp
from models.gflownet.policy import Policy, masked_log_softmax
from models.gflownet.prior import ActionPrior
from models.gflownet.sampler import rollout_forward
from models.gflownet.scoring import score
from models.gflownet.trajectories import featurize


@final
@dataclass(frozen=True, slots=True)
class Layer:
    """The unfinished states [n, W] after some number of steps, and the edges [E] that leave them.

    `target` counts in the next layer's states where `is_final` is false, and in the space's final states
    elsewhere.
    """

    states: Tensor
    source: Tensor
    action: Tensor
    target: Tensor
    is_final: Tensor


@final
@dataclass(frozen=True, slots=True)
class Space:
    """A whole environment: `layers` by number of steps, and its distinct final states [X, W]."""

    environment: Environment
    layers: tuple[Layer, ...]
    final_states: Tensor

    def __len__(self) -> int:
        return len(self.final_states)


class SpaceTooLargeError(ValueError):
    """A space has more edges in one layer than are to be enumerated."""


def _distinct(environment: Environment, states: Tensor) -> tuple[Tensor, Tensor]:
    """Return one state of each key [U, W], and the index of its representative for each given state."""
    keys, group = torch.unique(environment.key(states), return_inverse=True)
    index = torch.arange(len(states), device=states.device)
    first = torch.full((len(keys),), len(states), device=states.device).scatter_reduce(
        0, group, index, "amin"
    )
    return states[first], group


def enumerate_space(environment: Environment, limit: int = 2_000_000) -> Space:
    """Return every state that can be reached, layer by layer, with states of equal key merged.

    Raises:
        SpaceTooLargeError: if a layer has more than `limit` edges.
    """
    states = environment.reset(1)
    layers: list[Layer] = []
    finished: list[Tensor] = []
    n_finished = 0
    while len(states):
        source, action = environment.forward_mask(states).nonzero(as_tuple=True)
        if len(source) > limit:
            raise SpaceTooLargeError(f"the space is too large to enumerate: {len(source)} edges in one layer")
        after = environment.step(states[source], action)
        is_final = environment.is_final(after)
        following, group = _distinct(environment, after[~is_final])
        target = torch.empty_like(source)
        target[~is_final] = group
        target[is_final] = torch.arange(int(is_final.sum()), device=source.device) + n_finished
        finished.append(after[is_final])
        n_finished += int(is_final.sum())
        layers.append(Layer(states, source, action, target, is_final))
        states = following
    final_states, merged = _distinct(environment, torch.cat(finished))
    for layer in layers:
        layer.target[layer.is_final] = merged[layer.target[layer.is_final]]
    return Space(environment, tuple(layers), final_states)


LogProbabilities = Callable[[Tensor], Tensor]
"""Log-probabilities of all actions [n, A] in unfinished states [n, W]."""


@torch.no_grad()
def terminal_log_probability(space: Space, log_policy: LogProbabilities) -> Tensor:
    """Return the exact log-probability [X] (float64) with which a policy ends in each final state."""
    environment = space.environment
    mass = torch.zeros(1, dtype=torch.float64, device=environment.device)
    reached: list[Tensor] = []
    indices: list[Tensor] = []
    for layer, following in zip(space.layers, (*space.layers[1:], None), strict=True):
        log_p = log_policy(layer.states).double()[layer.source, layer.action] + mass[layer.source]
        reached.append(log_p[layer.is_final])
        indices.append(layer.target[layer.is_final])
        if following is not None:
            mass = scatter_logsumexp(
                log_p[~layer.is_final], layer.target[~layer.is_final], len(following.states)
            )
    return scatter_logsumexp(torch.cat(reached), torch.cat(indices), len(space))


def policy_log_probability(space: Space, policy: Policy, condition: Condition, chunk: int = 16_384) -> Tensor:
    """Return the exact log-probability [X] of every final state under a policy and one condition."""

    def log_policy(states: Tensor) -> Tensor:
        parts = []
        for some in torch.split(states, chunk):
            context = policy.context(condition).at(
                torch.zeros(len(some), dtype=torch.int64, device=some.device)
            )
            features = featurize(space.environment, some, policy.prior, reads=policy.reads)
            logits = policy.forward_logits(policy.hidden(features, context), features, context)
            parts.append(masked_log_softmax(logits, space.environment.forward_mask(some)))
        return torch.cat(parts)

    return terminal_log_probability(space, log_policy)


def uniform_log_probability(space: Space) -> Tensor:
    """Return the exact log-probability [X] of every final state under uniformly drawn actions."""

    def log_policy(states: Tensor) -> Tensor:
        mask = space.environment.forward_mask(states)
        return masked_log_softmax(torch.zeros(mask.shape, dtype=torch.float64, device=mask.device), mask)

    return terminal_log_probability(space, log_policy)


def prior_log_probability(space: Space, prior: ActionPrior) -> Tensor:
    """Return the exact log-probability [X] of every final state under a prior."""

    def log_policy(states: Tensor) -> Tensor:
        return prior(states, space.environment.forward_mask(states))

    return terminal_log_probability(space, log_policy)


def log_shares(space: Space) -> Tensor:
    """Return the log of each final state's share [X] (float64) of its object; 0 for the only one."""
    return -space.environment.log_multiplicity(space.final_states).double()


def by_object(space: Space, log_p: Tensor) -> Tensor:
    """Return log-probabilities of final states [X] summed for each object.

    Objects come in the order of their first final state. A state that represents no object stands for itself.
    """
    if not space.environment.has_aliases:
        return log_p
    groups: dict[str, int] = {}
    texts = space.environment.objects(space.final_states)
    names = [text or f"state {row}" for row, text in enumerate(texts)]
    group = torch.tensor([groups.setdefault(name, len(groups)) for name in names], device=log_p.device)
    return scatter_logsumexp(log_p, group, len(groups))


def log_partition(log_reward: Tensor) -> Tensor:
    """Return log Z of log-rewards [X] over the whole space."""
    return log_reward.double().logsumexp(dim=0)


def log_target(log_reward: Tensor) -> Tensor:
    """Return the normalised log-target [X] (float64)."""
    return log_reward.double().log_softmax(dim=0)


def total_variation(log_p: Tensor, log_q: Tensor) -> float:
    """Return half the summed absolute difference of two distributions [X], 0 to 1."""
    return float(l1_distance(log_p, log_q)) / 2


def l1_distance(log_p: Tensor, log_q: Tensor) -> float:
    """Return the summed absolute difference of two distributions [X], 0 to 2."""
    return float((log_p.exp() - log_q.exp()).abs().sum())


def reward_ratio(log_p: Tensor, log_reward: Tensor) -> float:
    """Return E[R] under log_p [X] over E[R] under the target: 1 for a perfect sampler."""
    mean = (log_p.double() + log_reward.double()).logsumexp(dim=0)
    best = (log_target(log_reward) + log_reward.double()).logsumexp(dim=0)
    return float((mean - best).exp())


@torch.no_grad()
def estimate_log_partition(
    policy: Policy,
    environment: Environment,
    condition: Condition,
    log_reward: Callable[[Tensor, Condition], Tensor],
    generator: Generator,
) -> Tensor:
    """Estimate log Z of one condition from as many samples as it has rows, by importance weights.

    The mean of R(x) P_B(tau | x) / P_F(tau), or with a prior R(x) p_prior(tau) / P_F(tau), is unbiased for Z
    while the policy reaches every object.
    """
    trajectories = rollout_forward(policy, environment, condition, generator)
    scores = score(policy, trajectories, condition)
    weight = log_reward(trajectories.final_states, condition) + trajectories.total(
        scores.log_reference - scores.log_pf
    )
    return weight.double().logsumexp(dim=0) - torch.tensor(float(len(condition)), dtype=torch.float64).log()
