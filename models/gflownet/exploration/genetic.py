"""Genetic search: the actions that build the best objects are recombined and mutated (cf. arXiv:2402.05961).

Each trajectory is a backward rollout by P_B from a child, whatever its reward; the better children become
parents. This also varies the middle of a good object, whereas undoing last steps only changes an end. The
best objects join the sampling pool as elites, because a short training may not teach the policy to build
them. Where the policy has a prior, children are drawn from it and kept as a Markov chain on it would keep
them: variation alone would leave what it holds possible. Letters: B trajectories, L litter.
"""

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.contract import Behaviour
from models.gflownet.exploration.replay import Replay
from models.gflownet.genetic_operators import breed, build, build_by_prior, decompose
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward
from models.gflownet.trajectories import Trajectories

CHILDREN_PER_PLACE = 4
"""Children bred for each that is kept, where a prior refuses some."""


@final
class Genetic(Behaviour):
    """Breed from the best objects observed so far. Costs one new proxy call per trajectory.

    Args:
        state_width: W.
        capacity: how many of the best objects may be parents.
    """

    reward_calls = 1.0

    def __init__(self, state_width: int, capacity: int) -> None:
        self._pool = Replay(torch.empty(0, state_width, dtype=torch.int64), capacity)

    def is_ready(self) -> bool:
        """Return whether there is any object to breed from."""
        return self._pool.is_ready()

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Roll out backward from one child per condition."""
        children = self._children(policy, environment, len(condition), generator)
        return rollout_backward(policy, environment, children, condition, generator)

    def _children(self, policy: Policy, environment: Environment, n: int, generator: Generator) -> Tensor:
        """Return n final states [n, W] bred from the best objects."""
        if policy.prior is None:
            parents = self._pool.draw_best(2 * n, environment.device, generator)
            bred = breed(decompose(environment, parents, generator), environment.n_actions, generator)
            return build(environment, bred, generator)
        litter = n * CHILDREN_PER_PLACE
        parents = self._pool.draw_best(2 * litter, environment.device, generator)
        ways = decompose(environment, parents, generator)
        _, before = build_by_prior(environment, ways[:litter], policy.prior, generator)
        children, after = build_by_prior(environment, breed(ways, None, generator), policy.prior, generator)
        gain = after - before  # [L]
        accepted = torch.rand(litter, generator=generator, device=gain.device).log() < gain
        best = torch.where(accepted, torch.inf, gain).argsort(descending=True, stable=True)
        return children[best[:n]]

    def observe(
        self, environment: Environment, final_states: Tensor, condition: Condition, log_reward: Tensor
    ) -> None:
        """Keep the best distinct objects."""
        self._pool.observe(environment, final_states, condition, log_reward)

    def elites(self) -> Sequence[Tensor]:
        """Return the kept objects, the best first."""
        return (self._pool.best,)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept objects."""
        return self._pool.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept objects."""
        self._pool.load_state_dict(state)
