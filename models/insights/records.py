"""What insights are made of: rounds as they were stored, beside the history of results.

Torch-free, SQL-free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.summaries.round import RoundSummary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.records import Purpose

NEW = ("exploit", "explore")
"""Purposes of objects that a round proposed because nobody had measured them."""


@dataclass(frozen=True, slots=True)
class ProposedObject:
    """One candidate and what became of it.

    `nearest` is its similarity to what was measured before its round.
    """

    object: str
    purpose: Purpose
    status: str
    nearest: float | None = None
    computed: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Tell that it was neither a replicate nor a control."""
        return self.purpose in NEW


@dataclass(frozen=True, slots=True)
class PastRound:
    """One round.

    Its candidates in order of rank, and the summary that was stored with it (empty while it runs).
    """

    number: int
    state: str
    candidates: tuple[ProposedObject, ...] = ()
    summary: RoundSummary = field(default_factory=RoundSummary)

    @property
    def proposed(self) -> tuple[ProposedObject, ...]:
        """Its new objects, without replicates and controls."""
        return tuple(item for item in self.candidates if item.is_new)
