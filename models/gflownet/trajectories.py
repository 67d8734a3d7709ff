"""A batch of whole trajectories, without padding. Knows no policy and no reward.

Letters: B trajectories, N transitions in total, T longest length, W state width, A forward actions, R
backward actions. Transitions may be in any order; `trajectory` and `time` locate each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

import torch
from torch import Tensor

from models.gflownet.environment import Environment
from models.gflownet.prior import ActionPrior
from models.gflownet.structures import Structure, Tokens, join_structures
from models.gflownet.used_slots import UsedSlots, join_slots

Reads = Literal["encoding", "tokens", "graph"]
"""What a trunk reads of states: `Environment.encode`, `Environment.tokens`, or `Environment.graph` with the
encoding."""


@final
@dataclass(frozen=True, slots=True)
class Features:
    """Policy inputs of N states: rows of `encoding` [U, D] and, with slots only, `slots` of U states.

    `position` [N] is the row of each state; without it there is one row per state. With a prior only,
    `log_prior` [U, A] has the log-probabilities of its actions. `structure` describes the rows to a trunk
    that reads more than the encoding.
    """

    encoding: Tensor
    slots: UsedSlots | None
    position: Tensor | None = None
    log_prior: Tensor | None = None
    structure: Structure | None = None

    def at(self, rows: Tensor | slice) -> "Features":
        """Return the features of the given states."""
        if self.position is not None:
            return replace(self, position=self.position[rows])
        return Features(
            self.encoding[rows],
            None if self.slots is None else self.slots.at(rows),
            log_prior=None if self.log_prior is None else self.log_prior[rows],
            structure=None if self.structure is None else self.structure.at(rows),
        )

    def spread(self, values: Tensor) -> Tensor:
        """Return values of rows [U, ...] for every state [N, ...]."""
        return values if self.position is None else values.index_select(0, self.position)


def featurize(
    environment: Environment,
    states: Tensor,
    prior: ActionPrior | None = None,
    mask: Tensor | None = None,
    reads: Reads = "encoding",
) -> Features:
    """Return the features of states [N, W] for a trunk that reads this of them, and for a prior.

    `mask` [N, A] is that of forward actions, where it is known.
    """
    structure: Structure | None = None
    if reads == "tokens":
        structure = Tokens.of(environment.tokens(states))
    elif reads == "graph":
        structure = environment.graph(states)
    log_prior: Tensor | None = None
    if prior is not None:
        log_prior = prior(states, environment.forward_mask(states) if mask is None else mask)
    slots = UsedSlots.of(environment.encode_slots(states)) if environment.n_slots else None
    return Features(environment.encode(states), slots, log_prior=log_prior, structure=structure)


def featurize_trajectories(
    environment: Environment,
    states: Tensor,
    trajectory: Tensor,
    time: Tensor,
    prior: ActionPrior | None = None,
    reads: Reads = "encoding",
) -> Features:
    """Return the features of the states [N + B, W] of `Trajectories`; tokens are stored once for each."""
    if reads != "tokens":
        return featurize(environment, states, prior, reads=reads)
    whole = Tokens.of(environment.tokens(states[len(trajectory) :]))
    tokens = Tokens(whole.ids, torch.cat([trajectory, whole.rows]), torch.cat([time, whole.lengths]))
    return replace(featurize(environment, states, prior), structure=tokens)


def join_features(parts: Sequence[Features]) -> Features:
    """Return the rows of several features in one."""
    slots = [part.slots for part in parts if part.slots is not None]
    log_priors = [part.log_prior for part in parts if part.log_prior is not None]
    structures = [part.structure for part in parts if part.structure is not None]
    return Features(
        torch.cat([part.encoding for part in parts]),
        join_slots(slots) if slots else None,
        log_prior=torch.cat(log_priors) if log_priors else None,
        structure=join_structures(structures) if structures else None,
    )


@final
@dataclass(frozen=True, slots=True)
class Trajectories:
    """B trajectories from the initial state to a final one, as N transitions."""

    environment: Environment
    states: Tensor
    """[N + B, W]: the state before each transition, then the final state of each trajectory."""
    actions: Tensor
    """[N]: forward action of each transition."""
    backward_actions: Tensor
    """[N]: the backward action that undoes it."""
    trajectory: Tensor
    """[N]: which of the B trajectories it belongs to."""
    time: Tensor
    """[N]: its index in that trajectory, from 0."""
    lengths: Tensor
    """[B]: transitions per trajectory."""
    forward_mask: Tensor
    """[N, A]: allowed forward actions before each transition."""
    features: Features
    """Of all N + B states."""

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def n_transitions(self) -> int:
        """N."""
        return len(self.actions)

    @property
    def final_states(self) -> Tensor:
        """Final states [B, W]."""
        return self.states[self.n_transitions :]

    def following(self) -> Tensor:
        """Return the row of `states` [N] in which each transition ends."""
        n, b = self.n_transitions, len(self)
        stride = self.environment.max_steps + 1
        index = torch.add(self.time, self.trajectory, alpha=stride)
        last = torch.add(self.lengths, torch.arange(b, device=index.device), alpha=stride)
        row = index.new_empty(b * stride)
        row.index_copy_(0, torch.cat([index, last]), torch.arange(n + b, device=index.device))
        return row.index_select(0, index + 1)

    def total(self, values: Tensor) -> Tensor:
        """Return the sum over each trajectory [B] of values per transition [N]."""
        return values.new_zeros(len(self)).index_add(0, self.trajectory, values)

    def pad(self, values: Tensor, extra: int = 0) -> Tensor:
        """Return values per transition [N] as a table [T + extra, B], zero after each trajectory's end."""
        table = values.new_zeros(int(self.lengths.max()) + extra, len(self))
        return table.index_put((self.time, self.trajectory), values)

    def repeat(self, times: int) -> "Trajectories":
        """Return all trajectories [B * times], repeated `times` times in order; features are stored once."""
        if times == 1:
            return self
        n, b = self.n_transitions, len(self)
        shift = (
            torch.arange(times, device=self.trajectory.device).repeat_interleave(n, output_size=n * times) * b
        )
        rows = torch.arange(n + b, device=self.trajectory.device)
        index = torch.cat([rows[:n].repeat(times), rows[n:].repeat(times)])
        return Trajectories(
            environment=self.environment,
            states=torch.cat([self.states[:n].repeat(times, 1), self.states[n:].repeat(times, 1)]),
            actions=self.actions.repeat(times),
            backward_actions=self.backward_actions.repeat(times),
            trajectory=self.trajectory.repeat(times) + shift,
            time=self.time.repeat(times),
            lengths=self.lengths.repeat(times),
            forward_mask=self.forward_mask.repeat(times, 1),
            features=replace(self.features, position=index),
        )

    def split(self, n_parts: int) -> list["Trajectories"]:
        """Return the trajectories in interleaved parts: part i has i, i + n_parts, ... in order."""
        if n_parts == 1:
            return [self]
        everyone = torch.arange(len(self), device=self.trajectory.device)
        part = torch.cat([self.trajectory, everyone]) % n_parts  # [N + B]
        rows = torch.split(part.argsort(stable=True), torch.bincount(part, minlength=n_parts).tolist())
        return [self._part(states, everyone[i::n_parts], n_parts) for i, states in enumerate(rows)]

    def _part(self, states: Tensor, members: Tensor, n_parts: int) -> "Trajectories":
        """Return some of the trajectories; their rows of `states`, transitions first, are given."""
        rows = states[: len(states) - len(members)]
        return Trajectories(
            environment=self.environment,
            states=self.states.index_select(0, states),
            actions=self.actions.index_select(0, rows),
            backward_actions=self.backward_actions.index_select(0, rows),
            trajectory=self.trajectory.index_select(0, rows).div_(n_parts, rounding_mode="floor"),
            time=self.time.index_select(0, rows),
            lengths=self.lengths.index_select(0, members),
            forward_mask=self.forward_mask.index_select(0, rows),
            features=self.features.at(states),
        )


def join(parts: Sequence[Trajectories]) -> Trajectories:
    """Return the trajectories of several batches of one environment in one, in order."""
    if len(parts) == 1:
        return parts[0]
    starts = [0]
    for part in parts[:-1]:
        starts.append(starts[-1] + len(part))
    before = [slice(0, part.n_transitions) for part in parts]
    after = [slice(part.n_transitions, None) for part in parts]
    pairs = list(zip(parts, before, strict=True)) + list(zip(parts, after, strict=True))
    return Trajectories(
        environment=parts[0].environment,
        states=torch.cat([part.states[rows] for part, rows in pairs]),
        actions=torch.cat([part.actions for part in parts]),
        backward_actions=torch.cat([part.backward_actions for part in parts]),
        trajectory=torch.cat([part.trajectory + start for part, start in zip(parts, starts, strict=True)]),
        time=torch.cat([part.time for part in parts]),
        lengths=torch.cat([part.lengths for part in parts]),
        forward_mask=torch.cat([part.forward_mask for part in parts]),
        features=join_features([part.features.at(rows) for part, rows in pairs]),
    )
