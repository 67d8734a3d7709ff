"""Candidates as samples of an openBIS server: found by our codes, then created or updated."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, final

from service.lims.contract import Refused
from service.lims.kinds.openbis import documents
from service.lims.kinds.openbis.entity_types import all_types
from service.lims.kinds.openbis.records import find, record_of
from service.lims.kinds.openbis.rpc import OpenbisError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from service.lims.contract import Answer, Material, RemoteField, RemoteRecord
    from service.lims.kinds.openbis.documents import Document
    from service.lims.kinds.openbis.rpc import Rpc
    from service.lims.kinds.openbis.settings import OpenbisSettings

_CODE = re.compile(r"[A-Z0-9_.-]+")


@final
class SampleWriter:
    """Writes samples into a space.

    Args:
        rpc: the account.
        settings: say where, and which property takes the readable name.
    """

    def __init__(self, rpc: Rpc, settings: OpenbisSettings) -> None:
        self._rpc = rpc
        self._settings = settings

    def find(self, keys: Sequence[str]) -> dict[str, RemoteRecord]:
        """Return the samples of the space that have our keys as codes, by key."""
        return find(self._rpc, "sample", keys, [documents.in_space(self._settings.space)])

    def put(self, materials: Sequence[Material]) -> list[Answer]:
        """Create samples and update those that are there; a refused one does not hold up the others."""
        fit = {item.key: self._unfit(item) for item in materials}
        answers: dict[str, Answer] = {key: why for key, why in fit.items() if why is not None}
        answers |= self._settle([item for item in materials if item.key not in answers])
        return [answers[item.key] for item in materials]

    def _settle(self, items: Sequence[Material]) -> dict[str, Answer]:
        """Update the samples that are there and create the others; another worker may do the same."""
        found = self.find([item.key for item in items])
        old = [item for item in items if item.key in found]
        answers = self._each(old, lambda part: self._update(part, found))
        lacking = {item.key: self._lacking(item) for item in items if item.key not in found}
        answers |= {key: why for key, why in lacking.items() if why is not None}
        return answers | self._each([item for item in items if item.key not in answers], self._create)

    def _each(
        self, items: Sequence[Material], write: Callable[[Sequence[Material]], dict[str, Answer]]
    ) -> dict[str, Answer]:
        """Write samples together; of a call that is refused, find out whose fault it was, and repeat it."""
        if not items:
            return {}
        try:
            return write(items)
        except OpenbisError as error:
            if len(items) == 1:
                return {items[0].key: error.refused()}
            place = error.place
        if place is not None and place < len(items):
            parts = [items[place : place + 1], [*items[:place], *items[place + 1 :]]]
        else:
            parts = [items[: len(items) // 2], items[len(items) // 2 :]]
        return {key: answer for part in parts for key, answer in self._each(part, write).items()}

    def _create(self, items: Sequence[Material]) -> dict[str, Answer]:
        try:
            ids = self._rpc.call("createSamples", [self._creation(item) for item in items])
        except OpenbisError as error:
            if error.is_duplicate and self.find([item.key for item in items]):
                return self._settle(items)
            raise
        pairs = zip(items, ids, strict=True)
        return {item.key: record_of(self._rpc, "sample", {"permId": id_}, item.key) for item, id_ in pairs}

    def _creation(self, item: Material) -> Document:
        place: Document = {"spaceId": documents.space_id(self._settings.space)}
        if self._settings.is_project_sample:
            place["projectId"] = documents.project_id(self._settings.project_path)
        given = {name: text for name, text in self._properties(item).items() if text is not None}
        return {
            "@type": "as.dto.sample.create.SampleCreation",
            "typeId": documents.type_id(item.schema or ""),
            "code": item.key.upper(),
            **place,
            "properties": given,
        }

    def _update(self, items: Sequence[Material], found: Mapping[str, RemoteRecord]) -> dict[str, Answer]:
        updates = [
            documents.update("sample", found[item.key].id, properties=self._properties(item))
            for item in items
        ]
        self._rpc.call("updateSamples", updates)
        return {item.key: found[item.key] for item in items}

    def _properties(self, item: Material) -> Document:
        name = self._settings.name_property
        return documents.properties({**({name: item.name} if name else {}), **item.fields})

    @cached_property
    def _types(self) -> Mapping[str, Sequence[RemoteField]]:
        return all_types(self._rpc, "sample")

    def _unfit(self, item: Material) -> Refused | None:
        """Return what is wrong with a sample's code, type or properties, before anything is sent."""
        if not _CODE.fullmatch(item.key.upper()):
            return Refused(detail=f"{item.key!r} is no code: letters, digits, '_', '-' and '.' are allowed")
        if not item.schema:
            return Refused(detail="the mapping of materials names no type as its schema", field="schema")
        fields = self._types.get(item.schema.upper())
        if fields is None:
            return Refused(detail=f"there is no type {item.schema!r} of samples", field="schema")
        known = {field.name for field in fields}
        if unknown := [name for name in self._properties(item) if name not in known]:
            detail = f"the type {item.schema!r} has no property {unknown[0]!r}"
            return Refused(detail=detail, field=unknown[0])
        return None

    def _lacking(self, item: Material) -> Refused | None:
        """Return the mandatory property that a new sample lacks, in the words of openBIS."""
        given = self._properties(item)
        for field in self._types[(item.schema or "").upper()]:
            if field.is_required and not given.get(field.name):
                detail = f"Value of mandatory property '{field.name}' not specified."
                return Refused(detail=detail, field=field.name)
        return None
