"""Children and data sets of samples as measurements."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import MeasuredRecord
from service.lims.kinds.openbis import documents
from service.lims.kinds.openbis.rpc import Graph
from service.lims.passes import ANY_SOURCE, Pass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from service.lims.contract import Cursor, Page, RemoteRecord, Scope
    from service.lims.kinds.openbis.rpc import Rpc
    from service.lims.kinds.openbis.settings import OpenbisSettings

_TIME = "%Y-%m-%d %H:%M:%S %z"


@final
class ResultReader:
    """Reads what hangs below samples.

    Args:
        rpc: the account.
        settings: name the property of the date, and how many samples are read at once.
    """

    def __init__(self, rpc: Rpc, settings: OpenbisSettings) -> None:
        self._rpc = rpc
        self._date = settings.date_property
        self._page_size = settings.page_size

    def page(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return the results of the next samples of the scope, in the order of their ids.

        Samples are fetched by id, so that nothing that the lab does meanwhile moves the pages.
        """
        reading = Pass(scope, cursor)
        samples = sorted(scope.materials, key=lambda item: item.id)
        first = reading.position or 0
        part = {item.id: item for item in samples[first : first + self._page_size]}
        if not part:
            return reading.page([], looked_at=(), position=None, content=b"")
        ids = [documents.perm_id("sample", id_) for id_ in part]
        result = self._rpc.read("getSamples", ids, _wanted())
        graph = Graph(result)
        there = {item["permId"]["permId"]: item for item in graph.objects()}
        ours = {item.id for item in samples}
        found = [
            record
            for id_, item in there.items()
            for record in self._below(graph, item, part[id_], ours)
            if record.source in scope.sources or ANY_SOURCE in scope.sources
        ]
        last = first + len(part)
        return reading.page(
            list({record.id: record for record in found}.values()),
            looked_at=list(there),
            position=last if last < len(samples) else None,
            content=json.dumps(result).encode(),
        )

    def _below(
        self, graph: Graph, sample: Mapping[str, Any], about: RemoteRecord, ours: set[str]
    ) -> Iterator[MeasuredRecord]:
        for name in ("children", "dataSets"):
            for item in graph.many(sample, name):
                parents = {parent["permId"]["permId"] for parent in graph.many(item, "parents")}
                fields = _fields(graph.one(item, "properties"))
                yield MeasuredRecord(
                    id=item["permId"]["permId"] if name == "children" else item["code"],
                    source=graph.one(item, "type")["code"],
                    about=about,
                    fields=fields,
                    version=str(item["modificationDate"]),
                    # nobody can say which of several samples was measured
                    standing="preliminary" if name == "children" and len(parents & ours) > 1 else "final",
                    measured_at=_moment(fields.get(self._date or "", "")),
                )


def _wanted() -> documents.Document:
    properties = documents.fetch("property", "Property")
    child = documents.fetch(
        "sample",
        "Sample",
        type=documents.fetch("sample", "SampleType"),
        properties=properties,
        parents=documents.fetch("sample", "Sample"),
    )
    data_set = documents.fetch(
        "dataset", "DataSet", type=documents.fetch("dataset", "DataSetType"), properties=properties
    )
    return documents.fetch("sample", "Sample", children=child, dataSets=data_set)


def _fields(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return properties as texts; several values of one are joined by `;`."""
    values = {
        name: value for name, value in properties.items() if not name.startswith("@") and value is not None
    }
    return {
        name: "; ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME)  # noqa: DTZ007 - the format has a zone
    except ValueError:
        return None
