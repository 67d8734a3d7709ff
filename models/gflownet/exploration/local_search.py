"""Local search (arXiv:2310.02710): undo the last steps of objects, rebuild them, accept, and learn from all.

Steps are undone by P_B and rebuilt by P_F. Letters: B trajectories, C chains, W state width, n open rows.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.policy import Context, Policy, masked_log_softmax
from models.gflownet.sampler import rollout_backward, rollout_forward, sample_actions
from models.gflownet.trajectories import Trajectories, featurize, join


@final
@dataclass(frozen=True, slots=True)
class Walk:
    """Where walks [B] ended [B, W], their steps [B], and log P_F and log P_B of those steps [B]."""

    states: Tensor
    n_steps: Tensor
    log_pf: Tensor
    log_pb: Tensor

    @staticmethod
    def start(states: Tensor) -> "Walk":
        """Return walks of no step at states [B, W]."""
        zeros = torch.zeros(len(states), device=states.device)
        return Walk(states.clone(), zeros.long(), zeros, zeros.clone())

    def advance(self, rows: Tensor, after: Tensor, log_pf: Tensor, log_pb: Tensor) -> None:
        """Move walks `rows` [n] to `after` [n, W] by a step of these log-probabilities [n], in place."""
        self.states[rows] = after
        self.n_steps[rows] += 1
        self.log_pf[rows] += log_pf
        self.log_pb[rows] += log_pb


def _log_pf(policy: Policy, environment: Environment, states: Tensor, context: Context) -> Tensor:
    """Return log P_F of every action [n, A] in states that are not final [n, W]."""
    features = featurize(environment, states, policy.prior, reads=policy.reads)
    logits = policy.forward_logits(policy.hidden(features, context), features, context)
    return masked_log_softmax(logits, environment.forward_mask(states))


def _log_pb(policy: Policy, environment: Environment, states: Tensor, context: Context) -> Tensor:
    """Return log P_B of every backward action [n, R] in states that are not initial [n, W]."""
    mask = environment.backward_mask(states)
    logits = torch.zeros(mask.shape, device=states.device)
    if policy.spec.has_learned_backward:
        features = featurize(environment, states, reads=policy.reads)
        logits = policy.backward_logits(policy.hidden(features, context), features)
    return masked_log_softmax(logits, mask)


def _of(log_probabilities: Tensor, actions: Tensor) -> Tensor:
    return log_probabilities.gather(1, actions.unsqueeze(1)).squeeze(1)


@torch.no_grad()
def undo_steps(
    policy: Policy,
    environment: Environment,
    states: Tensor,
    condition: Condition,
    depth: Tensor,
    generator: Generator,
) -> Walk:
    """Return the walks of at most `depth` [B] backward steps by P_B from states [B, W]."""
    walk = Walk.start(states)
    context = policy.sampling_context(condition)
    while True:
        is_open = environment.backward_mask(walk.states).any(dim=1) & (walk.n_steps < depth)
        rows = is_open.nonzero().squeeze(1)
        if not len(rows):
            return walk
        some = context.at(rows)
        log_pb = _log_pb(policy, environment, walk.states[rows], some)
        actions = sample_actions(log_pb, generator)
        parents, forward = environment.backward_step_with_forward(walk.states[rows], actions)
        log_pf = _of(_log_pf(policy, environment, parents, some), forward)
        walk.advance(rows, parents, log_pf, _of(log_pb, actions))


@torch.no_grad()
def rebuild(
    policy: Policy, environment: Environment, states: Tensor, condition: Condition, generator: Generator
) -> Walk:
    """Return the walks by P_F from states [B, W] to final ones."""
    walk = Walk.start(states)
    context = policy.sampling_context(condition)
    while True:
        rows = environment.is_final(walk.states).logical_not().nonzero().squeeze(1)
        if not len(rows):
            return walk
        some = context.at(rows)
        log_pf = _log_pf(policy, environment, walk.states[rows], some)
        actions = sample_actions(log_pf, generator)
        after, backward = environment.step_with_reverse(walk.states[rows], actions)
        log_pb = _of(_log_pb(policy, environment, after, some), backward)
        walk.advance(rows, after, _of(log_pf, actions), log_pb)


@final
class LocalSearch(Behaviour):
    """Short Markov chains from samples of the policy, whose samples and proposals are all learned from.

    A chain starts at a sample of the policy and has `n_rounds` proposals x' for its present object x. Each
    undoes 1 to `depth` steps by P_B, every number equally often, to a state s, and builds on by P_F. With the
    reverse path through the same s it is accepted with probability

        min(1, R(x') q(x', s, x) / (R(x) q(x, s, x'))),   q(x, s, x') = P(steps) P_B(x -> s) P_F(s -> x'),

    so a chain leaves the target invariant, whatever the policy. Every sample and every proposal, accepted or
    not, becomes one trajectory; each costs one new proxy call.

    What can be edited is what P_B undoes first. Environments that append, such as those of sequences, undo
    the end of an object alone; with `depth` as long as the object, proposals replace all of it.

    Args:
        log_target: finite log-rewards, with log-priors, of final states [C, W] under conditions [C].
        depth: the most steps that are undone, a stopping one included.
        n_rounds: proposals per chain.
    """

    reward_calls = 1.0

    def __init__(self, log_target: Callable[[Tensor, Condition], Tensor], depth: int, n_rounds: int) -> None:
        if depth < 1 or n_rounds < 1:
            raise ValueError("depth and n_rounds must be at least 1")
        self.depth = depth
        self.n_rounds = n_rounds
        self._log_target = log_target

    def is_ready(self) -> bool:
        """Return True: the policy alone suffices."""
        return True

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Return the samples that chains start from, then their proposals, round by round."""
        n = len(condition)
        n_chains = -(-n // (self.n_rounds + 1))
        of_chains = condition.at(slice(0, n_chains))
        sampled = rollout_forward(policy, environment, of_chains, generator)
        present, proposals = sampled.final_states, []
        for _ in range(-(-n // n_chains) - 1):
            present, proposed = self.move(policy, environment, present, of_chains, generator)
            proposals.append(proposed)
        if not proposals:
            return sampled
        others = condition.at(slice(n_chains, None))
        proposed = torch.cat(proposals)[: len(others)]
        return join([sampled, rollout_backward(policy, environment, proposed, others, generator)])

    def move(
        self,
        policy: Policy,
        environment: Environment,
        present: Tensor,
        condition: Condition,
        generator: Generator,
    ) -> tuple[Tensor, Tensor]:
        """Take one step of every chain; return the next final states [C, W] and the proposed ones [C, W]."""
        n, device = len(present), environment.device
        depth = torch.randint(self.depth, (n,), generator=generator, device=device) + 1
        undone = undo_steps(policy, environment, present, condition, depth, generator)
        rebuilt = rebuild(policy, environment, undone.states, condition, generator)
        is_start = ~environment.backward_mask(undone.states).any(dim=1)
        there = self._log_steps(undone.n_steps, is_start) + undone.log_pb + rebuilt.log_pf
        back = self._log_steps(rebuilt.n_steps, is_start) + rebuilt.log_pb + undone.log_pf
        gain = self._log_target(rebuilt.states, condition) - self._log_target(present, condition)
        uniform = torch.rand(n, generator=generator, device=device)
        is_accepted = uniform.log() < gain + back - there
        return torch.where(is_accepted.unsqueeze(1), rebuilt.states, present), rebuilt.states

    def _log_steps(self, n_steps: Tensor, is_start: Tensor) -> Tensor:
        """Return the log-probability [C] of undoing `n_steps` [C] to a state that is the start or not.

        The start is reached by every number of steps from there up to `depth`.
        """
        ways = torch.where(is_start, self.depth - n_steps + 1, 1)
        return ways.float().log().masked_fill(n_steps > self.depth, -torch.inf) - math.log(self.depth)

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Ignore the observation."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return nothing: there is no state."""
        return {}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Do nothing: there is no state."""
