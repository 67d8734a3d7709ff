"""An environment that reaches only given objects: all other actions are masked.

The ancestors of the objects are computed once, backward; a forward action is allowed if it leads to such a
state. A policy then samples only the table's objects, and learns only that they exist (docs/decisions/0011).
Knows no value of any object. Letters: B states, E edges, W state width, A forward actions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from models.gflownet.environment import Environment
from models.gflownet.exploration.archive import first_of_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.gflownet.structures import Graph

LIMIT = 5_000_000
"""Most ancestors of the objects."""


def ancestors(environment: Environment, final_states: Tensor, limit: int = LIMIT) -> Tensor:
    """Return the sorted keys of final states [X, W] and of all their ancestors.

    Raises:
        ValueError: if there are more than `limit`.
    """
    known: Tensor = torch.unique(environment.key(final_states))
    states = final_states
    while len(states):
        child, action = environment.backward_mask(states).nonzero(as_tuple=True)
        parents = environment.backward_step(states[child], action)
        keys, group = torch.unique(environment.key(parents), return_inverse=True)
        index = torch.arange(len(parents), device=parents.device)
        first = torch.full((len(keys),), len(parents), device=parents.device).scatter_reduce(
            0, group, index, "amin"
        )
        is_new = ~torch.isin(keys, known)
        states = parents[first[is_new]]
        known = torch.cat([known, keys[is_new]]).sort().values
        if len(known) > limit:
            raise ValueError(f"more than {limit} states lie on a way to these objects")
    return known


@final
class RestrictedEnvironment(Environment):
    """Wraps an environment and masks forward actions that cannot end in one of `objects`.

    Raises:
        ValueError: if none of the objects can be built.
    """

    format = "RestrictedEnvironment"

    def __init__(self, environment: Environment, objects: Sequence[str]) -> None:
        self._environment = environment
        finals, can_be_built = environment.states(objects)
        if not bool(can_be_built.any()):
            raise ValueError("none of the objects can be built in this environment")
        finals = finals[can_be_built]
        self._known = ancestors(environment, finals)
        self._sizes = environment.size(finals[first_of_each(environment.key(finals))])
        self._masks: dict[bytes, Tensor] = {}
        self.device = environment.device
        self.state_width = environment.state_width
        self.n_actions = environment.n_actions
        self.n_backward_actions = environment.n_backward_actions
        self.n_slots = environment.n_slots
        self.encoding_width = environment.encoding_width
        self.slot_width = environment.slot_width
        self.max_steps = environment.max_steps
        self.n_tokens = environment.n_tokens
        self.graph_kinds = environment.graph_kinds
        self.stop_action = None

    def input_names(self) -> Sequence[str]:  # the base class has a default, which would hide the names
        """Return a name for each policy input [D]."""
        return self._environment.input_names()

    def action_names(self) -> Sequence[str]:  # likewise
        """Return a name for each vocabulary action [A - K]."""
        return self._environment.action_names()

    def word_features(self) -> Tensor | None:  # likewise
        """Return what the last vocabulary actions are like [V, F], if that is known."""
        return self._environment.word_features()

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return the actions [B, A] (bool) that lead towards an object of the list, cached per state."""
        names = [row.tobytes() for row in states.cpu().numpy()]
        new = {name: row for row, name in enumerate(names) if name not in self._masks}
        if new:
            rows = torch.tensor(list(new.values()), device=states.device)
            self._masks.update(zip(new, self._open(states[rows]).unbind(0), strict=True))
        return torch.stack([self._masks[name] for name in names]) if names else self._open(states)

    def _open(self, states: Tensor) -> Tensor:
        mask = self._environment.forward_mask(states)
        row, action = mask.nonzero(as_tuple=True)
        keys = self._environment.key(self._environment.step(states[row], action))  # [E]
        index = torch.searchsorted(self._known, keys).clamp_max(len(self._known) - 1)
        mask[row, action] = self._known[index] == keys
        return mask

    def reset(self, n: int) -> Tensor:
        """Return n initial states [n, W]."""
        return self._environment.reset(n)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return allowed backward actions [B, R]: all parents of an ancestor are ancestors."""
        return self._environment.backward_mask(states)

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the next states [B, W]."""
        return self._environment.step(states, actions)

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the parents [B, W]."""
        return self._environment.backward_step(states, actions)

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take forward actions [B] and return the backward actions that undo them."""
        return self._environment.step_with_reverse(states, actions)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take backward actions [B] and return the forward actions that redo them."""
        return self._environment.backward_step_with_forward(states, actions)

    def encode(self, states: Tensor) -> Tensor:
        """Return policy inputs [B, D]."""
        return self._environment.encode(states)

    def encode_slots(
        self, states: Tensor
    ) -> Tensor:  # the base class has a default, which would hide the slots
        """Return the features of every slot [B, K, S]."""
        return self._environment.encode_slots(states)

    def tokens(self, states: Tensor) -> Tensor:
        """Return the tokens of states [B, L]."""
        return self._environment.tokens(states)

    def graph(self, states: Tensor) -> Graph:
        """Return the graphs of states [B]."""
        return self._environment.graph(states)

    def contexts(self, states: Tensor) -> Tensor:
        """Return what the next action depends on most [B, K]."""
        return self._environment.contexts(states)

    def is_final(self, states: Tensor) -> Tensor:
        """Return which states are finished objects [B] (bool)."""
        return self._environment.is_final(states)

    def key(self, states: Tensor) -> Tensor:
        """Return a 64-bit key of each state [B]."""
        return self._environment.key(states)

    def size(self, final_states: Tensor) -> Tensor:
        """Return the size of finished objects [B]."""
        return self._environment.size(final_states)

    def log_counts(self) -> dict[int, float]:
        """Return size -> log of the number of objects of the list."""
        sizes, counts = torch.unique(self._sizes, return_counts=True)
        return dict(zip(sizes.tolist(), counts.double().log().tolist(), strict=True))

    def objects(self, states: Tensor) -> list[str]:
        """Return the canonical text of each final state."""
        return self._environment.objects(states)

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return final states [N, W] and which texts could be represented [N]."""
        return self._environment.states(texts)

    def simplified(
        self, text: str
    ) -> tuple[str, str] | None:  # the base class has a default, which simplifies nothing
        """Return an object without what no state represents, and a description of that."""
        return self._environment.simplified(text)
