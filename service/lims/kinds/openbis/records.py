"""Samples and experiments of an openBIS server as remote records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.lims.contract import RemoteRecord
from service.lims.kinds.openbis import documents
from service.lims.kinds.openbis.rpc import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.kinds.openbis.documents import Document
    from service.lims.kinds.openbis.rpc import Rpc


def find(
    rpc: Rpc, kind: str, keys: Sequence[str], within: Sequence[Document] = ()
) -> dict[str, RemoteRecord]:
    """Return samples or experiments whose codes are our keys in capitals, by key.

    Args:
        rpc: the account.
        kind: `sample` or `experiment`.
        keys: ours.
        within: criteria of where they are.
    """
    if not keys:
        return {}
    by_code = {key.upper(): key for key in keys}
    name = kind.capitalize()
    found: dict[str, RemoteRecord] = {}
    n_read, n_all = 0, 1
    while n_read < n_all:
        options = documents.fetch(kind, name) | {"from": n_read, "count": len(keys)}
        result = rpc.read(f"search{name}s", documents.with_codes(kind, list(by_code), within), options)
        items = list(Graph(result).objects())
        found |= {by_code[item["code"]]: record_of(rpc, kind, item, by_code[item["code"]]) for item in items}
        n_read, n_all = n_read + max(len(items), 1), result["totalCount"]
    return found


def record_of(rpc: Rpc, kind: str, item: Mapping[str, Any], key: str) -> RemoteRecord:
    """Return the record of a sample or an experiment, of which the id suffices."""
    id_ = item["permId"]["permId"]
    modified = item.get("modificationDate")
    return RemoteRecord(
        type=kind,
        id=id_,
        key=key,
        version=str(modified) if modified is not None else None,
        url=rpc.url(f"viewName=show{kind.capitalize()}PageFromPermId&viewData={id_}"),
    )
