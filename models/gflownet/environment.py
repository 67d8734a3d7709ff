"""The environment contract: a directed acyclic graph of states, in batches of tensors.

Letters: B batch, W state width, A forward actions, R backward actions, K slots, D encoding width, S slot
width. A state is a row of int64; there is never a Python object per state. An environment knows no reward,
proxy or loss. Masks make transitions exact: from any state, two allowed forward actions lead to different
states (up to the isomorphism that `key` recognises), and two allowed backward actions to different parents.
An action is either one of `n_slots` positions in the state (its logit is computed from that slot's own
features, so the policy does not depend on how equal states are numbered) or a word of a fixed vocabulary.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from models.gflownet.common_choices import CommonChoices
from models.gflownet.structures import Graph


class Environment(ABC):
    """A batched, masked construction process. All tensors live on `device`."""

    format: ClassVar[str]
    """Identifies the layout of states, actions and encodings; stored policies need the same format.

    Independent of class names. Change it when earlier policies can no longer be used.
    """
    device: torch.device
    state_width: int
    n_actions: int
    """Forward actions A: the first `n_slots` point at slots, the rest are vocabulary."""
    n_backward_actions: int
    """Backward actions R: when `n_slots` > 0 the first `n_slots` point at slots, the rest are vocabulary."""
    n_slots: int = 0
    encoding_width: int
    slot_width: int = 0
    max_steps: int
    """Length of the longest trajectory, the stopping action included."""
    stop_action: int | None = None
    """The forward action that finishes a state as it is.

    None unless it is allowed in every unfinished state; in the initial state it is optional.
    """
    n_tokens: int = 0
    """How many distinct `tokens` there are; 0 where states are no sequences."""
    graph_kinds: tuple[int, int, int] | None = None
    """How many kinds of nodes, sites and relations `graph` has, none included; None without graphs."""
    ending_action: int | None = None
    """The forward action that finishes a state as it is, wherever it is allowed; None without `open_size`."""

    def vocabulary(self) -> Sequence[str]:
        """Return the meaning of the vocabulary actions in order, where the format alone does not define it.

        A stored policy opens only with the same names: other building blocks of equal number would fit its
        shape.
        """
        return ()

    def input_names(self) -> Sequence[str]:
        """Return a name for each policy input [D]; equal names mean the same in all spaces of one `format`.

        What a policy learned is carried over by these names. The default are places of exactly this space.
        Override it where spaces of one format share inputs.
        """
        return [f"{self._space()} input {place}" for place in range(self.encoding_width)]

    def action_names(self) -> Sequence[str]:
        """Return a name for each vocabulary action [A - K], as `input_names`."""
        return [f"{self._space()} action {place}" for place in range(self.n_actions - self.n_slots)]

    def _space(self) -> str:
        shape = (self.state_width, self.n_actions, self.n_slots, self.encoding_width)
        named = hashlib.sha256("\n".join(self.vocabulary()).encode()).hexdigest()[:8]
        return f"{' '.join(map(str, shape))} {named}"

    @abstractmethod
    def reset(self, n: int) -> Tensor:
        """Return n initial states [n, W]."""

    @abstractmethod
    def forward_mask(self, states: Tensor) -> Tensor:
        """Return allowed forward actions [B, A] (bool); none only for a final state."""

    @abstractmethod
    def backward_mask(self, states: Tensor) -> Tensor:
        """Return allowed backward actions [B, R] (bool); none only for the initial state."""

    @abstractmethod
    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the next states [B, W] for allowed forward actions [B] (int64); the input is not changed."""

    @abstractmethod
    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the parents [B, W] for allowed backward actions [B] (int64); the input is not changed."""

    @abstractmethod
    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take forward actions [B] and return the backward actions that undo them.

        Returns:
            Next states [B, W], and for each the allowed backward action [B] that leads back to `states`.
        """

    @abstractmethod
    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take backward actions [B] and return the forward actions that redo them.

        Returns:
            Parents [B, W], and for each the allowed forward action [B] that leads back to `states`.
        """

    @abstractmethod
    def encode(self, states: Tensor) -> Tensor:
        """Return policy inputs [B, D] (float32), equal for equal keys."""

    def encode_slots(self, states: Tensor) -> Tensor:
        """Return the features of every slot [B, K, S] (float32); empty when the environment has no slots."""
        return torch.zeros(len(states), self.n_slots, self.slot_width, device=states.device)

    def tokens(self, states: Tensor) -> Tensor:
        """Return the tokens of states [B, max_steps] (int64) from 1, 0 after the last; with `n_tokens` only.

        A step appends one token, so the first t of a state are those of its ancestor after t steps.
        """
        raise NotImplementedError(f"{type(self).__name__} has no tokens for states {tuple(states.shape)}")

    def graph(self, states: Tensor) -> Graph:
        """Return the graphs of states [B]; with `graph_kinds` only.

        Equal keys give equal graphs, up to the order of nodes and of sites that a symmetry relates.
        """
        raise NotImplementedError(f"{type(self).__name__} has no graphs for states {tuple(states.shape)}")

    @abstractmethod
    def is_final(self, states: Tensor) -> Tensor:
        """Return which states are finished objects [B] (bool)."""

    def key(self, states: Tensor) -> Tensor:
        """Return a 64-bit key of each state [B] (int64): equal exactly for equal states, up to collisions."""
        mixed = torch.full((len(states),), 1469598103934665603, dtype=torch.int64, device=states.device)
        for column in states.unbind(dim=1):
            mixed = (mixed ^ (column + 0x9E3779B9)) * 1099511628211
            mixed = mixed ^ (mixed >> 29)
        return mixed

    def size(self, final_states: Tensor) -> Tensor:
        """Return the size of finished objects [B] (int64, at least 0), equal for equal keys.

        The default is the number of steps. Override it where that number varies between trajectories, or
        where it is not what a person counts.
        """
        states = final_states.clone()
        steps = torch.zeros(len(states), dtype=torch.int64, device=states.device)
        while bool((rows := self.backward_mask(states).any(dim=1)).any()):
            steps += rows
            mask = self.backward_mask(states[rows])
            states[rows] = self.backward_step(states[rows], mask.long().argmax(dim=1))
        return steps

    def open_size(self, states: Tensor) -> Tensor:
        """Return the size [B] that unfinished states would have if they ended as they are.

        Raises:
            NotImplementedError: in an environment without an `ending_action`.
        """
        raise NotImplementedError

    def contexts(self, states: Tensor) -> Tensor:
        """Return what the next action of unfinished states depends on most [B, K] (int64), coarse to fine.

        Each column tells more than the one before: states that agree in it agree in those before. Learned
        priors count actions by them; the default, K = 0, counts each action by itself.
        """
        return states.new_zeros(len(states), 0)

    def listed(self) -> Tensor | None:
        """Return the final states [X, W] of all objects where the space is a list; None where it is built."""
        return None

    def log_counts(self) -> Mapping[int, float] | None:
        """Return size -> log of the exact number of distinct objects; None where it is unknown."""
        return None

    @abstractmethod
    def objects(self, states: Tensor) -> list[str]:
        """Return the canonical text of each final state.

        The text is empty for a state that represents no allowed object; the reward gives it its floor.
        """

    @abstractmethod
    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return final states [N, W] for canonical texts and which are representable [N] (bool)."""

    def obstacle(self, text: str) -> str | None:
        """Return why `states` does not represent an object, in words for people; None if nothing is known."""
        del text
        return None

    def common_choices(self) -> CommonChoices | None:
        """Return how often people take each vocabulary action, by other objects; None if nobody counted."""
        return None

    def simplified(self, text: str) -> tuple[str, str] | None:
        """Return an object without unrepresentable features, and their description; None if unchanged."""
        del text
        return None
