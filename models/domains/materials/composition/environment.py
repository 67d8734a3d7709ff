"""The environment of compositions: elements by ascending electronegativity, an amount for each, then stop.

The mask is exact (see `reachability`): every partial composition can be completed, and every allowed
composition has exactly one path. Letters: B batch, A actions, E elements, K most elements, S oxidation
states, Q = 2 * bound + 1 charges, W words of a set of charges, C contexts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from models.domains.materials.charge_balance.oxidation_states import is_neutral
from models.domains.materials.charge_balance.reachability import (
    Reachability,
    count_compositions,
    reachability,
)
from models.domains.materials.composition.formula import amounts_of
from models.domains.materials.sequence import ActionSequence, chosen_actions, last_entry, one_hot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORD = 62
"""Charges per int64: the sign bit stays clear."""


@final
class CompositionEnvironment(ActionSequence):
    """Chooses (element, amount) pairs; action e * max_atoms + n - 1 takes n atoms of e, the last stops."""

    format = "CompositionEnvironment"

    def __init__(
        self, states: Mapping[str, tuple[int, ...]], max_atoms: int, max_elements: int, device: str
    ) -> None:
        n_elements, count = len(states), min(max_elements, len(states), max_atoms)
        super().__init__(n_elements * max_atoms + 1, count + 1, device)
        table = reachability(tuple(states.values()), max_atoms, max_elements)
        self._oxidation = dict(states)
        self._symbols = tuple(states)
        self._max_atoms, self._max_elements, self._bound = max_atoms, count, table.bound
        self._stop = n_elements * max_atoms
        indices = torch.arange(self._stop, device=self.device)
        # One more entry at each end: action -1 is an empty column, and the stop is one more element.
        nothing, end = indices.new_full((1,), -1), indices.new_full((1,), n_elements)
        self._element = torch.cat([nothing, indices // max_atoms, end])
        self._amount = torch.cat([nothing * 0, indices % max_atoms + 1, nothing * 0])
        self._allowed = _pack_table(table, self._stop).to(self.device)
        self._context_of = _context_index(table, max_atoms, count).to(self.device)
        self._charges = _padded([*states.values(), (0,)]).to(self.device)
        self.encoding_width = self.n_actions + n_elements + max_atoms + 1 + count + 1 + 2 * table.bound + 2

    def is_final(self, states: Tensor) -> Tensor:
        """Return which compositions are finished [B]."""
        return (states == self._stop + 1).any(dim=1)

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return the actions from which a valid composition can be reached [B, A]."""
        prefix = self._prefix_charges(states)
        used, count, divisor = self._context(states)
        options = self._allowed[self._context_of[used, count, divisor]]  # [B, A - 1, W]
        completable = (options & _pack(prefix)[:, None]).ne(0).any(dim=2)
        last = self._element[states].amax(dim=1, keepdim=True)
        later = self._element[1:-1] > last
        stop = (divisor == 1) & prefix[:, self._bound] & ~self.is_final(states)
        return torch.cat([completable & later, stop[:, None]], dim=1)

    def encode(self, states: Tensor) -> Tensor:
        """Return the choices, amounts, atoms and elements used, and the possible charges [B, D]."""
        used, count, divisor = self._context(states)
        chosen = chosen_actions(states, self.n_actions)
        amounts = chosen[:, :-1].view(len(states), len(self._symbols), self._max_atoms) @ self._per_atom()
        parts = [chosen, amounts, one_hot(used, self._max_atoms + 1), one_hot(count, self._max_elements + 1)]
        parts += [self._prefix_charges(states).float(), (divisor == 1).float()[:, None]]
        return torch.cat(parts, dim=1)

    def action_names(self) -> list[str]:
        """Return elements with numbers of atoms, and stopping."""
        amounts = range(1, self._max_atoms + 1)
        return [*(f"{symbol}{amount}" for symbol in self._symbols for amount in amounts), "stop"]

    def input_names(self) -> list[str]:
        """Return what each column of `encode` holds [D]."""
        charges = range(-self._bound, self._bound + 1)
        return [
            *self.action_names(),
            *(f"amount of {symbol}" for symbol in self._symbols),
            *(f"{used} atoms" for used in range(self._max_atoms + 1)),
            *(f"{count} elements" for count in range(self._max_elements + 1)),
            *(f"charge {charge}" for charge in charges),
            "lowest terms",
        ]

    def size(self, final_states: Tensor) -> Tensor:
        """Return the atoms of the formula units [B]."""
        return self._amount[final_states].sum(dim=1)

    def contexts(self, states: Tensor) -> Tensor:
        """Return the last element, then with its amount [B, 2]."""
        last = last_entry(states)
        return torch.stack([self._element[last] + 1, last], dim=1)

    def log_counts(self) -> dict[int, float] | None:
        """Return atoms -> log of the number of compositions; None where counting would take long."""
        counts = count_compositions(tuple(self._oxidation.values()), self._max_atoms, self._max_elements)
        return None if counts is None else {atoms: math.log(count) for atoms, count in counts.items()}

    def objects(self, states: Tensor) -> list[str]:
        """Return the canonical formula of each final state."""
        elements, amounts = self._element[states].tolist(), self._amount[states].tolist()
        return [
            "".join(
                self._symbols[element] + (str(amount) if amount > 1 else "")
                for element, amount in zip(row, counts, strict=True)
                if amount > 0
            )
            for row, counts in zip(elements, amounts, strict=True)
        ]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return final states [N, W] and which compositions lie within the limits [N]."""
        row_of = {symbol: index for index, symbol in enumerate(self._symbols)}
        rows, result = [], []
        for text in texts:
            amounts = amounts_of(text)
            result.append(self._is_allowed(amounts))
            actions = (
                [row_of[symbol] * self._max_atoms + amount for symbol, amount in amounts.items()]
                if result[-1]
                else []
            )
            row = [*actions, self._stop + 1] if result[-1] else []
            rows.append(row + [0] * (self.state_width - len(row)))
        whole = torch.tensor(rows, dtype=torch.int64, device=self.device).view(-1, self.state_width)
        return whole, torch.tensor(result, dtype=torch.bool, device=self.device)

    def _is_allowed(self, amounts: Mapping[str, int]) -> bool:
        within = len(amounts) <= self._max_elements and sum(amounts.values()) <= self._max_atoms
        return (
            within
            and all(symbol in self._oxidation for symbol in amounts)
            and is_neutral(amounts, self._oxidation)
        )

    def _per_atom(self) -> Tensor:
        return torch.arange(1, self._max_atoms + 1, device=self.device) / self._max_atoms

    def _context(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return atoms used, elements used and the greatest common divisor of the amounts, each [B]."""
        amounts = self._amount[states]  # [B, W]
        divisor = torch.zeros_like(amounts[:, 0])
        for column in amounts.unbind(dim=1):
            divisor = torch.gcd(divisor, column)
        return amounts.sum(dim=1), (amounts > 0).sum(dim=1), divisor

    def _prefix_charges(self, states: Tensor) -> Tensor:
        """Return which total charges the elements so far may carry, one oxidation state each [B, Q]."""
        width = 2 * self._bound + 1
        charges = torch.arange(width, device=self.device)
        possible = (charges == self._bound).expand(len(states), width)
        for column in states[:, : self._max_elements].unbind(dim=1):
            # The last row of `_charges` is a neutral placeholder for an empty column and for the stop.
            states_of = self._charges[self._element[column]]  # [B, S]
            shifts = (states_of * self._amount[column][:, None])[:, :, None]  # [B, S, 1]
            source = charges - shifts  # [B, S, Q]
            inside = (source >= 0) & (source < width)
            spread = possible[:, None].expand(-1, shifts.shape[1], -1)
            possible = (spread.gather(2, source.clamp(0, width - 1)) & inside).any(dim=1)
        return possible


def _padded(states: Sequence[Sequence[int]]) -> Tensor:
    """Return the oxidation states [E + 1, S]; short rows repeat their first state."""
    most = max(len(values) for values in states)
    return torch.tensor([[*values, *[values[0]] * (most - len(values))] for values in states])


def _pack(charges: Tensor) -> Tensor:
    """Return sets of charges [B, Q] (bool) as words [B, W] (int64)."""
    n_words = -(-charges.shape[1] // WORD)
    whole = torch.nn.functional.pad(charges.long(), (0, n_words * WORD - charges.shape[1]))
    return (whole.view(len(charges), n_words, WORD) << torch.arange(WORD, device=charges.device)).sum(dim=2)


def _pack_table(table: Reachability, n_choices: int) -> Tensor:
    """Return the allowed prefix charges of every context and choice [C, A - 1, W]."""
    n_words, full = -(-(2 * table.bound + 1) // WORD), (1 << WORD) - 1
    max_atoms = n_choices // len(table.allowed[0])
    packed = torch.zeros(len(table.contexts), n_choices, n_words, dtype=torch.int64)
    for row, elements in zip(packed, table.allowed, strict=True):
        words = torch.tensor(
            [
                [charges >> WORD * word & full for word in range(n_words)]
                for sets in elements
                for charges in (*sets, *[0] * (max_atoms - len(sets)))
            ]
        )
        row.copy_(words)
    return packed


def _context_index(table: Reachability, max_atoms: int, max_elements: int) -> Tensor:
    """Return the row of each context [atoms + 1, elements + 1, divisor + 1]; unused ones have row 0."""
    index = torch.zeros(max_atoms + 1, max_elements + 1, max_atoms + 1, dtype=torch.int64)
    for row, context in enumerate(table.contexts):
        index[context] = row
    return index
