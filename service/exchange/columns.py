"""Which column of a table means what: ChEMBL's long layout, or one column per measured objective.

Splits rows into entries, one result each. Knows nothing of values, units or stored candidates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from service.exchange.tables import TableError
from service.exchange.values import is_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from models.campaign import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange.tables import RawRow, Table

RESULT_FIELDS = ("relation", "units", "outcome", "comment")
"""The empty columns that follow the objectives in a downloaded batch."""
FIELDS = (
    *("candidate_id", "type", "value", *RESULT_FIELDS, "upper_value", "standard_error", "replicate"),
    *("assay_version", "plate", "measured_at", "lot", "external_id"),
)
_SYNONYMS = {
    "unit": "units",
    "comments": "comment",
    "activity_comment": "comment",
    "std_error": "standard_error",
    "plate_id": "plate",
    "plate_barcode": "plate",
}
_STANDARD = ("type", "relation", "value", "units", "upper_value")
_WITH_UNITS = re.compile(r"(?P<name>.+?)\s*[(\[](?P<units>[^()\[\]]+)[)\]]")
_OF_ONE_ASSAY = ("assay_failed", "not_tested")


@dataclass(frozen=True, slots=True)
class Entry:
    """One result as text: `fields` by name, `objects` by the domain's columns, `headers` for messages."""

    row: int
    fields: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A wide table's column of one assay type, with the columns that qualify only it."""

    type: str
    header: str
    units: str | None
    own: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the header means; `results` is empty for the long layout. `default_type` stands in for a type column."""

    fields: Mapping[str, str]
    objects: Mapping[str, str]
    results: tuple[ResultColumn, ...] = ()
    default_type: str | None = None
    warnings: tuple[str, ...] = ()


def key(header: str) -> str:
    """Return a header without capitals, spaces and signs: `Standard Value` is `standard_value`."""
    return re.sub(r"[^0-9a-z]+", "_", header.casefold()).strip("_")


def map_columns(table: Table, spec: CampaignSpec, domain: Domain) -> Mapped:
    """Return what each column means.

    Raises:
        TableError: if no column names the object, none holds results, or two hold the same.
    """
    objects = object_headers(table.columns, domain)
    headers = tuple(header for header in table.columns if header not in objects.values())
    fields = _fields(headers)
    if "candidate_id" not in fields and not objects and table.columns:
        wanted = " or ".join(("candidate_id", *domain.object_columns[:4]))
        raise TableError(f"no column says which object was measured: add {wanted}")
    results = _result_columns(headers, spec)
    types = list(spec.quantities())
    is_long = ("type" in fields and ({"value", "outcome"} & fields.keys())) or ("value" in fields and not results)
    if is_long:
        if "type" not in fields and len(types) != 1:
            raise TableError(f"add a column type: this campaign reads {', '.join(types) or 'no assay'}", column="type")
        default = None if "type" in fields else types[0]
        return _with_warnings(table, Mapped(fields, objects, default_type=default), spec, domain)
    if not results and table.columns:
        known = ", ".join(types) or "no assay"
        raise TableError(f"no column holds results: add type and value, or one column per assay; known are {known}")
    return _with_warnings(table, Mapped(fields, objects, tuple(results)), spec, domain)


def entries(table: Table, mapped: Mapped) -> Iterator[Entry]:
    """Yield every result of the table; a row without any is one entry without value and outcome."""
    headers = {column.type: _headers(column, mapped) for column in mapped.results}
    for row in table.rows:
        if row.problem is not None:
            yield Entry(row.number, picked(row, mapped.fields), picked(row, mapped.objects), problem=row.problem)
        elif mapped.results:
            yield from _wide(row, mapped, headers)
        else:
            fields = picked(row, mapped.fields)
            if mapped.default_type is not None:
                fields["type"] = mapped.default_type
            yield Entry(row.number, fields, picked(row, mapped.objects), mapped.fields)


def picked(row: RawRow, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the cells of a row that say something, by name."""
    cells = {name: row.cells.get(header, "") for name, header in headers.items()}
    return {name: text for name, text in cells.items() if text}


def _headers(column: ResultColumn, mapped: Mapped) -> dict[str, str]:
    return {**mapped.fields, **column.own, "value": column.header, "type": column.header}


def _wide(row: RawRow, mapped: Mapped, headers: Mapping[str, Mapping[str, str]]) -> Iterator[Entry]:
    shared, objects = picked(row, mapped.fields), picked(row, mapped.objects)
    told = [column for column in mapped.results if _tells_something(row, column, mapped, shared)]
    for column in told:
        yield Entry(row.number, _own_fields(row, column, mapped, shared), objects, headers[column.type])
    if not told:
        yield Entry(row.number, shared, objects, mapped.fields)


def _tells_something(row: RawRow, column: ResultColumn, mapped: Mapped, shared: Mapping[str, str]) -> bool:
    own_outcome = row.cells.get(column.own.get("outcome", ""), "")
    return _has_value(row, column) or bool(own_outcome) or _shared_outcome_applies(row, column, mapped, shared)


def _shared_outcome_applies(row: RawRow, column: ResultColumn, mapped: Mapped, shared: Mapping[str, str]) -> bool:
    """Return whether the row's outcome is about this assay: a failed assay is one of those without a value."""
    outcome = key(shared.get("outcome", ""))
    if outcome in ("", "ok"):
        return False
    is_whole = all(_has_value(row, other) for other in mapped.results)
    return outcome not in _OF_ONE_ASSAY or is_whole or not _has_value(row, column)


def _has_value(row: RawRow, column: ResultColumn) -> bool:
    return not is_missing(row.cells.get(column.header, ""))


def _own_fields(row: RawRow, column: ResultColumn, mapped: Mapped, shared: Mapping[str, str]) -> dict[str, str]:
    fields = {name: text for name, text in shared.items() if name != "value"}
    if not _shared_outcome_applies(row, column, mapped, shared):
        fields.pop("outcome", None)
    if "external_id" in fields and len(mapped.results) > 1:
        fields["external_id"] = f"{fields['external_id']}/{column.type}"
    if column.units is not None:
        fields["units"] = column.units
    fields.update(picked(row, column.own))
    return {**fields, "type": column.type, "value": row.cells.get(column.header, "")}


def _fields(headers: tuple[str, ...]) -> dict[str, str]:
    """Return field -> header; ChEMBL's standard_* columns win over its verbatim ones as a set."""
    by_key: dict[str, str] = {}
    for header in headers:
        name = _SYNONYMS.get(key(header), key(header))
        if name in FIELDS and name in by_key:
            raise TableError(f"columns {by_key[name]!r} and {header!r} both mean {name}", column=header)
        by_key.setdefault(name, header)
    fields = {name: by_key[name] for name in FIELDS if name in by_key}
    if "standard_value" in by_key:
        fields = {name: header for name, header in fields.items() if name not in _STANDARD}
        fields |= {name: by_key[f"standard_{name}"] for name in _STANDARD if f"standard_{name}" in by_key}
    return fields


def object_headers(headers: tuple[str, ...], domain: Domain) -> dict[str, str]:
    """Return the domain's column -> header; `canonical_smiles` is read as `smiles`.

    Columns that only qualify an object are there where others name it.
    """
    by_key: dict[str, str] = {}
    for header in headers:
        by_key.setdefault(key(header), header)
    found = {name: by_key.get(key(name)) or by_key.get(f"canonical_{key(name)}") for name in domain.object_columns}
    named = {name: header for name, header in found.items() if header is not None}
    if not named:
        return {}
    qualifying = domain.qualifying_columns.items()
    return named | {name: by_key[each] for name, headers in qualifying for each in headers if each in by_key}


def _result_columns(headers: tuple[str, ...], spec: CampaignSpec) -> list[ResultColumn]:
    names = {key(kind): kind for kind in spec.quantities()}
    for objective in spec.objectives:
        if objective.assay_type is not None:
            names[key(objective.name)] = objective.assay_type
    found: dict[str, ResultColumn] = {}
    for header in sorted(headers, key=lambda header: not key(header).endswith("_result")):
        kind, units = _result_name(header, names)
        if kind is None or (kind in found and key(found[kind].header) == f"{key(header)}_result"):
            continue
        if kind in found:
            raise TableError(f"columns {found[kind].header!r} and {header!r} both hold {kind}", column=header)
        found[kind] = ResultColumn(kind, header, units, _own(headers, header, kind, spec))
    return list(found.values())


def _result_name(header: str, names: Mapping[str, str]) -> tuple[str | None, str | None]:
    plain = key(header)
    kind = names.get(plain) or names.get(plain.removesuffix("_result"))
    if kind is not None:
        return kind, None
    match = _WITH_UNITS.fullmatch(header.strip())
    return (names.get(key(match["name"])), match["units"].strip()) if match else (None, None)


def _own(headers: tuple[str, ...], header: str, kind: str, spec: CampaignSpec) -> dict[str, str]:
    """Return the columns that qualify one assay only: `IC50_relation`, `solubility_outcome`."""
    bases = {key(header).removesuffix("_result"), key(kind)}
    bases |= {key(objective.name) for objective in spec.objectives if objective.assay_type == kind}
    wanted = {f"{base}_{name}": name for base in bases for name in FIELDS if name not in ("candidate_id", "type")}
    return {wanted[key(other)]: other for other in headers if key(other) in wanted}


def _with_warnings(table: Table, mapped: Mapped, spec: CampaignSpec, domain: Domain) -> Mapped:
    read = {*mapped.fields.values(), *mapped.objects.values()}
    for column in mapped.results:
        read |= {column.header, *column.own.values()}
    expected = _downloaded(spec, domain)
    expected |= {f"batch_{name}" for name in expected}
    ignored = [header for header in table.columns if header not in read and key(header) not in expected]
    warnings = table.warnings
    if ignored:
        shown = ", ".join(repr(header[:40]) for header in ignored[:8]) + (", ..." if len(ignored) > 8 else "")  # noqa: PLR2004
        warnings = (*warnings, f"not read: {'column' if len(ignored) == 1 else 'columns'} {shown}")
    if mapped.default_type is not None:
        warnings = (*warnings, f"no column type: every value was read as {mapped.default_type}")
    return replace(mapped, warnings=warnings)


def _downloaded(spec: CampaignSpec, domain: Domain) -> set[str]:
    """Return the keys of a downloaded batch's own columns, which an upload may carry and nobody reads."""
    names = {"rank", "status", "acquisition", "feasibility", "beta", "nearest_measured", "nearest_similarity"}
    names |= {"purpose", "in_domain", "reason"}
    for objective in spec.objectives:
        names |= {key(f"{objective.name}_{part}") for part in ("mean", "sd", "low", "high")}
        names.add(key(f"preference_{objective.name}"))
    names |= {key(f"guardrail_{guardrail.name}") for guardrail in spec.guardrails}
    names |= {key(scorer.name) for scorer in spec.scorers}
    return names | {key(name) for name in domain.computed} | {*RESULT_FIELDS}
