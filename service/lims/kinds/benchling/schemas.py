"""Schemas of a tenant: which fields they have, and how values are written into them.

Field names are those of the schema: in results these are the system names. They are a tenant's own
configuration, so they are compared with the schema before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import Refused, RemoteField
from service.lims.kinds.benchling.session import RejectedError, only_reading, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from service.lims.contract import FieldValue
    from service.lims.kinds.benchling.session import Session

ENTITY_SCHEMAS = "entity-schemas"
TASK_SCHEMAS = "workflow-task-schemas"
RESULT_SCHEMAS = "assay-result-schemas"
_LISTED_AS = {
    ENTITY_SCHEMAS: "entitySchemas",
    TASK_SCHEMAS: "workflowTaskSchemas",
    RESULT_SCHEMAS: "assayResultSchemas",
}
COLLECTIONS = {"molecule": "molecules", "aa_sequence": "aa-sequences", "custom_entity": "custom-entities"}
"""Type of an entity's schema -> where such entities are; other types are not written."""
ENTITY_LINKS = ("entity_link", "molecule_link", "aa_sequence_link", "custom_entity_link", "mixture_link")
"""Types of fields that link a result or a task to an entity."""
_Scalar = str | int | float | bool
_MOST_NAMED = 20
_MOST_DROPDOWNS = 40


class FieldError(Exception):
    """A value does not fit its field."""

    def __init__(self, detail: str, field: str) -> None:
        super().__init__(detail)
        self.refused = Refused(detail=detail, field=field)


@final
@dataclass(frozen=True, slots=True)
class Definition:
    """A field of a schema; `dropdown` is the id of the list that it chooses from."""

    name: str
    type: str
    is_required: bool
    is_multi: bool
    dropdown: str | None


@final
@dataclass(frozen=True)
class SchemaDefinition:
    """A schema; `body` is as Benchling describes it."""

    body: Mapping[str, Any]
    fields: Mapping[str, Definition]
    options_of: Callable[[Definition], Mapping[str, str]]
    """Options of a dropdown, name -> id; empty where the field has none."""

    @property
    def name(self) -> str:
        """Its name for people."""
        return str(self.body.get("name", ""))

    @cached_property
    def entity_links(self) -> tuple[str, ...]:
        """The fields that link to an entity."""
        return tuple(name for name, field in self.fields.items() if field.type in ENTITY_LINKS)

    def values(self, given: Mapping[str, FieldValue | Sequence[str]]) -> dict[str, Any]:
        """Return the `fields` of a record to be written; what is None is left out.

        Raises:
            FieldError: if there is no such field, a required one has no value, or a value does not fit.
        """
        if unknown := [name for name in given if name not in self.fields]:
            known = ", ".join(list(self.fields)[:_MOST_NAMED]) or "none"
            detail = (
                f"the schema {self.name!r} has no field {unknown[0]!r}: was it renamed or archived? "
                f"Its fields are {known}"
            )
            raise FieldError(detail, unknown[0])
        said = {name: value for name, value in given.items() if value is not None and value != ""}
        for name, definition in self.fields.items():
            if definition.is_required and name not in said:
                raise FieldError(f"the schema {self.name!r} requires the field {name!r}: map it", name)
        return {name: {"value": self._value(self.fields[name], value)} for name, value in said.items()}

    def _value(self, field: Definition, value: FieldValue | Sequence[str]) -> Any:
        if isinstance(value, list | tuple):
            return list(value) if field.is_multi else value[0]
        made = _single(field, value, self.options_of)  # type: ignore[arg-type] # sequences were answered above
        return [made] if field.is_multi else made


@final
class Schemas:
    """Schemas of one run, each read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read: dict[tuple[str, str], SchemaDefinition | None] = {}
        self._options: dict[str, Mapping[str, str]] = {}

    def one(self, kind: str, schema_id: str) -> SchemaDefinition | None:
        """Return a schema, or None if the tenant has no such one."""
        if (kind, schema_id) not in self._read:
            try:
                body = self._session.get(f"/{kind}/{schema_id}")
            except RejectedError:
                self._read[kind, schema_id] = None
            else:
                self._read[kind, schema_id] = self._defined(body)
        return self._read[kind, schema_id]

    def listed(self, kind: str) -> Iterator[tuple[str, SchemaDefinition]]:
        """Yield the tenant's schemas that are in use, by their id."""
        for body in self._session.pages(f"/{kind}", _LISTED_AS[kind]):
            if not body.get("archiveRecord"):
                yield str(body["id"]), self._defined(body)

    def described(self, kind: str) -> Iterator[RemoteField]:
        """Yield what a mapping may name; options of the first dropdowns only, each of which is a request."""
        for schema_id, schema in self.listed(kind):
            if kind == ENTITY_SCHEMAS and schema.body.get("type") not in COLLECTIONS:
                continue
            for field in schema.fields.values():
                yield RemoteField(
                    schema=schema_id,
                    name=field.name,
                    label=f"{schema.name}: {field.name}",
                    type=field.type,
                    is_required=field.is_required,
                    options=tuple(self._options_of(field)) if self._may_ask(field) else (),
                )

    def _defined(self, body: Mapping[str, Any]) -> SchemaDefinition:
        definitions = [
            Definition(
                name=str(item["name"]),
                type=str(item.get("type", "text")),
                is_required=bool(item.get("isRequired")),
                is_multi=bool(item.get("isMulti")),
                dropdown=item.get("dropdownId"),
            )
            for item in records_of(body, "fieldDefinitions", "a schema")
            if not item.get("archiveRecord")
        ]
        return SchemaDefinition(body, {item.name: item for item in definitions}, self._options_of)

    def _may_ask(self, field: Definition) -> bool:
        return field.dropdown in self._options or len(self._options) < _MOST_DROPDOWNS

    def _options_of(self, field: Definition) -> Mapping[str, str]:
        if not field.dropdown:
            return {}
        if field.dropdown not in self._options:
            path = f"/dropdowns/{field.dropdown}"
            try:
                body = self._session.get(path)
            except RejectedError as error:
                raise only_reading(error, f"dropdown {field.dropdown}") from error
            self._options[field.dropdown] = {
                str(option["name"]): str(option["id"])
                for option in records_of(body, "options", path)
                if not option.get("archiveRecord")
            }
        return self._options[field.dropdown]


def _single(field: Definition, value: _Scalar, options_of: Callable[[Definition], Mapping[str, str]]) -> Any:
    if field.type == "dropdown":
        return _option(field, str(value), options_of(field))
    if field.type in ("float", "integer"):
        return _number(field, value)
    if field.type == "boolean":
        return _boolean(field, value)
    return str(value)


def _option(field: Definition, text: str, options: Mapping[str, str]) -> str:
    by_name = {name.casefold(): option for name, option in options.items()}
    option = by_name.get(text.strip().casefold())
    if option is None:
        known = ", ".join(list(options)[:_MOST_NAMED]) or "none"
        raise FieldError(f"{text!r} is no option of the dropdown field {field.name!r}: {known}", field.name)
    return option


def _number(field: Definition, value: _Scalar) -> float:
    try:
        number = float(value)
    except ValueError:
        raise FieldError(f"{value!r} is no number, but the field {field.name!r} is", field.name) from None
    if field.type == "float":
        return number
    if not number.is_integer():
        raise FieldError(f"{value!r} is no whole number, but the field {field.name!r} is", field.name)
    return int(number)


def _boolean(field: Definition, value: _Scalar) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    meant = words.get(str(value).strip().casefold())
    if meant is None:
        raise FieldError(f"{value!r} is neither true nor false, as the field {field.name!r} is", field.name)
    return meant
