"""Which column of a table means what: ChEMBL's long layout, or one column per measured objective.

Knows nothing of values or stored candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.specs.columns import (
    BATCH_FIELDS,
    GUARDRAIL,
    IDENTITIES,
    MEASURED_FIELDS,
    OF_A_BATCH,
    OWN_IDS,
    PREFERENCE,
    RESULT_FIELDS,
    ROUTE_FIELDS,
    SO_FAR,
    SPREAD,
    key,
)
from service.exchange.headers import (
    NO_UNITS,
    ResultColumn,
    named_result,
    number_beside,
    own_columns,
    read_fields,
    result_names,
    units_at_end,
)
from service.exchange.object_headers import object_headers
from service.exchange.own_predictions import own_predictions, predictions_in
from service.exchange.replicates import ask_for_assay, replicate_columns, without_mean
from service.exchange.tables import TableError
from service.exchange.type_columns import type_column
from service.exchange.units import same_units
from service.exchange.values import is_missing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange.tables import Table

COMPOUND_ID = "compound_id"
"""What the id of an object in its laboratory is called, wherever it stands."""
_NUMBERS = ("value", "upper_value", "standard_error", "standard_deviation", "n")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the header means; `results` is empty for the long layout, whose value column may state `units`.

    `default_type` stands in for a type column.
    """

    fields: Mapping[str, str]
    objects: Mapping[str, str]
    results: tuple[ResultColumn, ...] = ()
    units: str | None = None
    default_type: str | None = None
    warnings: tuple[str, ...] = ()
    qualifying: frozenset[str] = frozenset()
    """Those of `objects` that only qualify one, such as end groups."""

    @property
    def is_batch(self) -> bool:
        """Whether the columns are those of a downloaded batch, whose empty cells mean what the batch said."""
        return "candidate_id" in self.fields and bool(self.results)

    def read(self) -> set[str]:
        """Return the headers that are read."""
        own = {header for column in self.results for header in (column.header, *column.own.values())}
        return own | {*self.fields.values(), *self.objects.values()}

    def numbers(self) -> tuple[str, ...]:
        """Return the headers under which numbers stand."""
        own = {header for column in self.results for header in (column.header, *_numbers(column.own))}
        return tuple(own | {*_numbers(self.fields)})

    def headers_of(self, field: str) -> tuple[str, ...]:
        """Return the headers under which a field stands, of the row or of one assay."""
        own = (column.own[field] for column in self.results if field in column.own)
        return (*((self.fields[field],) if field in self.fields else ()), *own)

    def roles(self) -> dict[str, str]:
        """Return header -> what it is read as."""
        roles = {header: name for name, header in self.objects.items()}
        roles |= {header: name for name, header in self.fields.items()}
        for column in self.results:
            roles |= {header: f"{name} of {column.type}" for name, header in column.own.items()}
            roles[column.header] = (
                f"value of {column.type}"
                + (f", reading {column.replicate}" if column.replicate else "")
                + (f" in {column.units}" if column.units else "")
            )
        return roles


def _numbers(fields: Mapping[str, str]) -> list[str]:
    return [fields[name] for name in _NUMBERS if name in fields]


def map_columns(table: Table, spec: CampaignSpec, domain: Domain) -> Mapped:
    """Return what each column means.

    Raises:
        TableError: if no column names the object, none holds results, or two hold the same.
    """
    objects = object_headers(table.columns, domain)
    headers = tuple(header for header in table.columns if header not in objects.values())
    fields, units = read_fields(headers)
    qualifying = frozenset(domain.qualifying_columns)
    fields = {**_own_id(headers, spec), **fields}
    if not {"candidate_id", COMPOUND_ID} & fields.keys() and not objects and table.columns:
        raise _no_column(table, _wanted_objects(table.columns, domain))
    results = _result_columns(headers, spec)
    types = list(spec.quantities())
    if "replicate" in fields and (repeated := next((each for each in results if each.replicate), None)):
        detail = (
            f"column {repeated.header!r} is one of several readings, and {fields['replicate']!r} numbers "
            f"them too"
        )
        raise TableError(f"{detail}: leave one out", column=repeated.header)
    is_long = ("type" in fields and ({"value", "outcome"} & fields.keys())) or (
        "value" in fields and not results
    )
    if is_long:
        if "type" not in fields:
            fields |= _type_field(
                table, headers, {*fields.values(), *(column.header for column in results)}, spec
            )
        default = None if "type" in fields else types[0]
        fields = {**_spread(headers, fields), **fields}
        mapped = Mapped(fields, objects, units=units, default_type=default, qualifying=qualifying)
        _check_units_beside(fields, units or _only_units(spec, types if default is None else [default]))
        return mapped
    expected = _downloaded(spec, domain)
    free = [each for each in headers if each not in fields.values() and key(each) not in expected]
    ask_for_assay(free, result_names(spec), {column.type for column in results})
    if not results and table.columns:
        detail = "no column holds results: add type and value, or one column per assay; known are"
        raise _no_column(table, f"{detail} {', '.join(types) or 'no assay'}{_looks_like(free, types)}")
    fields = {**_spread_of_rows(table, headers, fields, results), **fields}
    units_column = {"units": fields["units"]} if "units" in fields else {}
    for column in results:
        shared = fields if len(results) == 1 else units_column
        _check_units_beside({**shared, **column.own}, column.units or _only_units(spec, [column.type]))
    if len(results) > 1:
        _check_units_beside(fields, None)
    return Mapped(fields, objects, tuple(results), qualifying=qualifying)


def _own_id(headers: Sequence[str], spec: CampaignSpec) -> dict[str, str]:
    """Return the column of ids that a laboratory gives its objects, if there is one."""
    by_key = {key(header): header for header in reversed(headers)}
    names = result_names(spec)
    header = next((by_key[name] for name in OWN_IDS if name in by_key and name not in names), None)
    return {} if header is None else {COMPOUND_ID: header}


def _type_field(
    table: Table, headers: tuple[str, ...], taken: set[str], spec: CampaignSpec
) -> dict[str, str]:
    """Return the column of types under another name, or nothing where the campaign reads one assay.

    Raises:
        TableError: if there is none and the campaign reads several, or it is not certain.
    """
    said = type_column(
        table, (each for each in headers if each not in taken and key(each) not in OF_A_BATCH), spec
    )
    types = list(spec.quantities())
    if said is None and len(types) != 1:
        raise TableError(
            f"add a column type: this campaign reads {', '.join(types) or 'no assay'}", column="type"
        )
    return {} if said is None else {"type": said}


def _no_column(table: Table, detail: str) -> TableError:
    """Return the error of a table without a needed column: if no row can be read, why the first cannot."""
    first = next(iter(table.rows), None)
    if first is None or not all(row.problem for row in table.rows):
        return TableError(detail)
    return TableError(f"no row can be read: {first.problem}", row=first.number)


def _looks_like(headers: Sequence[str], types: Sequence[str]) -> str:
    """Return which column may hold an assay under a name that is not understood."""
    for header in headers:
        for kind in types:
            rest = key(header).removeprefix(f"{key(kind)}_")
            if rest != key(header) and rest not in NO_UNITS:
                return f"; if {header[:60]!r} is {kind}, name it '{kind} (its units)'"
    return ""


def _wanted_objects(columns: tuple[str, ...], domain: Domain) -> str:
    """Return what is missing, with the names that are understood and the column that may be meant."""
    wanted = list(domain.object_columns[:_SHOWN])
    also = [f"canonical_{name}" for name in wanted if f"canonical_{name}" in IDENTITIES]
    detail = f"no column says which object was measured: add {' or '.join(('candidate_id', *wanted, *also))}"
    words = {key(name): name for name in wanted}
    for header in columns:
        meant = next((words[word] for word in key(header).split("_") if word in words), None)
        if meant is not None:
            return f"{detail}; if {header[:60]!r} is it, name it {meant}"
    return detail


def _only_units(spec: CampaignSpec, types: list[str]) -> str | None:
    """Return the units in which the campaign reads values of all of these types, if they are the same."""
    measured = spec.quantities()
    found = {measured[kind].units if kind in measured else None for kind in types}
    return found.pop() if len(found) == 1 else None


def _check_units_beside(fields: Mapping[str, str], known: str | None) -> None:
    """Check that errors and ends of ranges are in the units of their values, where headers state units.

    Raises:
        TableError: if one is not, or the value's are in a column.
    """
    for field in (*MEASURED_FIELDS, "standard_deviation"):
        header = fields.get(field, "")
        units = units_at_end(header)
        if units and ("units" in fields or known is None or not same_units(units, known)):
            where = f"its value is in {known}" if known else "the header of its value states none"
            where = "the column units states those of its value" if "units" in fields else where
            detail = (
                f"column {header!r} states units of its own, but {where}: give both numbers in the same units"
            )
            raise TableError(detail, column=header)


def _spread_of_rows(
    table: Table, headers: tuple[str, ...], fields: Mapping[str, str], results: list[ResultColumn]
) -> dict[str, str]:
    """Return the columns of a spread that are of the one value of each row.

    Nothing where a row has several.
    """
    if len(results) == 1:
        return _spread(headers, {**fields, **results[0].own})
    values = [column.header for column in results]
    if any(sum(not is_missing(row.cells.get(header, "")) for header in values) > 1 for row in table.rows):
        return {}
    own = {header: header for column in results for header in column.own.values()}
    found = _spread(headers, {**fields, **own})
    return {name: header for name, header in found.items() if units_at_end(header) is None}


def unread(table: Table, mapped: Mapped) -> Iterator[str]:
    """Return the headers whose columns are not read."""
    read = mapped.read()
    return (header for header in table.columns if header not in read)


def _spread(headers: tuple[str, ...], taken: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of a standard deviation and of how many readings a mean has."""
    found: dict[str, str] = {}
    for header in headers:
        number = number_beside(header)
        field = SPREAD.get(key(header)) or (number[0] if number else None)
        if field is not None and field not in taken and header not in taken.values():
            found.setdefault(field, header)
    return found


def _result_columns(headers: tuple[str, ...], spec: CampaignSpec) -> list[ResultColumn]:
    names = result_names(spec)
    predicted = predictions_in(headers, spec)
    found: dict[str, ResultColumn] = {}
    for header in sorted(headers, key=lambda header: not key(header).endswith("_result")):
        named = None if header in predicted else named_result(header, names)
        if named is None:
            continue
        kind, units = named
        if kind in found and key(found[kind].header) == f"{key(header)}_result":
            continue
        if kind in found:
            raise _both_hold(found[kind].header, header, kind)
        own = own_columns([other for other in headers if other not in predicted], header, kind, spec)
        found[kind] = ResultColumn(kind, header, units, own)
    taken = {
        header for column in found.values() for header in (column.header, *column.own.values())
    } | predicted
    repeated = replicate_columns([header for header in headers if header not in taken], names, spec)
    for kind, readings in repeated.items():
        without_mean(found.pop(kind, None), readings)
    return [*found.values(), *(column for readings in repeated.values() for column in readings)]


def _both_hold(first: str, second: str, kind: str) -> TableError:
    if first.strip() == second.strip():
        return TableError(f"two columns are named {first.strip()!r}", column=second.strip())
    return TableError(f"columns {first!r} and {second!r} both hold {kind}", column=second)


def with_warnings(
    table: Table, mapped: Mapped, spec: CampaignSpec, domain: Domain, further: Collection[str] = ()
) -> Mapped:
    """Return the mapping with a warning for columns that are neither read, expected nor `further` headers."""
    read, expected = mapped.read().union(further), _downloaded(spec, domain)
    expected |= {f"batch_{name}" for name in expected}
    ignored = [header for header in table.columns if header not in read and key(header) not in expected]
    warnings = table.warnings
    if ignored:
        shown = ", ".join(repr(header.strip()[:40]) for header in ignored[:_SHOWN]) + (
            ", ..." if ignored[_SHOWN:] else ""
        )
        warnings = (*warnings, f"not read: {'column' if len(ignored) == 1 else 'columns'} {shown}")
    if mapped.default_type is not None:
        warnings = (*warnings, f"no column type: every value was read as {mapped.default_type}")
    return replace(mapped, warnings=warnings)


def _downloaded(spec: CampaignSpec, domain: Domain) -> set[str]:
    """Return the keys of a downloaded batch's own columns, which an upload may carry and nobody reads."""
    names = {*BATCH_FIELDS, *RESULT_FIELDS, *ROUTE_FIELDS, *domain.labels}
    names |= {key(name) for name in own_predictions(spec)}
    names |= {key(f"{objective.name}_{SO_FAR}") for objective in spec.objectives}
    names |= {key(f"{PREFERENCE}{objective.name}") for objective in spec.objectives}
    names |= {key(f"{GUARDRAIL}{guardrail.name}") for guardrail in spec.guardrails}
    names |= {key(scorer.name) for scorer in spec.scorers}
    return names | {key(name) for name in domain.computed}
