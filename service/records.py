"""Frozen values that cross the rooms of the service. They know no file format, no table and no HTTP."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from models.records import Outcome, Relation


@dataclass(frozen=True, slots=True)
class StandardResult:
    """One result in the campaign's own units, before any transform; what it said verbatim stays with its row."""

    object: str
    type: str
    relation: Relation = "="
    value: float | None = None
    units: str | None = None
    upper_value: float | None = None
    standard_error: float | None = None
    outcome: Outcome = "ok"
    replicate: str | None = None
    assay_version: str | None = None
    plate: str | None = None
    measured_at: datetime | None = None
    lot: str | None = None
    external_id: str | None = None
    comment: str | None = None

    def says_the_same(self, other: Self) -> bool:
        """Return whether two results say the same of one object, whatever describes how they came about."""
        mine, others = ((item.object, item.type, item.relation, item.units, item.outcome) for item in (self, other))
        numbers = ((self.value, other.value), (self.upper_value, other.upper_value))
        return mine == others and all(_is_near(*pair) for pair in numbers)

    def told(self) -> str:
        """Return the result in a few words."""
        if self.value is None:
            return f"{self.outcome} of {self.object[:80]}"
        upper = "" if self.upper_value is None else f" to {self.upper_value:g}"
        return f"{self.relation} {self.value:g}{upper} {self.units or ''}".rstrip() + f" of {self.object[:80]}"


def _is_near(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9)
