"""Delta-conservative search (arXiv:2410.04461): erase steps of the best objects; the policy refills them.

The less certain the proxies are of an object, the fewer of its steps are erased, because their optimum far
from the measured objects is often an error. Letters: B trajectories, T recorded steps, W state width, n
unfinished rows.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.environment import Environment
from models.gflownet.exploration.archive_search import ArchiveSearch
from models.gflownet.genetic_operators import NONE, decompose, step_log_priors
from models.gflownet.policy import Policy
from models.gflownet.sampler import rollout_backward, rollout_forward
from models.gflownet.trajectories import Trajectories
from models.specs.behaviour import RankWeights

EDITS_PER_PLACE = 4
"""Edits walked for each that is kept, where a prior may refuse what a refill leaves after it."""


@final
class Refill:
    """Takes the recorded actions of rows [B] that are kept, and else those that the policy sampled.

    A recorded action that is no longer allowed gives way to the sampled one. A sampled action that would end
    the object before a step that is kept gives way to the recorded one, if that is allowed and does not end
    it.

    Args:
        environment: in which the actions are steps.
        actions: recorded ones [B, T], `NONE` after the last.
        is_kept: which of them are kept [B, T].
    """

    def __init__(self, environment: Environment, actions: Tensor, is_kept: Tensor) -> None:
        n = len(actions)
        end = torch.full((n, 1), NONE, device=actions.device)
        is_kept = is_kept & (actions != NONE)
        later = is_kept.flip(1).cumsum(1).flip(1) - is_kept.long()  # kept steps after each
        self._environment = environment
        self._actions = torch.cat([actions, end], dim=1)
        self._is_kept = torch.cat([is_kept, end >= 0], dim=1)
        self._has_later = torch.cat([later > 0, end >= 0], dim=1)
        self._step = 0

    def __call__(self, rows: Tensor, states: Tensor, mask: Tensor, sampled: Tensor) -> Tensor:
        """Return the actions [n] of the next step in `states` [n, W], given which are allowed [n, A]."""
        step = min(self._step, self._actions.shape[1] - 1)
        self._step += 1
        recorded = self._actions[rows, step]
        is_possible = (recorded >= 0) & mask.gather(1, recorded.clamp_min(0).unsqueeze(1)).squeeze(1)
        taken = torch.where(is_possible & self._is_kept[rows, step], recorded, sampled)
        doubtful = (is_possible & self._has_later[rows, step] & (taken != recorded)).nonzero().squeeze(1)
        if len(doubtful):
            ends = [
                self._environment.is_final(self._environment.step(states[doubtful], actions[doubtful]))
                for actions in (taken, recorded)
            ]
            undone = doubtful[ends[0] & ~ends[1]]
            taken = taken.index_copy(0, undone, recorded[undone])
        return taken


def _kept(ways: Tensor, share: Tensor, generator: Generator) -> Tensor:
    """Return which recorded actions [B, T] are kept, when each is erased with probability `share` [B]."""
    uniform = torch.rand(ways.shape, generator=generator, device=ways.device)
    return (uniform >= share.unsqueeze(1)) & (ways != NONE)


def kept_log_prior(trajectories: Trajectories, ways: Tensor, is_kept: Tensor) -> Tensor:
    """Return the log-prior [B] of the steps that trajectories took as they are kept in `ways` [B, T].

    A step that is to be kept and was not possible counts as impossible.
    """
    n, features = trajectories.n_transitions, trajectories.features
    assert features.log_prior is not None
    log_p = features.log_prior[:n].gather(1, trajectories.actions.unsqueeze(1)).squeeze(1)
    rows, time = trajectories.trajectory, trajectories.time
    inside = time < ways.shape[1]
    at = time.clamp_max(ways.shape[1] - 1)
    is_taken = inside & is_kept[rows, at] & (ways[rows, at] == trajectories.actions)
    n_taken = trajectories.total(is_taken.float())
    total = trajectories.total(log_p.where(is_taken, 0.0))
    return total.masked_fill(n_taken < is_kept.sum(dim=1), -torch.inf)


@final
class Conservative(ArchiveSearch):
    """Walk again the steps of one of the best objects, each erased with probability delta - lambda * sigma.

    The probability is at least 0 and at most 1; sigma is the uncertainty of the object's predictions, from 0
    to 1. An erased step is sampled by the policy, so its edits are those that it holds to be good. Costs one
    new proxy call per trajectory.

    Args:
        state_width: W.
        capacity: how many of the best observed objects are edited.
        probability: delta, lambda.
        uncertainty: sigma [B] of final states [B, W].
        rank_weights: how often each rank of the best objects is edited.

    Raises:
        ValueError: if delta is not in (0, 1] or lambda is negative.
    """

    reward_calls = 1.0

    def __init__(
        self,
        state_width: int,
        capacity: int,
        probability: tuple[float, float],
        uncertainty: Callable[[Tensor], Tensor],
        rank_weights: RankWeights = "power",
    ) -> None:
        delta, slope = probability
        if not 0 < delta <= 1 or slope < 0:
            raise ValueError(f"delta must be in (0, 1] and lambda at least 0, not {delta:g} and {slope:g}")
        super().__init__(state_width, capacity, rank_weights)
        self._delta, self._lambda = delta, slope
        self._uncertainty = uncertainty

    def erased_share(self, states: Tensor) -> Tensor:
        """Return the probability [B] that a step of each final state [B, W] is erased."""
        return (self._delta - self._lambda * self._uncertainty(states)).clamp(0.0, 1.0)

    def trajectories(
        self, policy: Policy, environment: Environment, condition: Condition, generator: Generator
    ) -> Trajectories:
        """Return one edited object per condition; without a prior, with the steps that were walked."""
        states = self.draw(len(condition), environment, generator)
        ways = decompose(environment, states, generator)
        if policy.prior is None:
            is_kept = _kept(ways, self.erased_share(states), generator)
            refill = Refill(environment, ways, is_kept)
            return rollout_forward(policy, environment, condition, generator, revise=refill)
        edited, gain = self._edits(policy, environment, (states, ways), condition, generator)
        is_same = environment.key(edited) == environment.key(states).repeat_interleave(EDITS_PER_PLACE)
        accepted = torch.rand(len(gain), generator=generator, device=gain.device).log() < gain
        # what changes nothing comes after what the prior accepts, and before what it refuses
        merit = torch.where(accepted, torch.inf, gain).masked_fill(is_same, 0.0)
        best = merit.view(-1, EDITS_PER_PLACE).argmax(dim=1)
        first = torch.arange(len(condition), device=best.device) * EDITS_PER_PLACE
        return rollout_backward(policy, environment, edited[first + best], condition, generator)

    def _edits(
        self,
        policy: Policy,
        environment: Environment,
        originals: tuple[Tensor, Tensor],
        condition: Condition,
        generator: Generator,
    ) -> tuple[Tensor, Tensor]:
        """Return several edits of each original [L, W], and what their kept steps gain in log-prior [L].

        The originals are final states [B, W] and the actions [B, T] that build them.
        """
        assert policy.prior is not None
        share, ways = self.erased_share(originals[0]), originals[1]
        before = step_log_priors(environment, ways, policy.prior)
        ways, before, share = (
            part.repeat_interleave(EDITS_PER_PLACE, dim=0) for part in (ways, before, share)
        )
        is_kept = _kept(ways, share, generator)
        refill = Refill(environment, ways, is_kept)
        edits = condition.repeat(EDITS_PER_PLACE)
        walked = rollout_forward(policy, environment, edits, generator, revise=refill)
        after = kept_log_prior(walked, ways, is_kept)
        return walked.final_states, after - torch.where(is_kept, before, 0.0).sum(dim=1)
