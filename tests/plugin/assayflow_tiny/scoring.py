"""A scorer for campaigns of switches, found by its entry point."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def pairs(rows: Sequence[Mapping[str, str | float]]) -> list[float | None]:
    """Return how many neighbours are both on; no value where all switches are off."""
    texts = [str(row["switches"]) for row in rows]
    return [float(sum(a == b == "1" for a, b in pairwise(text))) or None for text in texts]
