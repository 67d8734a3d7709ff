"""Objects of openBIS's V3 interface as JSON: identifiers, what is created, found and fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import FieldValue

Document = dict[str, Any]


def perm_id(kind: str, text: str) -> Document:
    """Return the id that openBIS chose for a sample or an experiment."""
    return {"@type": f"as.dto.{kind}.id.{kind.capitalize()}PermId", "permId": text}


def type_id(code: str) -> Document:
    """Return the id of a type of samples or experiments."""
    return {"@type": "as.dto.entitytype.id.EntityTypePermId", "permId": code.upper()}


def space_id(code: str) -> Document:
    """Return the id of a space."""
    return {"@type": "as.dto.space.id.SpacePermId", "permId": code}


def project_id(identifier: str) -> Document:
    """Return the id of a project, as in `/LAB/SCREENING`."""
    return {"@type": "as.dto.project.id.ProjectIdentifier", "identifier": identifier.upper()}


def properties(fields: Mapping[str, FieldValue]) -> Document:
    """Return properties as openBIS keeps them: codes in capitals, and values as texts."""
    return {name.upper(): _text(value) for name, value in fields.items()}


def changed(value: Document) -> Document:
    """Return the new value of a field in an update."""
    return {"@type": "as.dto.common.update.FieldUpdateValue", "isModified": True, "value": value}


def update(kind: str, id_: str, **parts: Any) -> Document:
    """Return the update of a sample or an experiment: its properties, or fields that are `changed`."""
    name = kind.capitalize()
    return {"@type": f"as.dto.{kind}.update.{name}Update", f"{kind}Id": perm_id(kind, id_), **parts}


def with_codes(kind: str, codes: Sequence[str], within: Sequence[Document]) -> Document:
    """Return what finds samples or experiments by their codes; `within` are further criteria."""
    of_codes = {
        "@type": "as.dto.common.search.CodesSearchCriteria",
        "fieldName": "codes",
        "fieldType": "ATTRIBUTE",
        "fieldValue": list(codes),
    }
    name = f"as.dto.{kind}.search.{kind.capitalize()}SearchCriteria"
    return {"@type": name, "operator": "AND", "criteria": [of_codes, *within]}


def in_space(code: str) -> Document:
    """Return the criterion that something is in a space."""
    of_code = {
        "@type": "as.dto.common.search.CodeSearchCriteria",
        "fieldName": "code",
        "fieldType": "ATTRIBUTE",
        "fieldValue": {"@type": "as.dto.common.search.StringEqualToValue", "value": code},
    }
    return {"@type": "as.dto.space.search.SpaceSearchCriteria", "operator": "AND", "criteria": [of_code]}


def fetch(package: str, name: str, **parts: Document) -> Document:
    """Return which parts of objects are wanted besides their own attributes."""
    return {"@type": f"as.dto.{package}.fetchoptions.{name}FetchOptions", **parts}


def fetch_types(kind: str, name: str) -> Document:
    """Return that types are wanted with their properties, and the terms of vocabularies."""
    terms = fetch("vocabulary", "VocabularyTerm")
    vocabulary = fetch("vocabulary", "Vocabulary", terms=terms)
    property_type = fetch("property", "PropertyType", vocabulary=vocabulary)
    plugin = fetch("plugin", "Plugin")
    assignments = fetch("property", "PropertyAssignment", propertyType=property_type, plugin=plugin)
    return fetch(kind, f"{name}Type", propertyAssignments=assignments)


def _text(value: FieldValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
