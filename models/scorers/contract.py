"""What a scorer is: it is given objects as rows of columns and answers with one number each, or none.

It knows no campaign and no domain; nobody here knows how it comes to its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import ComputedProperty

Row = Mapping[str, str | float]
"""An object as the columns of a table (`smiles`, `sequence`, `formula`, ...), its canonical text as `object`."""


class ScorerError(RuntimeError):
    """A scorer gave no usable answer; the message names the scorer and says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"scorer {name!r}: {reason}")
        self.name = name
        self.reason = reason


class Scorer(Protocol):
    """Computes one property."""

    @property
    def computes(self) -> ComputedProperty:
        """What it computes."""

    @property
    def batch_size(self) -> int:
        """How many objects it takes at once."""

    def __call__(self, rows: Sequence[Row]) -> Sequence[float | None]:
        """Return the value of each object, in order; None or NaN where there is none.

        Raises:
            ScorerError: if it cannot answer.
        """
