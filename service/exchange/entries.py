"""A table's rows as entries, one result each, with the cells that belong to that result alone.

Knows nothing of values beyond whether there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.specs.columns import MEASURED_FIELDS, TRAITS
from service.exchange.cells import Digits
from service.exchange.headers import named_result, result_names
from service.exchange.units import are_convertible, same_units
from service.exchange.values import (
    is_missing,
    is_outcome,
    is_relation,
    outcome_word,
    read_relation,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from service.exchange.columns import Mapped
    from service.exchange.headers import ResultColumn
    from service.exchange.tables import RawRow, Table

_OF_ONE_ASSAY = ("assay_failed", "not_tested")
_OF_ONE_RESULT = ("relation", "units", *MEASURED_FIELDS)
_SPARED = frozenset(("comment", "lot", "plate", "replicate", "measured_at"))
_AS_SHOWN = frozenset({*TRAITS, "comment", "candidate_id"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One result as text: `fields` by name, `objects` by the domain's columns, `headers` for messages.

    `problem` is why the row cannot be read at all; `refused` why this result of it cannot, by field. `units`
    are those that the header states.
    """

    row: int
    fields: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    units: str | None = None


def entries(table: Table, mapped: Mapped, spec: CampaignSpec) -> Iterator[Entry]:
    """Yield every result of the table; a row without any is one entry without value and outcome."""
    wide = _Wide(mapped, spec)
    headers, types = _message_headers(mapped), _Types(spec)
    read, spared = mapped.read(), {header for name, header in mapped.fields.items() if name in _SPARED}
    for row in table.rows:
        if row.problem is not None and not _is_readable(row, read, spared):
            yield Entry(
                row.number, picked(row, mapped.fields), picked(row, mapped.objects), problem=row.problem
            )
        elif mapped.results:
            yield from wide.entries(row)
        else:
            fields = picked(row, mapped.fields)
            if mapped.default_type is not None:
                fields["type"] = mapped.default_type
            kind, units = types.read(fields.get("type", ""))
            fields |= {"type": kind} if units else {}
            refused = _contradiction(units, mapped.units)
            units = mapped.units or units
            yield Entry(
                row.number, fields, picked(row, mapped.objects), headers, refused=refused, units=units
            )


def _is_readable(row: RawRow, read: set[str], spared: set[str]) -> bool:
    """Return whether nothing that is read is missing of a row.

    Programs leave blank cells at the end out; one that matters may be missing because the file was cut.
    """
    needed = {
        column for column in row.lacks if column in read and (column in row.cells or column not in spared)
    }
    return bool(row.lacks) and not needed


def picked(row: RawRow, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the cells of a row that say something, by name.

    What identifies something is read as it is shown.
    """
    found = {}
    for name, header in headers.items():
        text = row.cells.get(header, "")
        if text:
            found[name] = text.shown if isinstance(text, Digits) and name in _AS_SHOWN else text
    return found


class _Types:
    """Reads the type of a result where it states units as a header does: `IC50 (uM)`."""

    def __init__(self, spec: CampaignSpec) -> None:
        self._names = result_names(spec)
        self._known: dict[str, tuple[str, str | None]] = {}

    def read(self, text: str) -> tuple[str, str | None]:
        """Return the assay type and its units, or the text as it is."""
        if text not in self._known:
            found = named_result(text, self._names)
            self._known[text] = found if found is not None and found[1] else (text, None)
        return self._known[text]


def _check_shared(column: ResultColumn, row: RawRow, shared: Mapping[str, str]) -> dict[str, str]:
    """Return what a row says of its one value twice and differently.

    In a column of its own, and in the shared one.
    """
    refused = {}
    for name in ("relation", "units"):
        own, other = row.cells.get(column.own.get(name, ""), ""), shared.get(name, "")
        if (
            own
            and other
            and own.casefold() != other.casefold()
            and not (name == "units" and same_units(own, other))
        ):
            refused[name] = (
                f"column {column.own[name]!r} says {shortened(own)}, {name} {shortened(other)}: which is it?"
            )
    return refused


def _contradiction(of_type: str | None, of_value: str | None) -> dict[str, str]:
    if of_type is None or of_value is None or same_units(of_type, of_value):
        return {}
    return {"type": f"the type says {of_type!r}, the header of the value {of_value!r}"}


class _Wide:
    """Splits rows of one column per assay."""

    def __init__(self, mapped: Mapped, spec: CampaignSpec) -> None:
        self._mapped = mapped
        self._wanted = {kind: quantity.units for kind, quantity in spec.quantities().items()}
        self._headers = {column.header: _headers(column, mapped) for column in mapped.results}

    def entries(self, row: RawRow) -> Iterator[Entry]:
        """Yield the results of one row."""
        mapped = self._mapped
        shared, objects = picked(row, mapped.fields), picked(row, mapped.objects)
        used = [column for column in mapped.results if self._has_content(row, column, shared)]
        filled = [column for column in used if _has_value(row, column)]
        for column in used:
            fields = self._own_fields(row, column, shared)
            alone = _check_shared(column, row, shared) if filled == [column] else {}
            refused = self._keep_own(fields, column, filled, shared) if len(filled) > 1 else alone
            yield Entry(
                row.number, fields, objects, self._headers[column.header], refused=refused, units=column.units
            )
        if not used:
            yield Entry(row.number, shared, objects, mapped.fields)

    def _keep_own(
        self,
        fields: dict[str, str],
        column: ResultColumn,
        filled: Sequence[ResultColumn],
        shared: Mapping[str, str],
    ) -> dict[str, str]:
        """Take away what belongs to another result of the row.

        Return what may belong to either, with its reason.
        """
        refused = {}
        for name in _OF_ONE_RESULT:
            text = shared.get(name)
            if text is None or name in column.own or _is_blank(name, text):
                continue
            owners = self._owners(name, text, filled)
            if column not in owners:
                fields.pop(name, None)
            elif len(owners) > 1:
                names = " or ".join(f"{owner.type}_{name}" for owner in owners[:3])
                refused[name] = (
                    f"{name} {shortened(text)} does not say of which assay it is: use a column {names}"
                )
        return refused

    def _owners(self, name: str, text: str, filled: Sequence[ResultColumn]) -> list[ResultColumn]:
        free = [column for column in filled if name not in column.own]
        if name != "units":
            return free
        fitting = [column for column in free if _fits(text, column.units or self._wanted.get(column.type))]
        if len(fitting) > 1 and all(
            same_units(text, column.units or self._wanted[column.type] or "") for column in fitting
        ):
            return fitting[:1]
        return fitting or free

    def _has_content(self, row: RawRow, column: ResultColumn, shared: Mapping[str, str]) -> bool:
        outcome, relation = (row.cells.get(column.own.get(name, ""), "") for name in ("outcome", "relation"))
        is_own = bool(outcome) or not _is_blank("relation", relation)
        return _has_value(row, column) or is_own or self._shared_outcome_applies(row, column, shared)

    def _shared_outcome_applies(self, row: RawRow, column: ResultColumn, shared: Mapping[str, str]) -> bool:
        """Return whether the row's outcome is about this assay.

        A failed assay is one of those without a value.
        """
        text = shared.get("outcome", "")
        if not is_outcome(text) or text.strip().casefold() == "ok":
            return False
        is_whole = all(_has_value(row, other) for other in self._mapped.results)
        return outcome_word(text) not in _OF_ONE_ASSAY or is_whole or not _has_value(row, column)

    def _own_fields(self, row: RawRow, column: ResultColumn, shared: Mapping[str, str]) -> dict[str, str]:
        fields = {name: text for name, text in shared.items() if name != "value"}
        if not self._shared_outcome_applies(row, column, shared):
            fields.pop("outcome", None)
        fields.update(picked(row, column.own))
        if column.replicate is not None:
            fields["replicate"] = column.replicate
            if "external_id" in fields:
                fields["external_id"] = f"{fields['external_id']}/{column.replicate}"
        return {**fields, "type": column.type, "value": row.cells.get(column.header, "")}


def _message_headers(mapped: Mapped) -> dict[str, str]:
    """Return the headers by which messages name fields.

    An object's columns are told by the domain's names.
    """
    ends = {name: header for name, header in mapped.objects.items() if name in mapped.qualifying}
    return {**ends, **mapped.fields}


def _headers(column: ResultColumn, mapped: Mapped) -> dict[str, str]:
    return {**_message_headers(mapped), **column.own, "value": column.header, "type": column.header}


def _has_value(row: RawRow, column: ResultColumn) -> bool:
    return not is_missing(row.cells.get(column.header, ""))


def _fits(text: str, wanted: str | None) -> bool:
    return wanted is not None and are_convertible(text, wanted)


def _is_blank(name: str, text: str) -> bool:
    if is_missing(text):
        return True
    return name == "relation" and is_relation(text) and read_relation(text) == "="
