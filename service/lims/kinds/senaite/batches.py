"""Batches of SENAITE, which group the samples of an order.

The key is in the description, which every list shows. It ends with a mark until all samples are in the batch,
so that one whose writing was interrupted is continued.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.lims.contract import AccessDeniedError, Refused, RemoteRecord
from service.lims.kinds.senaite.api import RefusalError, Session, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import Answer, Order

BATCH = "Batch"
_PREFIX = "Assayflow "
_UNFINISHED = " (being filled)"


def find_batches(session: Session, keys: Sequence[str]) -> dict[str, RemoteRecord]:
    """Return the batches under our keys that have all their samples."""
    return {key: _record(key, row) for key, (row, is_whole) in _known(session, keys).items() if is_whole}


def put_batch(session: Session, order: Order, client: str) -> Answer:
    """Write a batch and put its samples in.

    Args:
        session: of the site.
        order: whose samples are known there.
        client: what the client is called by.
    """
    for name, value in (("folder", order.folder), ("files", order.files), ("schema", order.schema)):
        if value:
            return Refused(
                detail=f"a batch of SENAITE has no {name}: leave it empty in the mapping", field=name
            )
    try:
        row, is_whole = _known(session, [order.key]).get(order.key) or (None, False)
        row = row or _begun(session, order, client)
        if not is_whole:
            for material in order.materials:
                session.post("/update", {"uid": material.id, BATCH: row["uid"]})
            session.post("/update", {"uid": row["uid"], "description": f"{_PREFIX}{order.key}"})
    except RefusalError as error:
        return error.answer
    except AccessDeniedError as error:
        # Right after a new login, so that it is this object which the user may not write.
        session.confirmed(lambda: None)
        return Refused(detail=str(error))
    return _record(order.key, row)


def _known(session: Session, keys: Sequence[str]) -> dict[str, tuple[Mapping[str, Any], bool]]:
    """Return batches by key, and whether they are whole; no index has the key, so that all are listed."""
    known: dict[str, tuple[Mapping[str, Any], bool]] = {}
    for row in session.confirmed(lambda: session.all("/batch")):
        text = text_of(row.get("description"))
        key = text.removeprefix(_PREFIX).removesuffix(_UNFINISHED)
        if text.startswith(_PREFIX) and key in keys and row.get("review_state") != "cancelled":
            known.setdefault(key, (row, not text.endswith(_UNFINISHED)))
    return known


def _begun(session: Session, order: Order, client: str) -> Mapping[str, Any]:
    """Create a batch in the folder of batches, which is beside that of clients."""
    site = text_of(session.thing("client", client, "Client")["path"]).partition("/clients/")[0]
    stated = {name: value for name, value in order.fields.items() if value is not None}
    place = {"portal_type": BATCH, "parent_path": f"{site}/batches"}
    description = f"{_PREFIX}{order.key}{_UNFINISHED}"
    body = {**stated, **place, "title": order.name, "description": description}
    return session.create("/create", body)


def _record(key: str, row: Mapping[str, Any]) -> RemoteRecord:
    return RemoteRecord(
        type=BATCH,
        id=text_of(row["uid"]),
        key=key,
        version=text_of(row.get("modified")) or None,
        url=text_of(row.get("url")) or None,
        state=text_of(row.get("review_state")) or None,
    )
