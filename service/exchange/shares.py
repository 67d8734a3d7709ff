"""Percent or fraction: 0.45 without units may be 45 %, where a campaign reads percent.

A file that states units nowhere and has no value above 1 is a question; a bare 0.9 beside `45%` is rejected.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from service.exchange.tables import QuestionError, TableError
from service.exchange.units import same_units
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.spec import CampaignSpec
    from service.exchange.entries import Entry
    from service.exchange.report import ParsedRow

_FEWEST = 2
"""Number of values from which a file without units is asked about; one alone may be small by chance."""


def with_shares_judged(
    rows: Sequence[ParsedRow], entries: Sequence[Entry], spec: CampaignSpec
) -> Sequence[ParsedRow]:
    """Return the rows with those rejected whose bare values may be fractions beside percentages.

    Args:
        rows: what becomes of each entry, in the same order.
        entries: the results as text.
        spec: the campaign that reads them.

    Raises:
        QuestionError: if all values of a column are bare and none of them is above 1.
        TableError: if the same holds for the values of one type among several in a column.
    """
    kinds = {kind for kind, each in spec.quantities().items() if each.units and same_units(each.units, "%")}
    if not kinds:
        return rows
    found: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.result is not None and row.result.type in kinds and row.result.value is not None:
            found[row.result.type].append(index)
    judged = list(rows)
    for kind, indices in found.items():
        bare = [index for index in indices if not _states_units(entries[index])]
        values = {index: abs(_value(rows[index])) for index in bare}
        if any("%" in entries[index].fields["value"] for index in indices):
            for index in (each for each in bare if 0 < values[each] <= 1):
                text = shortened(entries[index].fields["value"])
                reason = (
                    f"{text} has no percent sign, and other rows have: write it in percent, with the sign"
                )
                judged[index] = replace(
                    judged[index], status="rejected", reason=reason, column="units", result=None
                )
        elif (
            len(bare) == len(indices)
            and max(values.values()) <= 1
            and len({each for each in values.values() if each % 1}) >= _FEWEST
        ):
            _ask(kind, entries[bare[0]])
    return judged


def _value(row: ParsedRow) -> float:
    assert row.result is not None
    assert row.result.value is not None
    return row.result.value


def _states_units(entry: Entry) -> bool:
    stated = entry.units is not None or not is_missing(entry.fields.get("units", ""))
    return stated or any(letter == "%" or letter.isalpha() for letter in entry.fields["value"])


def _ask(kind: str, entry: Entry) -> None:
    header = entry.headers.get("value", "value")
    detail = f"no value of {kind} is above 1 and none has units: are they percent or fractions?"
    if entry.headers.get("type") != header:
        raise TableError(f"{detail} Add a column units that says % or fraction", column=header)
    choices = tuple(json.dumps({header: f"{kind} ({units})"}) for units in ("%", "fraction"))
    raise QuestionError("columns", choices, f"{detail} Send columns with one of the choices")
