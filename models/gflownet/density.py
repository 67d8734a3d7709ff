"""A policy's probability of sampling given objects: exact where trajectories can be enumerated.

All ancestors of an object are visited backward, and probabilities are summed on the way (dynamic
programming). Knows no reward and no objects. Letters: n final states, W state width, E edges.
"""

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.log_space import scatter_logsumexp
from models.gflownet.policy import Policy, masked_log_softmax
from models.gflownet.sampler import log_probability
from models.gflownet.trajectories import featurize

MOST_EDGES = 4_096
"""Edges between the ancestors of an object beyond which its probability is estimated."""
CHUNK = 8_192
"""States that the policy evaluates at once."""
AT_ONCE = 128
"""Objects whose ancestors are visited at once: bounds the memory."""


@torch.inference_mode()
def log_density(
    policy: Policy, environment: Environment, final_states: Tensor, condition: Condition, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Return log P_F(x) [n] (float64) of the objects of final states [n, W], and exactness [n].

    Under conditions [n], over all final states of each object. Final states with more than `MOST_EDGES` edges
    between their ancestors are estimated (`log_probability`).
    """
    if not environment.has_aliases:
        return _state_log_density(policy, environment, final_states, condition, generator)
    n = len(final_states)
    states, owners = environment.aliases(final_states)
    log_px, is_exact = _state_log_density(policy, environment, states, condition.at(owners), generator)
    inexact = torch.bincount(owners[~is_exact], minlength=n)
    return scatter_logsumexp(log_px, owners, n), inexact == 0


def _state_log_density(
    policy: Policy, environment: Environment, final_states: Tensor, condition: Condition, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Return log P_F [n] (float64) of final states [n, W] under conditions [n], and exactness [n]."""
    parts = [
        _exact(
            policy,
            environment,
            final_states[start : start + AT_ONCE],
            condition.at(slice(start, start + AT_ONCE)),
        )
        for start in range(0, len(final_states), AT_ONCE)
    ]
    if not parts:
        return torch.zeros(0, dtype=torch.float64), torch.zeros(0, dtype=torch.bool)
    log_px = torch.cat(parts)
    is_exact = ~log_px.isnan()
    rows = (~is_exact).nonzero().squeeze(1)
    if len(rows):
        log_px[rows] = log_probability(policy, environment, final_states[rows], condition.at(rows), generator)
    return log_px, is_exact


def _exact(policy: Policy, environment: Environment, final_states: Tensor, condition: Condition) -> Tensor:
    """Return log P_F(x) [n] of final states [n, W]; NaN where there are too many edges."""
    n, device = len(final_states), final_states.device
    total = torch.full((n,), -torch.inf, dtype=torch.float64, device=device)
    counted = torch.zeros(n, dtype=torch.int64, device=device)
    states, owners = final_states, torch.arange(n, device=device)
    onward = torch.zeros(
        n, dtype=torch.float64, device=device
    )  # log-probability of ending in x from each state
    while len(states):
        mask = environment.backward_mask(states)
        is_start = ~mask.any(dim=1)
        if bool(is_start.any()):
            arrived = scatter_logsumexp(onward[is_start], owners[is_start], n)
            total = torch.logaddexp(total, arrived)
        counted += torch.bincount(owners, weights=mask.sum(dim=1), minlength=n).long()
        mask = mask & (counted[owners] <= MOST_EDGES).unsqueeze(1)
        child, action = mask.nonzero(as_tuple=True)
        before, forward = environment.backward_step_with_forward(states[child], action)
        # scored before merging, because slot actions refer to this numbering
        log_p = _log_policy(policy, environment, before, forward, condition.at(owners[child])) + onward[child]
        states, owners, onward = _merged(environment, before, owners[child], log_p)
    return total.masked_fill(counted > MOST_EDGES, torch.nan)


def _merged(
    environment: Environment, states: Tensor, owners: Tensor, log_p: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Merge equal states [U, W] of each owner [U] and sum the probabilities of their edges [E] to [U]."""
    names = (environment.key(states) ^ (owners + 0x9E3779B9)) * 1099511628211
    distinct, group = torch.unique(names, return_inverse=True)
    index = torch.arange(len(states), device=states.device)
    first = torch.full((len(distinct),), len(states), device=states.device).scatter_reduce(
        0, group, index, "amin"
    )
    return states[first], owners[first], scatter_logsumexp(log_p, group, len(distinct))


def _log_policy(
    policy: Policy, environment: Environment, states: Tensor, actions: Tensor, condition: Condition
) -> Tensor:
    """Return the log-probability [E] (float64) of each forward action [E] in its state [E, W]."""
    answers = [torch.zeros(0, dtype=torch.float64, device=states.device)]
    for start in range(0, len(states), CHUNK):
        rows = slice(start, start + CHUNK)
        features, context = (
            featurize(environment, states[rows], policy.prior, reads=policy.reads),
            policy.context(condition.at(rows)),
        )
        logits = policy.forward_logits(policy.hidden(features, context), features, context)
        log_p = masked_log_softmax(logits, environment.forward_mask(states[rows])).double()
        answers.append(log_p.gather(1, actions[rows].unsqueeze(1)).squeeze(1))
    return torch.cat(answers)
