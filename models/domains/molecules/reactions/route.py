"""A linear route: a first block, then steps that each apply one template to the growing molecule.

Knows no chemistry: indices refer to the steps and the stock of one `Reactions`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """A first block and its steps: (index of the step, index of the partner block or None)."""

    first: int
    steps: tuple[tuple[int, int | None], ...] = ()

    @property
    def blocks(self) -> tuple[int, ...]:
        """Return the blocks in the order in which they are used."""
        return (self.first, *(partner for _, partner in self.steps if partner is not None))
