"""Molecules as routes of synthesis: a first block, then steps with their partners, then stop.

A state is the route itself, so that every molecule comes with one. Masks follow from tracked counts of
reactive groups, without RDKit. Steps are only appended: each state has one parent. Several routes may make
one molecule; they are its aliases.

Letters: B batch, W state width, T most steps, N blocks, S steps, G groups, A = S + 1 + N forward actions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, final

import torch

from models.domains.molecules.route_environment import block_features, encoding
from models.domains.molecules.route_environment.made import Made
from models.domains.molecules.route_environment.rows import RouteColumns, route_of, rows_to_tensor, split
from models.domains.molecules.route_environment.tables import build
from models.gflownet.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from models.domains.molecules.reactions.chemistry import Reactions
    from models.domains.molecules.reactions.route import Route

_CHOOSE_STEP = -1
"""Context of a molecule that may take a step; others are those of the pending step."""


@final
class Routes(Environment):
    """Routes of at most `reactions.max_steps` steps.

    Forward actions: S steps, stopping, and N blocks, which begin a route or are the partner of the pending
    step. A step is allowed only if a partner is, so no route is a dead end. The one backward action undoes
    the last forward one.

    Args:
        reactions: of the campaign.
        features: of the blocks [N, F] (see `block_features`); None computes them.
        device: where tensors live.

    Raises:
        ValueError: if no block is within the limit of atoms.
    """

    format = "Routes 1"
    has_aliases = True
    n_backward_actions = 1

    def __init__(
        self,
        reactions: Reactions,
        features: npt.NDArray[np.float32] | None = None,
        *,
        device: str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        self.reactions = reactions
        self._tables = build(reactions).to(self.device)
        if not bool(self._tables.open_actions[-1].any()):
            raise ValueError("max_heavy_atoms: no building block is that small")
        if features is None:
            features = block_features.block_features(reactions.stock.blocks)
        self._features = torch.nn.functional.pad(torch.from_numpy(features), (0, 0, 1, 0)).to(self.device)
        self._made = Made(reactions)
        self._n_reactions, n_blocks = len(reactions.steps), len(reactions.stock.blocks)
        self.state_width = 2 * reactions.max_steps + 2
        self.n_actions = self._n_reactions + 1 + n_blocks
        self.max_steps = 2 * reactions.max_steps + 2
        self._stop = self.ending_action = self._n_reactions
        self._tracks_all = bool(self._tables.is_tracked.all())
        self._group_places = torch.arange(1, len(reactions.groups) + 1, device=self.device)
        self.encoding_width = len(self.input_names())

    def vocabulary(self) -> list[str]:
        """Return the limits, the steps and the blocks."""
        limits = f"{self.reactions.max_steps} steps, {self.reactions.max_heavy_atoms} heavy atoms"
        return [limits, *self.action_names()]

    def input_names(self) -> list[str]:
        """Return what each input tells [D]; groups and templates by their names."""
        features = [f"feature {place}" for place in range(self._features.shape[1])]
        if len(features) == len(block_features.NAMES):
            features = list(block_features.NAMES)
        return encoding.names(self.reactions.groups, self._step_names(), features, self.reactions.max_steps)

    def action_names(self) -> list[str]:
        """Return steps by template and role, stopping, and blocks by their structure [A]."""
        return [*self._step_names(), "stop", *(block.smiles for block in self.reactions.stock.blocks)]

    def _step_names(self) -> list[str]:
        templates = self.reactions.templates
        return [f"{templates[step.template].name} as reactant {step.role}" for step in self.reactions.steps]

    def word_features(self) -> Tensor:
        """Return the features of blocks [N, F], which are the last actions."""
        return self._features[1:]

    def reset(self, n: int) -> Tensor:
        """Return n empty routes [n, W]."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def _columns(self, states: Tensor) -> RouteColumns:
        return split(states, self._tables.needs_partner)

    def _counts(self, states: Tensor, columns: RouteColumns) -> Tensor:
        """Return how often each group occurs [B, G]; with a pending step, after it but for the partner."""
        blocks = self._tables.counts[columns.first] + self._tables.counts[columns.partners].sum(dim=1)
        counts = blocks + self._tables.change[columns.steps].sum(dim=1)
        if not self._tracks_all:
            is_off = ~self._tables.is_tracked[columns.steps].all(dim=1)
            if bool(is_off.any()):
                counts[is_off] = self._executed_counts(states[is_off], columns.pending[is_off])
        return counts

    def _executed_counts(self, states: Tensor, pending: Tensor) -> Tensor:
        """Return counts [B, G] of routes whose products have to be counted; -1 where there is no product."""
        nothing = [-1.0] * len(self.reactions.groups)
        rows = []
        for row, waits in zip(states.tolist(), pending.tolist(), strict=True):
            route = route_of(row)
            if waits:
                route = replace(route, steps=route.steps[:-1])
            found = self._made.counts(route)
            rows.append(nothing if found is None else found.tolist())
        return torch.tensor(rows, dtype=torch.float32, device=self.device)

    def _heavy_atoms(self, columns: RouteColumns) -> Tensor:
        """Return heavy atoms [B] (int16); with a pending step, after it but for the partner."""
        tables = self._tables
        blocks = tables.heavy_atoms[columns.first] + tables.heavy_atoms[columns.partners].sum(dim=1)
        return (blocks - tables.lost_atoms[columns.steps].sum(dim=1)).to(torch.int16)

    def _possible_steps(self, columns: RouteColumns, counts: Tensor, heavy: Tensor) -> Tensor:
        """Return the steps [B, S] that molecules may take: guards hold and some partner fits."""
        tables = self._tables
        against = (counts != 1).float() @ tables.needs.t() + (counts != 0).float() @ tables.forbids.t()
        room = self.reactions.max_heavy_atoms - heavy
        fits = tables.least_partner <= room.unsqueeze(1) + tables.lost_atoms[1:]
        is_open = (columns.first > 0) & ~columns.stopped & (columns.pending == 0)
        is_open &= columns.n_steps < self.reactions.max_steps
        if not self._tracks_all:
            is_open &= counts[:, :1].ge(0).all(dim=1)
        return (against == 0) & fits & is_open.unsqueeze(1)

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return allowed steps, stopping and blocks [B, A]."""
        columns = self._columns(states)
        counts, heavy = self._counts(states, columns), self._heavy_atoms(columns)
        is_begun = columns.first > 0
        row = torch.where(is_begun, columns.pending, self._n_reactions + 1)
        mask = self._tables.open_actions.index_select(0, row)
        mask[:, : self._n_reactions] = self._possible_steps(columns, counts, heavy)
        mask[:, self._stop] = is_begun & ~columns.stopped & (columns.pending == 0)
        room = self.reactions.max_heavy_atoms - heavy
        tight = ((row > 0) & (room < self._tables.most_atoms)).nonzero().squeeze(1)
        if tight.numel():
            fits = self._tables.heavy_atoms[1:] <= room[tight].unsqueeze(1)
            mask[tight, self._n_reactions + 1 :] &= fits
        return mask

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return whether there is something to undo [B, 1]."""
        return states[:, :1] > 0

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return routes with a block, a step or the stop appended [B, W]."""
        columns = self._columns(states)
        is_step, is_stop = actions < self._n_reactions, actions == self._stop
        # a block is the first one, in column 0, or the partner of the last step
        place = torch.where(is_stop, self.state_width - 1, 2 * columns.n_steps + is_step.long())
        value = torch.where(is_step, actions + 1, actions - self._n_reactions)
        value = torch.where(is_stop, 1, value)
        return states.scatter(1, place.unsqueeze(1), value.unsqueeze(1))

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return routes without what was appended last [B, W]."""
        del actions
        return states.scatter(1, self._last_place(states).unsqueeze(1), 0)

    def _last_place(self, states: Tensor) -> Tensor:
        """Return the column [B] that was written last: the last one that is not empty."""
        places = torch.arange(1, self.state_width + 1, device=states.device)
        return ((states > 0).long() * places).argmax(dim=1)

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return next states [B, W], and the one backward action [B]."""
        return self.step(states, actions), torch.zeros_like(actions)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return parents [B, W], and the action [B] that was taken there."""
        place = self._last_place(states)
        value = states.gather(1, place.unsqueeze(1)).squeeze(1)
        is_stop, is_step = place == self.state_width - 1, place % 2 == 1
        forward = torch.where(is_step, value - 1, value + self._n_reactions)
        return self.backward_step(states, actions), torch.where(is_stop, self._stop, forward)

    def encode(self, states: Tensor) -> Tensor:
        """Return groups, possible steps and features of blocks [B, D]."""
        columns = self._columns(states)
        counts, heavy = self._counts(states, columns), self._heavy_atoms(columns)
        possible = self._possible_steps(columns, counts, heavy)
        share = heavy.float() / self.reactions.max_heavy_atoms
        return encoding.encode(columns, counts, possible, share, self._features, self.key(states))

    def is_final(self, states: Tensor) -> Tensor:
        """Return which routes have stopped [B]."""
        return states[:, -1] == 1

    def size(self, final_states: Tensor) -> Tensor:
        """Return the number of steps [B]."""
        return self._columns(final_states).n_steps

    def open_size(self, states: Tensor) -> Tensor:
        """Return the number of steps so far [B]."""
        return self._columns(states).n_steps

    def contexts(self, states: Tensor) -> Tensor:
        """Return what is to be chosen, then for steps also which groups there are [B, 2]."""
        columns = self._columns(states)
        waits = columns.pending > 0
        kind = torch.where(columns.first == 0, 0, torch.where(waits, columns.pending, _CHOOSE_STEP))
        groups = self._counts(states, columns).clamp(0, 2).long()
        pattern = (groups * (self._group_places * 0x9E3779B97F4A7C1 + 1)).sum(dim=1)
        fine = torch.where(kind == _CHOOSE_STEP, pattern * 2 + 1, kind * 2)
        return torch.stack([kind, fine], dim=1)

    def objects(self, states: Tensor) -> list[str]:
        """Return the canonical SMILES that the routes make, each carried out by RDKit."""
        return [self._made.text(route_of(row)) for row in states.tolist()]

    def log_multiplicity(self, final_states: Tensor) -> Tensor:
        """Return the log of the number of routes to each molecule [B]."""
        counts = [self._made.n_routes(route_of(row)) for row in final_states.tolist()]
        return torch.tensor(counts, dtype=torch.float64, device=self.device).log().float()

    def aliases(self, final_states: Tensor) -> tuple[Tensor, Tensor]:
        """Return all routes [M, W] to the molecules of final states [B, W], and whose they are [M]."""
        routes: list[Route] = []
        owners: list[int] = []
        for owner, row in enumerate(final_states.tolist()):
            route = route_of(row)
            text = self._made.text(route)
            every = self._made.routes(text) if text else (route,)
            routes += every
            owners += [owner] * len(every)
        states = rows_to_tensor(routes, self.reactions.max_steps)
        return states.to(self.device), torch.tensor(owners, dtype=torch.int64, device=self.device)

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the cheapest of the shortest routes [N, W] to each molecule, and which have one [N]."""
        found = [self.reactions.best_route(text) for text in texts]
        is_made = torch.tensor([route is not None for route in found], dtype=torch.bool, device=self.device)
        states = self.reset(len(texts))
        chosen = [route for route in found if route is not None]
        states[is_made] = rows_to_tensor(chosen, self.reactions.max_steps).to(self.device)
        return states, is_made
