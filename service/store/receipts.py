"""SQL of receipts: what came in from other systems, and what became of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, any_, column, func, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, distinct_on
from sqlalchemy.orm import Session, defer

from service.store.paging import Page, cut, read_cursor
from service.store.states import ReceiptState
from service.store.tables import ConnectorLink, ExternalRecord, Json, Receipt

_WHOLE = (defer(Receipt.records), defer(Receipt.report))
"""What a list does not tell: a page of measurements, and what became of each."""


def find(session: Session, connector_id: UUID, receipt_id: UUID) -> Receipt | None:
    """Return a receipt of this connector."""
    query = select(Receipt).where(Receipt.id == receipt_id, Receipt.connector_id == connector_id)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def lock(session: Session, receipt_id: UUID) -> Receipt | None:
    """Return a receipt, fresh, and make others that settle it wait; None if it went with its link."""
    query = select(Receipt).where(Receipt.id == receipt_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def page(
    session: Session,
    connector_id: UUID,
    limit: int,
    cursor: str | None,
    *,
    state: ReceiptState | None = None,
    campaign_id: UUID | None = None,
) -> Page[Receipt]:
    """Return receipts, newest first, without their records and reports."""
    query = select(Receipt).options(*_WHOLE).where(Receipt.connector_id == connector_id)
    if state is not None:
        query = query.where(Receipt.state == state)
    if campaign_id is not None:
        query = query.where(Receipt.campaign_id == campaign_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(Receipt.received_at, Receipt.id) < tuple_(*after))
    rows = session.scalars(
        query.order_by(Receipt.received_at.desc(), Receipt.id.desc()).limit(limit + 1)
    ).all()
    return cut(rows, limit, lambda row: [row.received_at.isoformat(), row.id])


def unapplied_of_connector(session: Session, connector_id: UUID) -> list[UUID]:
    """Return the receipts of a connector that were kept and not read, oldest first."""
    query = select(Receipt.id).where(Receipt.connector_id == connector_id, Receipt.state == "stored")
    return list(session.scalars(query.order_by(Receipt.received_at, Receipt.id)))


def latest_records(
    session: Session, link: ConnectorLink, ids: Collection[str]
) -> dict[tuple[str, str], Json]:
    """Return what was received last of these measurements under the link's mapping, by source and id."""
    elements = func.jsonb_array_elements(Receipt.records)
    record = elements.table_valued(column("value", JSONB()), with_ordinality="place").render_derived()
    value, place = record.c.value, record.c.place
    source, name = value["source"].astext, value["id"].astext
    query = (
        select(value)
        .select_from(Receipt)
        .join(record, true())
        .where(
            Receipt.connector_id == link.connector_id,
            Receipt.link_id == link.id,
            Receipt.mapping_version == link.mapping_version,
            name == any_(literal(list(ids), ARRAY(Text()))),
        )
        .ext(distinct_on(source, name))
        .order_by(source, name, Receipt.received_at.desc(), place.desc())
    )
    return {(item["source"], item["id"]): item for item in session.scalars(query)}


def latest_of_file(session: Session, link: ConnectorLink, type_: str, record_id: str) -> Receipt | None:
    """Return the receipt that came last of a file's record."""
    query = select(Receipt).where(
        Receipt.connector_id == link.connector_id,
        Receipt.link_id == link.id,
        Receipt.record["type"].astext == type_,
        Receipt.record["id"].astext == record_id,
    )
    return session.scalars(query.order_by(Receipt.received_at.desc()).limit(1)).first()


def uploads_of_file(session: Session, receipt: Receipt) -> Sequence[UUID]:
    """Return the uploads that other receipts of the same record made."""
    assert receipt.record is not None, "a file has a record"
    query = select(Receipt.upload_id).where(
        Receipt.connector_id == receipt.connector_id,
        Receipt.campaign_id == receipt.campaign_id,
        Receipt.record["type"].astext == receipt.record["type"],
        Receipt.record["id"].astext == receipt.record["id"],
        Receipt.upload_id.is_not(None),
    )
    return [upload_id for upload_id in session.scalars(query.distinct()) if upload_id is not None]


def candidate_records(
    session: Session, connector_id: UUID, ids: Collection[str], keys: Collection[str]
) -> Sequence[Any]:
    """Return type, external id, key and candidate of the records with one of these ids or keys."""
    columns = (
        ExternalRecord.type,
        ExternalRecord.external_id,
        ExternalRecord.key,
        ExternalRecord.entity_id,
    )
    of_these = ExternalRecord.external_id == any_(literal(list(ids), ARRAY(Text())))
    with_key = ExternalRecord.key == any_(literal(list(keys), ARRAY(Text())))
    query = select(*columns).where(
        ExternalRecord.connector_id == connector_id,
        ExternalRecord.entity == "candidate",
        of_these | with_key,
    )
    return session.execute(query).all()
