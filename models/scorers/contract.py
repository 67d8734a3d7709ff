"""The scorer interface: objects come as rows of columns, and each gets one number or none.

Knows no campaign, no domain, and no computation of the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import ComputedProperty

Row = Mapping[str, str | float]
"""An object as the columns of a table (`smiles`, `sequence`, ...), its canonical text as `object`."""


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
        """A description of the property."""

    @property
    def batch_size(self) -> int:
        """Objects per call."""

    def __call__(self, rows: Sequence[Row]) -> Sequence[float | None]:
        """Return the value of each object, in order; None or NaN where there is none.

        Raises:
            ScorerError: if the property cannot be computed.
        """
