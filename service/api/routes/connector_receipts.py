"""Routes of receipts: what came in from a lab system, as it came, and what became of it."""

from contextlib import nullcontext
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from service.api.body import StrictRoute
from service.api.connectors import Readable, Writable
from service.api.conventions import PageQuery, answer, etag
from service.api.dependencies import Operators, TableReader, Transaction
from service.api.documentation import LINK, Responses, files, guarded
from service.api.idempotency import Once
from service.api.routes.batches import attachment
from service.campaigns.batch_files import plain
from service.errors import NotFoundError
from service.exchange import media_types
from service.integrations import links, receipts
from service.outbox.waking import wake
from service.schemas.base import Page
from service.schemas.links import Receipt, ReceiptAnswer
from service.store import blobs, tables
from service.store import receipts as receipt_rows
from service.store.states import ReceiptState

router = APIRouter(
    prefix="/v1/connectors/{connector_id}/receipts", tags=["connectors"], route_class=StrictRoute
)

ReceiptId = Annotated[
    UUID, Path(description="the receipt's id", examples=["f1b3d5c7-6a8e-4f20-9c41-2e3d4c5b6a78"])
]
State = Annotated[ReceiptState | None, Query(description="only receipts in this state")]
OfCampaign = Annotated[UUID | None, Query(description="only this campaign's")]
FILE: Responses = {
    200: {
        "description": "The bytes as they came",
        "content": {**files(media_types()), "application/octet-stream": {}},
        "headers": {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in (("Content-Disposition", "its name"), ("ETag", "its SHA-256"))
        },
    }
}


@router.get("", responses={200: LINK, **guarded(404)})
def list_receipts(
    connector: Readable,
    session: Transaction,
    query: PageQuery,
    state: State = None,
    campaign_id: OfCampaign = None,
) -> Page[Receipt]:
    """List what came in by a connector, newest first; those that need attention wait for a person."""
    page = receipt_rows.page(
        session, connector.id, query.limit, query.cursor, state=state, campaign_id=campaign_id
    )
    return query.answer(page, Receipt)


@router.get("/{receipt_id}", response_model=ReceiptAnswer, responses=guarded(404))
def get_receipt(receipt_id: ReceiptId, connector: Readable, session: Transaction) -> Response:
    """Return a receipt with its measurements, and what became of every row."""
    return answer(ReceiptAnswer.model_validate(_receipt(session, connector, receipt_id)))


@router.get("/{receipt_id}/content", response_class=Response, responses={**FILE, **guarded(404)})
def download_receipt(receipt_id: ReceiptId, connector: Readable, session: Transaction) -> Response:
    """Download a receipt byte for byte as it came in."""
    row = _receipt(session, connector, receipt_id)
    found = attachment(blobs.load(session, row.blob), row.media_type, _name(row))
    found.headers["ETag"] = etag(row.blob)
    found.headers["X-Content-Type-Options"] = "nosniff"
    return found


@router.post("/{receipt_id}/replay", response_model=ReceiptAnswer, responses=guarded(404, 409))
def replay_receipt(
    receipt_id: ReceiptId,
    connector: Writable,
    session: Transaction,
    once: Once,
    reader: TableReader,
    settings: Operators,
) -> Response:
    """Read a receipt again with the link's present mapping; a long file waits for the connector's next run.

    Results that an earlier mapping made of it are corrected or withdrawn, where this one says otherwise.
    """

    def replay() -> Response:
        row = _receipt(session, connector, receipt_id)
        receipts.replay(session, connector.workspace_id, links.get(session, connector, row.link_id), row)
        if receipts.is_long(session, reader, row, settings.direct_rows):
            wake(session, tables.Connector, connector.id)
        else:
            receipts.apply_receipt(lambda: nullcontext(session), reader, row.id)
        return answer(ReceiptAnswer.model_validate(_receipt(session, connector, receipt_id)))

    return once(replay)


def _receipt(session: Session, connector: tables.Connector, receipt_id: UUID) -> tables.Receipt:
    row = receipt_rows.find(session, connector.id, receipt_id)
    if row is None:
        raise NotFoundError(f"no receipt {receipt_id}")
    return row


def _name(row: tables.Receipt) -> str:
    """Return a name that is safe in a header, with the extension of the one that it had."""
    stem, dot, extension = (row.filename or "").rpartition(".")
    if not (dot and stem and extension.isascii() and extension.isalnum()):
        return f"receipt-{row.id}" + (".json" if row.records is not None else "")
    return f"{plain(stem)}.{extension}"
