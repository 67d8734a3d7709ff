"""SQL of plates."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, tuple_
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import Campaign, Plate, Round

_SUMMARY = (
    Plate.id,
    Plate.name,
    Plate.version,
    Plate.created_at,
    Plate.spec["type"].astext.label("type"),
    Plate.transfers.is_not(None).label("is_filled"),
    Plate.analysis.is_not(None).label("is_read"),
)


def find(
    session: Session, workspace_id: UUID, campaign_id: UUID, number: int, plate_id: UUID
) -> Plate | None:
    """Return a plate of this workspace by its round."""
    query = (
        select(Plate).join(Round, Round.id == Plate.round_id).join(Campaign, Campaign.id == Plate.campaign_id)
    )
    query = query.where(Plate.id == plate_id, Plate.campaign_id == campaign_id, Round.number == number)
    return session.scalars(query.where(Campaign.workspace_id == workspace_id)).one_or_none()


def lock(session: Session, plate_id: UUID) -> Plate:
    """Return a plate, fresh, and make every other writer of it wait until this transaction ends."""
    query = (
        select(Plate).where(Plate.id == plate_id).with_for_update().execution_options(populate_existing=True)
    )
    return session.scalars(query).one()


def is_named(session: Session, campaign_id: UUID, name: str) -> bool:
    """Tell whether the campaign has a plate of this name."""
    return session.scalars(select(exists().where(Plate.campaign_id == campaign_id, Plate.name == name))).one()


def page(session: Session, round_id: UUID, limit: int, cursor: str | None) -> Page[Any]:
    """Return a round's plates, oldest first, as rows of what a list tells of them."""
    query = select(*_SUMMARY).where(Plate.round_id == round_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(Plate.created_at, Plate.id) > tuple_(*after))
    rows = session.execute(query.order_by(Plate.created_at, Plate.id).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])
