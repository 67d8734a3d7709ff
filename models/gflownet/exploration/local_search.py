"""Local search (arXiv:2310.02710): undo the last steps of good objects, rebuild, accept by reward.

Steps are undone by P_B and rebuilt by P_F. Letters: B trajectories, W state width, n unfinished rows.
"""

from collections.abc import Callable, Mapping
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.exploration.replay import Replay
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward, sample_actions
from models.gflownet.trajectories import Trajectories, featurize


@torch.no_grad()
def undo_steps(
    policy: Policy, environment: Environment, states: Tensor, condition: Condition, depth: int, generator: Generator
) -> Tensor:
    """Return the states [B, W] after up to `depth` backward steps by P_B from states [B, W]."""
    states = states.clone()
    context = policy.sampling_context(condition)
    for _ in range(depth):
        mask = environment.backward_mask(states)
        rows = mask.any(dim=1).nonzero().squeeze(1)
        if not len(rows):
            break
        before, mask = states[rows], mask[rows]
        logits = torch.zeros(mask.shape, device=states.device)
        if policy.spec.has_learned_backward:
            features = featurize(environment, before)
            logits = policy.backward_logits(policy.hidden(features, context.at(rows)), features)
        states[rows] = environment.backward_step(
            before, sample_actions(logits.masked_fill(~mask, -torch.inf), generator)
        )
    return states


@torch.no_grad()
def rebuild(
    policy: Policy, environment: Environment, states: Tensor, condition: Condition, generator: Generator
) -> Tensor:
    """Return final states [B, W] reached by P_F from states [B, W]."""
    states = states.clone()
    context = policy.sampling_context(condition)
    rows = environment.is_final(states).logical_not().nonzero().squeeze(1)
    while len(rows):
        before, some = states[rows], context.at(rows)
        features = featurize(environment, before)
        logits = policy.forward_logits(policy.hidden(features, some), features, some)
        logits = logits.masked_fill(~environment.forward_mask(before), -torch.inf)
        after = environment.step(before, sample_actions(logits, generator))
        states[rows] = after
        rows = rows[~environment.is_final(after)]
    return states


@final
class LocalSearch(Behaviour):
    """Search around the best objects so far, then roll out backward from the results by P_B.

    Each trajectory starts at one of the best objects and has `n_rounds` proposals; one is accepted with
    probability min(1, R(proposal) / R(present)) under the trajectory's condition. Costs up to `n_rounds` new
    proxy calls per trajectory; scoring the present object before and after costs none where scores are
    cached.

    Args:
        state_width: W.
        log_reward: finite log-rewards [B] of final states [B, W] under conditions [B].
        capacity: how many of the best objects are kept as starts.
        depth: steps that are undone, the stopping one included.
        n_rounds: proposals per trajectory.
    """

    def __init__(
        self,
        state_width: int,
        log_reward: Callable[[Tensor, Condition], Tensor],
        capacity: int,
        depth: int,
        n_rounds: int,
    ) -> None:
        if depth < 1 or n_rounds < 1:
            raise ValueError("depth and n_rounds must be at least 1")
        self.depth = depth
        self.n_rounds = n_rounds
        self.reward_calls = float(n_rounds)
        self._log_reward = log_reward
        self._pool = Replay(torch.empty(0, state_width, dtype=torch.int64), capacity)

    def is_ready(self) -> bool:
        """Return whether there is any object to start from."""
        return self._pool.is_ready()

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Search from sampled objects and roll out backward from the results."""
        present = self._pool.draw_best(len(condition), environment.device, generator)
        log_reward = self._log_reward(present, condition)
        for _ in range(self.n_rounds):
            shortened = undo_steps(policy, environment, present, condition, self.depth, generator)
            proposed = rebuild(policy, environment, shortened, condition, generator)
            promised = self._log_reward(proposed, condition)
            uniform = torch.rand(len(condition), generator=generator, device=environment.device)
            is_accepted = uniform.log() < promised - log_reward
            present = torch.where(is_accepted.unsqueeze(1), proposed, present)
            log_reward = torch.where(is_accepted, promised, log_reward)
        return rollout_backward(policy, environment, present, condition, generator)

    def observe(self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor) -> None:
        """Keep the best objects as starts."""
        self._pool.observe(environment, final_states, condition, log_reward)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the starts."""
        return self._pool.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the starts."""
        self._pool.load_state_dict(state)
