"""Candidates as samples of a LabKey server: merged by their names, each refusal its own."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import RecordGoneError, Refused, RetryLaterError
from service.lims.kinds.labkey.answers import faults, label, one_of, refused, value, written
from service.lims.kinds.labkey.session import BAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from service.lims.contract import Answer, Material, RemoteRecord
    from service.lims.kinds.labkey import LabkeySettings
    from service.lims.kinds.labkey.session import Session


def command_of(verb: str, schema: str, query: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a command of `saveRows`."""
    return {"command": verb, "schemaName": schema, "queryName": query, "rows": rows}


def unknown_column(session: Session, schema: str, query: str, names: Iterable[str]) -> Refused | None:
    """Return the first name that is no column of a query, neither by its name nor by its caption."""
    columns = session.columns(schema, query)
    if columns is None:
        return Refused(detail=f"there is no {query!r} in {schema} of the folder", field="schema")
    known = {name.casefold() for name in columns}
    known |= {str(column.get("caption", "")).casefold() for column in columns.values()}
    for name in names:
        if name.casefold() not in known:
            return Refused(detail=f"{query!r} has no column {name!r}", field=name)
    return None


@final
class SampleWriter:
    """Writes samples into a folder.

    Args:
        session: signed in to the folder.
        settings: name the column of the readable name.
    """

    def __init__(self, session: Session, settings: LabkeySettings) -> None:
        self._session = session
        self._name = settings.name_column
        self._container = settings.container

    def merge(self, materials: Sequence[Material]) -> dict[str, Answer]:
        """Create samples or update those that are there, and return those that were refused, by key."""
        answers: dict[str, Answer] = {}
        by_type: dict[str, list[Material]] = {}
        for item in materials:
            unfit = self._unfit(item)
            if unfit is None:
                by_type.setdefault(item.schema or "", []).append(item)
            else:
                answers[item.key] = unfit
        for sample_type, items in by_type.items():
            answers |= self._import(sample_type, items)
        return answers

    def commands(self, records: Sequence[RemoteRecord], values: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return commands that write values into samples, one for each of their types.

        Raises:
            RecordGoneError: if a sample is not in the folder any more.
        """
        filters = {"query.RowId~in": one_of([item.id for item in records])}
        columns = ["RowId", "SampleSet"]
        rows = self._session.rows("exp", "Materials", columns, filters).rows if records else []
        if gone := {item.id for item in records} - {value(row, "RowId") for row in rows}:
            raise RecordGoneError(f"sample {min(gone)} is no longer in {self._container}")
        by_type: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            written_row = {"RowId": int(value(row, "RowId")), **values}
            by_type.setdefault(label(row, "SampleSet"), []).append(written_row)
        return [command_of("update", "samples", name, items) for name, items in sorted(by_type.items())]

    def _unfit(self, item: Material) -> Refused | None:
        """Return what is wrong with a sample's type or columns: an import ignores unknown ones silently."""
        if not item.schema:
            detail = "the mapping of materials names no sample type as its schema"
            return Refused(detail=detail, field="schema")
        return unknown_column(self._session, "samples", item.schema, self._fields(item))

    def _import(self, sample_type: str, items: Sequence[Material]) -> dict[str, Answer]:
        """Import samples of one type, and return those that were refused, by key.

        An import is one transaction: one sample at fault refuses it whole. The rows that LabKey names are
        then tried alone, so that nothing depends on how it counts them, and the others together.
        """
        form = {"schemaName": "samples", "queryName": sample_type, "insertOption": "MERGE", "format": "csv"}
        form |= {"importLookupByAlternateKey": "true", "text": self._table(items)}
        reply, body = self._session.exchange("query-import.api", data=form)
        found = faults(body)
        if reply.status >= BAD or (found and len(items) == 1):
            return dict.fromkeys((item.key for item in items), refused(reply, body))
        if body.get("success") is True:
            return {}
        if not found:
            raise RetryLaterError("LabKey answered an import with neither success nor errors")
        answers: dict[str, Answer] = {}
        for part in filter(None, _parts(items, {row - 1 for row, _ in found if row is not None})):
            answers |= self._import(sample_type, part)
        return answers

    def _table(self, items: Sequence[Material]) -> str:
        columns = list(dict.fromkeys(name for item in items for name in self._fields(item)))
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(["Name", *columns])
        for item in items:
            fields = self._fields(item)
            writer.writerow([item.key, *(written(fields.get(name)) for name in columns)])
        return table.getvalue()

    def _fields(self, item: Material) -> dict[str, Any]:
        return {**({self._name: item.name} if self._name else {}), **item.fields}


def _parts(items: Sequence[Material], named: set[int]) -> list[Sequence[Material]]:
    """Return each sample that was named alone and the others together; two halves if none was named."""
    alone = [[item] for place, item in enumerate(items) if place in named]
    if alone:
        return [*alone, [item for place, item in enumerate(items) if place not in named]]
    return [items[: len(items) // 2], items[len(items) // 2 :]]
