"""What one header says: which assay a column holds, in which units. Knows no cells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.specs.columns import (
    FIELDS,
    MEASURED_FIELDS,
    PREDICTED,
    QUALIFIERS,
    SPREAD,
    SYNONYMS,
    key,
    plain_letters,
)
from service.exchange.logarithms import is_logarithm
from service.exchange.tables import TableError
from service.exchange.units import are_molar, is_certain_unit, is_concentration, is_unit_beside_a_number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from models.campaign.spec import CampaignSpec

_LONGEST_NAME = 300
"""Longest header that can name an assay, in characters."""
_LONGEST = 100
"""Longest header in which units are looked for, in characters."""
MEAN = re.compile(r"(?<![a-z])(geo(metric)?[ _]?)?(mean|average|avg)(?![a-z])", re.IGNORECASE)
_BRACKETED = re.compile(r"[\s_]*[(\[](?P<inside>[^()\[\]]+)[)\]]\s*")
_BEFORE_UNITS = re.compile(r"^[\s_,;:/-]*(in[\s_]+)?", re.IGNORECASE)
_CONDITION = re.compile(
    r"(at\s+)?[0-9]+([.,][0-9]+)?\s*(h|hr|hrs|hours?|min|mins|minutes?|d|days?|°?C|K)", re.IGNORECASE
)
"""How long or how warm, which neither units nor another assay are."""
_PERCENT_BEFORE = re.compile(r"(?P<units>%|‰|percent\b|pct\b)[\s_]*", re.IGNORECASE)
_UNITS_BEFORE = re.compile(r"(?P<units>\S+)\s+")
_STANDARD = ("type", "relation", "value", "units", "upper_value")
_BEHIND_AN_ASSAY = {"count": "n"}
"""What counts readings behind an assay's name, and anything where it stands alone."""
NO_UNITS = frozenset({*FIELDS, *SYNONYMS, *PREDICTED, *QUALIFIERS, *SPREAD, *_BEHIND_AN_ASSAY})
"""What stands behind an assay's name and is no units."""
_RELATION_WORDS = frozenset(
    {*QUALIFIERS, "relation", *(n for n, field in SYNONYMS.items() if field == "relation")}
)
_ANY_VALUE = frozenset(
    ("value", "result", "activity", "standard", "published", "reported", "data", "measurement")
)
"""Words before `relation` that name no assay."""
_MEASURES = frozenset((*MEASURED_FIELDS, "standard_deviation"))
"""Numbers beside a value that are in units."""
_NUMBERS = {
    **{name: name for name in MEASURED_FIELDS},
    **{name: field for name, field in {**SYNONYMS, **SPREAD}.items() if field in _MEASURES},
}
_OF_A_RESULT = tuple(name for name in FIELDS if name not in ("candidate_id", "type"))


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of one assay type, the columns that qualify only it, and which of several readings it is."""

    type: str
    header: str
    units: str | None
    own: Mapping[str, str]
    replicate: str | None = None


def result_names(spec: CampaignSpec) -> dict[str, str]:
    """Return key -> assay type of every name under which a column of results may stand."""
    names = {key(kind): kind for kind in spec.quantities()}
    for kind in spec.quantities():
        names.setdefault(key(kind).replace("_", ""), kind)  # `Bandgap` for band_gap
    for kind, quantity in spec.quantities().items():
        if quantity.units and are_molar(quantity.units):
            names.setdefault(key(f"p{kind}"), f"p{kind}")
        if kind.startswith("p") and is_logarithm(kind) and kind != "pH" and not quantity.units:
            names.setdefault(key(kind[1:]), kind[1:])
    for objective in spec.objectives:
        if objective.assay_type is not None:
            names[key(objective.name)] = objective.assay_type
    return names


def named_result(header: str, names: Mapping[str, str]) -> tuple[str, str | None] | None:
    """Return the assay type and units of `IC50 (nM)`, `Mean IC50, uM`, `IC50 in uM`, `% yield`; or None."""
    if len(header) > _LONGEST_NAME:
        return None
    text = " ".join(plain_letters(header).split())
    plain = key(text)
    kind = _kind(plain, names) or names.get(plain.removesuffix("_result"))
    if kind is not None:
        return kind, None
    if len(text) > _LONGEST:
        return None
    without_mean = MEAN.sub(" ", text).strip()
    return _with_units(text, names) or _with_units(without_mean, names) or _behind_units(without_mean, names)


def _kind(plain: str, names: Mapping[str, str]) -> str | None:
    """Return the assay type of a key, which may have other gaps than its own name: `ic_50`, `log_s`."""
    return names.get(plain) or (names.get(plain.replace("_", "")) if "_" in plain else None)


def _behind_units(text: str, names: Mapping[str, str]) -> tuple[str, str | None] | None:
    """Return what `% inhibition` and `uM IC50` hold.

    `min IC50` is no time, so concentrations and parts only.
    """
    found = _PERCENT_BEFORE.match(text)
    if found is None:
        found = _UNITS_BEFORE.match(text)
        if found is None or not (is_certain_unit(found["units"]) and is_concentration(found["units"])):
            return None
    kind = names.get(key(text[found.end() :]))
    units = "%" if found["units"].casefold() == "pct" else found["units"]
    return None if kind is None else (kind, units)


def _with_units(text: str, names: Mapping[str, str]) -> tuple[str, str | None] | None:
    text = text.strip()
    if kind := _kind(key(text), names):
        return kind, None
    for end in range(len(text) - 1, 0, -1):
        kind = None if text[end].isalnum() else _kind(key(text[:end]), names)
        if kind is None:
            continue
        rest = text[end:]
        if key(rest) in NO_UNITS:
            return None
        bracketed = _BRACKETED.fullmatch(text, end)
        if bracketed and (
            is_unit_beside_a_number(bracketed["inside"]) or _units_among_conditions(rest) is None
        ):
            return kind, bracketed["inside"].strip()
        units = _BEFORE_UNITS.sub("", rest, count=1).strip()
        if is_unit_beside_a_number(units):
            return kind, units
        if (among := _units_among_conditions(rest)) is not None:
            return kind, among or None
    return None


def _units_among_conditions(rest: str) -> str | None:
    """Return the units beside conditions that begin with a number: `uM (24 h)`, `(uM, 24 h)`, `24 h (uM)`.

    Empty if there are conditions alone, None if anything else stands there.
    """
    pieces = [piece.strip() for piece in re.split(r"[()\[\],;]", rest.replace("_", " ")) if piece.strip()]
    words = [
        word for piece in pieces for word in ((piece,) if _CONDITION.fullmatch(piece) else _parted(piece))
    ]
    units = [word for word in words if not _CONDITION.fullmatch(word)]
    if len(units) == len(words) or len(units) > 1:
        return None
    return units[0] if units and is_unit_beside_a_number(units[0]) else None if units else ""


def _parted(piece: str) -> list[str]:
    """Return units and a condition that stand in one piece: `24 h uM`, `uM 24 h`."""
    found = re.fullmatch(rf"(?P<units>\S+)\s+(?P<of>{_CONDITION.pattern})", piece, re.IGNORECASE)
    found = found or re.fullmatch(rf"(?P<of>{_CONDITION.pattern})\s+(?P<units>\S+)", piece, re.IGNORECASE)
    return [found["units"], found["of"]] if found else [piece]


def number_beside(header: str, names: Mapping[str, str] | None = None) -> tuple[str, str | None] | None:
    """Return which further number of a result a header names, and the units that it states: `SEM (nM)`.

    Or None.
    `names` are key -> field; without them, those that need no assay's name before them.
    """
    known = (
        _NUMBERS if names is None else {name: field for name, field in names.items() if field in _MEASURES}
    )
    found = named_result(header, known) if key(header).startswith(tuple(known)) else None
    return None if found is None or (found[1] and not is_unit_beside_a_number(found[1])) else found


def units_at_end(header: str) -> str | None:
    """Return the units with which a header ends, in brackets or behind a blank, whatever it names."""
    word = (
        re.split(r"[\s_,]+", plain_letters(header).strip().rstrip(")]"))[-1]
        .rpartition("(")[2]
        .rpartition("[")[2]
    )
    return word if key(word) not in NO_UNITS and is_unit_beside_a_number(word) else None


def read_fields(headers: Collection[str]) -> tuple[dict[str, str], str | None]:
    """Return field -> header, and the units that the header of the value column states.

    ChEMBL's standard_* columns win over its verbatim ones as a set; a relation that only one of the two has
    counts.

    Raises:
        TableError: if two columns hold the same.
    """
    by_key: dict[str, str] = {}
    units = None
    for header in headers:
        name, stated = _field(header)
        if name in FIELDS and name in by_key:
            raise TableError(f"columns {by_key[name]!r} and {header!r} both mean {name}", column=header)
        by_key.setdefault(name, header)
        units = units or stated
    fields = {name: by_key[name] for name in FIELDS if name in by_key}
    standard = {name: by_key[f"standard_{name}"] for name in _STANDARD if f"standard_{name}" in by_key}
    if "value" in standard:
        kept = {name for name in ("relation", "upper_value") if "value" not in fields or name == "relation"}
        fields = {name: header for name, header in fields.items() if name not in _STANDARD or name in kept}
        units = None
        return fields | standard, units
    standard.pop("type", None)
    return {**standard, **fields}, units


def _field(header: str) -> tuple[str, str | None]:
    """Return the field that a header names, or its key; the value's header may state units: `Value (uM)`."""
    plain = key(header)
    name = SYNONYMS.get(plain, plain)
    if (
        name not in FIELDS
        and plain.startswith("value")
        and (found := named_result(header, {"value": "value"}))
    ):
        return found if found[1] else (name, None)
    if name not in FIELDS and (number := number_beside(header)) and number[0] in FIELDS:
        return number[0], None
    return name, None


def own_columns(
    headers: Collection[str], header: str, kind: str, spec: CampaignSpec, bases: Collection[str] | None = None
) -> dict[str, str]:
    """Return field -> header of the columns that qualify one assay only.

    `IC50_relation`, `solubility_outcome`.
    `bases` are the keys with which their names begin; those of the assay, when they are not given.

    Raises:
        TableError: if two of them mean the same.
    """
    wanted = {
        f"{base}_{name}": field
        for base in bases or bases_of(header, kind, spec)
        for name, field in _qualifying().items()
    }
    found: dict[str, str] = {}
    for other in headers:
        field = None if other == header else wanted.get(key(other))
        if field is None and other != header and (number := number_beside(other, wanted)):
            field = number[0]
        if field is not None and field in found:
            raise TableError(
                f"columns {found[field]!r} and {other!r} both mean {field} of {kind}", column=other
            )
        if field is not None:
            found[field] = other
    return found


def bases_of(header: str, kind: str, spec: CampaignSpec) -> set[str]:
    """Return the keys with which the names of columns that qualify one assay begin."""
    bases = {key(header).removesuffix("_result"), key(kind)}
    return bases | {key(objective.name) for objective in spec.objectives if objective.assay_type == kind}


def is_qualifier_of(other: str, column: ResultColumn, spec: CampaignSpec) -> bool:
    """Return whether a column's name says that it is the relation of a result column.

    `IC50_PREFIX`, `mod IC50`.
    """
    plain = key(other)
    bases = bases_of(column.header, column.type, spec) if column.replicate is None else {key(column.header)}
    return any(plain in (f"{base}_{word}", f"{word}_{base}") for base in bases for word in _RELATION_WORDS)


def is_relation_name(header: str) -> bool:
    """Return whether a column's name says that it is the relation of whatever was measured: `Qualifier`."""
    plain = key(header)
    return plain in _RELATION_WORDS or any(
        plain == f"{base}_{word}" for base in _ANY_VALUE for word in _RELATION_WORDS
    )


def other_base(header: str) -> str | None:
    """Return the key of what a relation's column says that it qualifies, if anything.

    `ki` of `Ki relation`.
    """
    plain = key(header)
    for word in _RELATION_WORDS:
        for base in (plain.removesuffix(f"_{word}"), plain.removeprefix(f"{word}_")):
            if base not in (plain, *_RELATION_WORDS, *_ANY_VALUE):
                return base
    return None


def _qualifying() -> dict[str, str]:
    names = {name: name for name in _OF_A_RESULT}
    return (
        names
        | {name: field for name, field in SYNONYMS.items() if field in _OF_A_RESULT}
        | {**SPREAD, **_BEHIND_AN_ASSAY}
    )
