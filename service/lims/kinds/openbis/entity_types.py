"""Types of an openBIS server with their properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.lims.contract import RemoteField
from service.lims.kinds.openbis import documents
from service.lims.kinds.openbis.rpc import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.lims.kinds.openbis.rpc import Rpc

KINDS = {"sample": "Sample", "experiment": "Experiment", "dataset": "DataSet"}


def all_types(rpc: Rpc, kind: str) -> dict[str, list[RemoteField]]:
    """Return the types of a kind of objects by code, each with its properties."""
    name = KINDS[kind]
    criteria = {"@type": f"as.dto.{kind}.search.{name}TypeSearchCriteria", "criteria": []}
    graph = Graph(rpc.read(f"search{name}Types", criteria, documents.fetch_types(kind, name)))
    return {
        type_["code"]: [
            _field(graph, type_["code"], item) for item in graph.many(type_, "propertyAssignments")
        ]
        for type_ in graph.objects()
    }


def _field(graph: Graph, type_: str, assignment: Mapping[str, Any]) -> RemoteField:
    property_ = graph.one(assignment, "propertyType")
    terms = graph.many(graph.one(property_, "vocabulary"), "terms")
    return RemoteField(
        schema=type_,
        name=property_["code"],
        label=property_.get("label") or "",
        type=property_.get("dataType") or "VARCHAR",
        # what a plug-in computes is nothing that anybody gives
        is_required=bool(assignment.get("mandatory")) and not assignment.get("plugin"),
        options=[term["code"] for term in terms],
    )
