"""Frozen values that cross the rooms of the service. They know no file format, no table and no HTTP."""

import math
from dataclasses import dataclass
from typing import Self

from models.records import Outcome, Relation
from models.specs.result_metadata import RESULT_METADATA, ResultMetadata


@dataclass(frozen=True, slots=True)
class StandardResult(ResultMetadata):
    """One result in the campaign's own units, before any transform.

    What it said verbatim stays with its row.
    """

    object: str
    type: str
    relation: Relation = "="
    value: float | None = None
    units: str | None = None
    upper_value: float | None = None
    standard_error: float | None = None
    outcome: Outcome = "ok"

    def is_same_measurement(self, other: Self) -> bool:
        """Return whether two results are one measurement of one object.

        What both tell of how it came about agrees.
        A comment says nothing of that, and what only one of them tells contradicts nothing.
        """
        mine, others = (
            (item.object, item.type, item.relation, item.units, item.outcome) for item in (self, other)
        )
        numbers = ((self.value, other.value), (self.upper_value, other.upper_value))
        if mine != others or not all(_is_near(*pair) for pair in numbers):
            return False
        conditions = ((getattr(self, name), getattr(other, name)) for name in _CONDITIONS)
        errors = (self.standard_error, other.standard_error)
        return all(left == right for left, right in conditions if None not in (left, right)) and (
            None in errors or _is_near(*errors)
        )

    def describe(self) -> str:
        """Return the result in a few words."""
        traits = ((name, getattr(self, name)) for name in _CONDITIONS)
        shown = ", ".join(f"{name} {str(text)[:40]}" for name, text in traits if text is not None)
        of = f"of {self.object[:80]}" + (f" ({shown})" if shown else "")
        if self.value is None:
            return f"{self.outcome} {of}"
        upper = "" if self.upper_value is None else f" to {self.upper_value:g}"
        error = "" if self.standard_error is None else f" ± {self.standard_error:g}"
        return f"{self.relation} {self.value:g}{upper}{error} {self.units or ''}".rstrip() + f" {of}"


_CONDITIONS = tuple(name for name, column in RESULT_METADATA.items() if column.tells_apart)
"""What tells two measurements of one value apart."""


IDENTIFYING_FIELDS = (
    "object",
    "type",
    "relation",
    "value",
    "upper_value",
    "standard_error",
    "outcome",
    *_CONDITIONS,
)
"""What two results must share to be one sent twice."""


def _is_near(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9)
