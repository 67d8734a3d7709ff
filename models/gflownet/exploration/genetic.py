"""Genetic search: the actions that build the best objects are recombined and mutated (arXiv:2402.05961).

The best objects are those of the archive of all that was observed: samples of the policy, replayed and
measured objects, and earlier children. Each trajectory is a backward rollout by P_B from a child, whatever
its reward; the better children become parents. This also varies the middle of a good object, whereas undoing
last steps only changes an end. The best objects join the sampling pool as elites, because a short training
may not teach the policy to build them. Where the policy has a prior, what is new in a child is drawn from it,
and children are accepted as by a Markov chain on it: variation alone would leave what it holds possible.
Letters: B trajectories, L litter.
"""

from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.archive_search import ArchiveSearch
from models.gflownet.genetic_operators import breed, build, build_by_prior, decompose
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward, rollout_forward
from models.gflownet.trajectories import Trajectories
from models.specs.behaviour import RankWeights

CHILDREN_PER_PLACE = 4
"""Children bred for each that is kept, where a prior refuses some."""


@final
class Genetic(ArchiveSearch):
    """Breed from the best objects observed so far. Costs one new proxy call per trajectory.

    Args:
        state_width: W.
        capacity: how many of the best objects may be parents.
        rank_weights: how often each rank of them is a parent.
        policy_mates: probability that the second parent, whose end a crossover takes, is a sample that the
            policy makes now instead of one of the best objects.
    """

    reward_calls = 1.0

    def __init__(
        self,
        state_width: int,
        capacity: int,
        rank_weights: RankWeights = "power",
        policy_mates: float = 0.0,
    ) -> None:
        super().__init__(state_width, capacity, rank_weights)
        self._policy_mates = policy_mates

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Roll out backward from one child per condition."""
        children = self._children(policy, environment, condition, generator)
        return rollout_backward(policy, environment, children, condition, generator)

    def _children(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Tensor:
        """Return one child [B, W] per condition."""
        n = len(condition)
        if policy.prior is None:
            parents = self._parents(policy, environment, condition, generator)
            bred = breed(decompose(environment, parents, generator), environment.n_actions, generator)
            return build(environment, bred, generator)
        litter = condition.repeat(CHILDREN_PER_PLACE)
        parents = self._parents(policy, environment, litter, generator)
        ways = decompose(environment, parents, generator)
        _, before = build_by_prior(environment, ways[: len(litter)], policy.prior, generator)
        children, after = build_by_prior(environment, breed(ways, None, generator), policy.prior, generator)
        gain = after - before  # [L]
        accepted = torch.rand(len(litter), generator=generator, device=gain.device).log() < gain
        best = torch.where(accepted, torch.inf, gain).argsort(descending=True, stable=True)
        return children[best[:n]]

    def _parents(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Tensor:
        """Return two parents [2 B, W] per condition: those to take after, then their mates."""
        n, n_sampled = len(condition), round(self._policy_mates * len(condition))
        parents = self.draw(2 * n, environment, generator)
        if not n_sampled:
            return parents
        of_samples = condition.at(slice(n - n_sampled, None))
        sampled = rollout_forward(policy, environment, of_samples, generator).final_states
        return torch.cat([parents[: 2 * n - n_sampled], sampled])
