"""The environment of mixtures: components in order with grid steps, then process variables in order.

Each recipe has one path with few steps: absent components take no step, a value is one choice, and there is
no stop. Letters: B batch, A actions, C components, G grid steps, V variables.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from models.domains.materials.mixture.recipe import grid_fraction, grid_steps, read, write
from models.domains.materials.sequence import ActionSequence, chosen_actions, last_entry, one_hot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.materials.spec import MixtureSpec


@final
class MixtureEnvironment(ActionSequence):
    """Action c * G + n - 1 takes n steps of component c; then one action per level of each variable."""

    format = "MixtureEnvironment"

    def __init__(self, spec: MixtureSpec, device: str) -> None:
        self._spec = spec
        self._levels = [variable.levels for variable in spec.process]
        self._grid = spec.grid if spec.components else 0
        self._most = min(spec.max_components, len(spec.components), self._grid)
        n_choices = len(spec.components) * self._grid
        n_actions = n_choices + sum(len(levels) for levels in self._levels)
        super().__init__(n_actions, self._most + len(self._levels), device)
        self._n_choices = n_choices
        self._offsets = [
            n_choices + sum(map(len, self._levels[:index])) for index in range(len(self._levels))
        ]
        nothing = [-1]
        components = [index for index in range(len(spec.components)) for _ in range(self._grid)]
        variables = [index for index, levels in enumerate(self._levels) for _ in levels]
        steps = list(range(1, self._grid + 1)) * len(spec.components)
        # Entry 0 is the empty column; other entries have component -1 and no steps, likewise variables.
        self._component = self._long(nothing + components + nothing * len(variables))
        self._steps = self._long([0] + steps + [0] * len(variables))
        self._variable = self._long(nothing * (1 + n_choices) + variables)
        self.encoding_width = (
            n_actions + len(spec.components) + self._grid + 1 + self._most + 1 + len(self._levels) + 1
        )

    def is_final(self, states: Tensor) -> Tensor:
        """Return which recipes are complete [B]."""
        return (self._remaining(states) == 0) & (self._n_set(states) == len(self._levels))

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return the choices from which a complete recipe can be reached [B, A]."""
        remaining, components = self._remaining(states)[:, None], self._component[1:]
        taken = (self._steps[states] > 0).sum(dim=1, keepdim=True)
        last = self._component[states].amax(dim=1, keepdim=True)
        steps = self._steps[1:]
        others_follow = (taken + 1 < self._most) & (components < len(self._spec.components) - 1)
        fits = (steps == remaining) | ((steps < remaining) & others_follow)
        is_choice = (components > last) & (components >= 0) & (remaining > 0) & fits
        is_setting = (remaining == 0) & (self._variable[1:] == self._n_set(states)[:, None])
        return is_choice | is_setting

    def encode(self, states: Tensor) -> Tensor:
        """Return the choices, fractions, steps left, components taken and variables set [B, D]."""
        chosen = chosen_actions(states, self.n_actions)
        sizes = torch.arange(1, self._grid + 1, device=self.device) / max(1, self._grid)
        fractions = (
            chosen[:, : self._n_choices].reshape(len(states), len(self._spec.components), self._grid) @ sizes
        )
        taken = (self._steps[states] > 0).sum(dim=1)
        parts = [
            chosen,
            fractions,
            one_hot(self._remaining(states), self._grid + 1),
            one_hot(taken, self._most + 1),
        ]
        return torch.cat([*parts, one_hot(self._n_set(states), len(self._levels) + 1)], dim=1)

    def action_names(self) -> list[str]:
        """Return components with their fractions, then variables with their levels."""
        steps = range(1, self._grid + 1)
        choices = [
            f"{component} {step}/{self._grid}" for component in self._spec.components for step in steps
        ]
        settings = [
            f"{variable.name} = {level}" for variable in self._spec.process for level in variable.levels
        ]
        return [*choices, *settings]

    def input_names(self) -> list[str]:
        """Return what each column of `encode` holds [D]."""
        return [
            *self.action_names(),
            *(f"fraction of {component}" for component in self._spec.components),
            *(f"{left}/{self._grid} left" for left in range(self._grid + 1)),
            *(f"{taken} components" for taken in range(self._most + 1)),
            *(f"{n_set} variables set" for n_set in range(len(self._levels) + 1)),
        ]

    def size(self, final_states: Tensor) -> Tensor:
        """Return the number of components present [B]."""
        return (self._steps[final_states] > 0).sum(dim=1)

    def contexts(self, states: Tensor) -> Tensor:
        """Return the last component or variable, then with its amount or level [B, 2]."""
        last = last_entry(states)
        variable = self._variable[last]
        part = torch.where(variable >= 0, len(self._spec.components) + variable, self._component[last])
        return torch.stack([part + 1, last], dim=1)

    def log_counts(self) -> dict[int, float]:
        """Return components -> log of the number of recipes: subsets, divisions of steps, settings."""
        settings = math.prod(map(len, self._levels))
        if not self._grid:
            return {0: math.log(settings)}
        n = len(self._spec.components)
        return {
            count: math.log(math.comb(n, count) * math.comb(self._grid - 1, count - 1) * settings)
            for count in range(1, self._most + 1)
        }

    def objects(self, states: Tensor) -> list[str]:
        """Return the canonical text of each final state."""
        return [self._write([entry - 1 for entry in row if entry > 0]) for row in states.tolist()]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return final states [N, W] and which recipes lie within the limits [N]."""
        rows = [self._actions(text) for text in texts]
        padded = [[action + 1 for action in row or ()] for row in rows]
        whole = torch.zeros(len(texts), self.state_width, dtype=torch.int64)
        for row, entries in zip(whole, padded, strict=True):
            row[: len(entries)] = torch.tensor(entries, dtype=torch.int64)
        result = torch.tensor([row is not None for row in rows], dtype=torch.bool, device=self.device)
        return whole.to(self.device), result

    def _remaining(self, states: Tensor) -> Tensor:
        return self._grid - self._steps[states].sum(dim=1)

    def _n_set(self, states: Tensor) -> Tensor:
        return (self._variable[states] >= 0).sum(dim=1)

    def _long(self, values: list[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self.device)

    def _write(self, actions: Sequence[int]) -> str:
        recipe: dict[str, str | float] = {}
        for action in actions:
            if action < self._n_choices:
                name = self._spec.components[action // self._grid]
                recipe[name] = grid_fraction(action % self._grid + 1, self._grid)
        for index, action in enumerate(actions[len(recipe) :]):
            recipe[self._spec.process[index].name] = self._levels[index][action - self._offsets[index]]
        return write(self._spec, recipe)

    def _actions(self, text: str) -> list[int] | None:
        """Return the path to a recipe, or None if it lies outside the limits."""
        recipe, spec = read(text), self._spec
        steps = grid_steps(spec, recipe) if spec.components else {}
        if steps is None or len(steps) > self._most:
            return None
        actions = [spec.components.index(name) * self._grid + count - 1 for name, count in steps.items()]
        for variable, levels, offset in zip(spec.process, self._levels, self._offsets, strict=True):
            if recipe[variable.name] not in levels:
                return None
            actions.append(offset + levels.index(recipe[variable.name]))
        return actions
