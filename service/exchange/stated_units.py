"""Whether the rows of one file state their units alike.

None here and micromolar there is a thousandfold error.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from service.exchange.units import same_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.exchange.assays import Assay
    from service.exchange.report import ParsedRow

_SHOWN = 3


class StatedUnits:
    """Collects which units each value of a file stated, in the order of its rows."""

    def __init__(self) -> None:
        self._by_type: dict[str, set[str | None]] = defaultdict(set)
        self._wanted: dict[str, str | None] = {}
        self._rows: dict[int, tuple[str, str | None]] = {}

    def note(self, index: int, assay: Assay, units: str | None) -> None:
        """Take the units of a value of an assay that the campaign reads; `place` counts results from 0."""
        self._by_type[assay.type].add(units)
        self._wanted[assay.type] = assay.quantity.units
        self._rows[index] = (assay.type, units)

    def judged(self, rows: Sequence[ParsedRow]) -> list[ParsedRow]:
        """Return the rows, with a warning where units are missing, rejected where units contradict."""
        doubtful = {kind: others for kind in self._by_type if (others := self._others(kind))}
        if not doubtful:
            return list(rows)
        return [
            self._judged(row, *self._rows[index], doubtful) if index in self._rows else row
            for index, row in enumerate(rows)
        ]

    def warnings(self) -> list[str]:
        """Return a sentence on each assay whose values came without units."""
        return [
            f"no units are given for {kind}: its values were read in the campaign's {self._wanted[kind]}"
            for kind, stated in self._by_type.items()
            if stated == {None} and self._wanted[kind]
        ]

    def _others(self, kind: str) -> list[str]:
        """Return the units of a type that make others doubtful: not the campaign's, and not the only ones."""
        stated, wanted = self._by_type[kind], self._wanted[kind]
        others = sorted(text for text in stated if text and not (wanted and same_units(text, wanted)))
        if wanted is None and len({*others, *(stated & {None})}) < 2:  # noqa: PLR2004 - one is no contradiction
            return []
        return others

    def _judged(
        self, row: ParsedRow, kind: str, units: str | None, doubtful: dict[str, list[str]]
    ) -> ParsedRow:
        others, wanted = doubtful.get(kind), self._wanted[kind]
        if others is None or row.status != "accepted":
            return row
        shown = ", ".join(others[:_SHOWN])
        if wanted is None:
            rows = "" if units else " in other rows only"
            detail = (
                f"the campaign states no units for {kind} and the file has {shown}{rows}: use one in "
                f"every row"
            )
            return replace(row, status="rejected", reason=detail, column="units", warnings=(), result=None)
        if units is not None:
            return row
        warning = f"no units in this row, {shown} in others: it was read in the campaign's {wanted}"
        return replace(row, warnings=(*row.warnings, warning))
