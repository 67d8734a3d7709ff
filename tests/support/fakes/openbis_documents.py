"""Objects of openBIS's V3 interface as a fake server answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Document = dict[str, Any]
SPACE, PROJECT = "LAB", "SCREENING"


def base_of(kind: str, item: Document) -> Document:
    return {
        "permId": perm_id(kind, item["permId"]),
        "identifier": {
            "@type": f"as.dto.{kind}.id.{kind.capitalize()}Identifier",
            "identifier": path_of(item),
        },
        "code": item["code"],
        "properties": dict(item["properties"]),
        "registrationDate": item["registered"],
        "modificationDate": item["modified"],
        "registrator": None,
        "modifier": None,
        "attachments": [],
        **dict.fromkeys(("frozen", "frozenForComponents", "frozenForChildren"), False),
    }


def path_of(item: Document) -> str:
    place = f"/{SPACE}/{PROJECT}" if item.get("is_in_project") or item.get("experiment") else f"/{SPACE}"
    return f"{place}/{item['code']}"


def perm_id(kind: str, text: str) -> Document:
    return {"@type": f"as.dto.{kind}.id.{kind.capitalize()}PermId", "permId": text}


def space() -> Document:
    return {
        "@type": "as.dto.space.Space",
        "code": SPACE,
        "permId": {"@type": "as.dto.space.id.SpacePermId", "permId": SPACE},
    }


def project(space: Document) -> Document:
    path = f"/{SPACE}/{PROJECT}"
    return {
        "@type": "as.dto.project.Project",
        "code": PROJECT,
        "permId": {"@type": "as.dto.project.id.ProjectPermId", "permId": path},
        "identifier": {"@type": "as.dto.project.id.ProjectIdentifier", "identifier": path},
        "space": space,
    }


def property_of(code: str, type_: str, *, mandatory: bool = False) -> Document:
    return {"code": code, "dataType": type_, "mandatory": mandatory}


def properties(*texts: str, **others: str) -> dict[str, Document]:
    return {
        name: property_of(name, type_)
        for name, type_ in {**dict.fromkeys(texts, "VARCHAR"), **others}.items()
    }


def property_type(item: Document) -> Document:
    vocabulary = vocabulary_of(item["code"], item["terms"]) if item.get("terms") else None
    return {
        "@type": "as.dto.property.PropertyType",
        "code": item["code"],
        "permId": {"@type": "as.dto.property.id.PropertyTypePermId", "permId": item["code"]},
        "label": item["code"].capitalize(),
        "description": "",
        "dataType": item["dataType"],
        "multiValue": False,
        "metaData": {},
        "vocabulary": vocabulary,
    }


def vocabulary_of(code: str, terms: Sequence[str]) -> Document:
    told = [
        {
            "@type": "as.dto.vocabulary.VocabularyTerm",
            "permId": {
                "@type": "as.dto.vocabulary.id.VocabularyTermPermId",
                "code": term,
                "vocabularyCode": code,
            },
            "code": term,
            "registrationDate": 1,
            "modificationDate": 1,
        }
        for term in terms
    ]
    id_ = {"@type": "as.dto.vocabulary.id.VocabularyPermId", "permId": code}
    return {"@type": "as.dto.vocabulary.Vocabulary", "permId": id_, "code": code, "terms": told}


def cut(found: list[Document], options: Document) -> list[Document]:
    first = options.get("from") or 0
    return found[first : first + options["count"]] if options.get("count") is not None else found[first:]


def search_result(objects: list[Document], n_all: int) -> Document:
    return {"@type": "as.dto.common.search.SearchResult", "objects": objects, "totalCount": n_all}


def as_jackson(result: Any) -> Any:
    """Return a result as Jackson writes it: an object has an `@id`, and is that number from then on."""
    numbers: dict[int, int] = {}

    def told(value: Any) -> Any:
        if isinstance(value, list):
            return [told(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "@type" not in value:
            return {name: told(item) for name, item in value.items()}
        if id(value) in numbers:
            return numbers[id(value)]
        numbers[id(value)] = len(numbers) + 1
        own = {"@type": value["@type"], "@id": numbers[id(value)]}
        return own | {name: told(item) for name, item in value.items() if name != "@type"}

    return told(result)
