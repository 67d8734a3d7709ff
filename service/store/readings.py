"""SQL of readings: what a campaign keeps of how files from one source are read."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.tables import Reading


def find(session: Session, campaign_id: UUID, name: str) -> Reading | None:
    """Return a reading by its name."""
    return session.get(Reading, (campaign_id, name))


def all_of(session: Session, campaign_id: UUID) -> Sequence[Reading]:
    """Return the readings of a campaign by their names."""
    query = select(Reading).where(Reading.campaign_id == campaign_id).order_by(Reading.name)
    return session.scalars(query).all()


def count(session: Session, campaign_id: UUID) -> int:
    """Return how many readings a campaign keeps."""
    return session.scalars(select(func.count()).where(Reading.campaign_id == campaign_id)).one()


def put(session: Session, campaign_id: UUID, name: str, options: dict[str, Any]) -> Reading:
    """Store a reading, in place of one of the same name."""
    values = insert(Reading).values(campaign_id=campaign_id, name=name, options=options)
    changes = {"options": options, "updated_at": func.now()}
    session.execute(values.on_conflict_do_update(index_elements=["campaign_id", "name"], set_=changes))
    session.expire_all()
    return session.get_one(Reading, (campaign_id, name))


def remove(session: Session, campaign_id: UUID, name: str) -> None:
    """Delete a reading."""
    session.execute(delete(Reading).where(Reading.campaign_id == campaign_id, Reading.name == name))
