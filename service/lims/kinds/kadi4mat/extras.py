"""What is written in a record's extras: measurements to be read, and fields of ours to be set.

Extras are typed, nested and may have units. It knows no HTTP.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.lims.contract import RemoteField

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from service.lims.contract import FieldValue

Extra = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A measurement in a record's extras."""

    id: str
    source: str
    fields: dict[str, str]

    @property
    def digest(self) -> str:
        """A digest of its fields."""
        text = json.dumps(self.fields, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Place:
    """Where measurements are: the extra that holds them, and what names the assay in a list of them."""

    results: str
    source_key: str


def measurements(
    record_id: str, extras: Sequence[Extra], place: Place, *, blank: bool = False
) -> Iterator[Found]:
    """Yield the measurements of a record; extras without any value are none, unless `blank` ones are too."""
    name = place.results
    held = next((extra["value"] for extra in extras if extra["key"] == name), []) if name else extras
    for number, extra in enumerate(held if isinstance(held, list) else []):
        key = extra.get("key")
        repeated = extra["type"] == "list"
        for index, item in enumerate(extra["value"] if repeated else [extra]):
            fields = dict(_fields(item, blank=blank))
            if not fields:
                continue
            path = [record_id, name, key or str(number), str(index) if repeated else ""]
            id_ = "/".join(part for part in path if part)
            yield Found(id_, key or fields.get(place.source_key) or name, fields)


def _fields(extra: Extra, name: str = "", *, blank: bool = False) -> Iterator[tuple[str, str]]:
    """Yield an extra as texts: `value` and `value.unit` of a plain one, or those of its members by name."""
    if extra["type"] in ("dict", "list"):
        for number, item in enumerate(extra["value"]):
            part = item.get("key") or str(number)
            yield from _fields(item, f"{name}.{part}" if name else part, blank=blank)
    elif extra["value"] is not None or blank:
        yield name or "value", _text(extra["value"])
        if extra.get("unit") or (blank and extra["type"] in ("int", "float")):
            yield f"{name or 'value'}.unit", extra.get("unit") or ""


def _text(value: FieldValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def merged(
    extras: Sequence[Extra], values: Mapping[str, FieldValue], units: Mapping[str, str]
) -> list[Extra]:
    """Return the extras with our values set; all others, and what the lab says of ours, stay as they are."""
    ours = {" ".join(name.split()): (value, units.get(name)) for name, value in values.items()}
    kept = [_set(extra, *ours.pop(extra["key"])) if extra["key"] in ours else extra for extra in extras]
    new = [
        _set({"key": name, "type": _type(value)}, value, unit)
        for name, (value, unit) in ours.items()
        if value is not None
    ]
    return kept + new


def _set(extra: Extra, value: FieldValue, unit: str | None) -> Extra:
    if value is None:
        return extra
    if extra["type"] == "str":
        value = _text(value)
    return {**extra, "value": value, **({"unit": unit} if unit else {})}


def _type(value: FieldValue) -> str:
    return type(value).__name__


def described(schema: str, extra: Extra) -> RemoteField:
    """Return an extra as a field that a mapping may name."""
    rules = extra.get("validation") or {}
    return RemoteField(
        schema=schema,
        name=extra["key"],
        label=extra.get("description") or "",
        type=extra["type"],
        is_required=bool(rules.get("required")) and extra["value"] is None,
        options=[str(option) for option in rules.get("options", ())],
    )
