"""SQL of who is who in another system: the records there of our candidates and batches."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, any_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from service.storable_text import storable
from service.store.states import LIVE
from service.store.tables import Candidate, ConnectorLink, ExternalRecord

CANDIDATE, ROUND = "candidate", "round"
_CORRECTED = timedelta(days=30)
"""For so long after its last change, a candidate's results may still be corrected in the other system."""


def any_entity(entity_ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition that a record is of one of these; one parameter, as a statement takes 65,535."""
    return ExternalRecord.entity_id == any_(literal([str(item) for item in entity_ids], ARRAY(Text())))


def known(
    session: Session, connector_id: UUID, entity: str, entity_ids: Collection[UUID]
) -> dict[str, ExternalRecord]:
    """Return the records of candidates or rounds in a system, by our id."""
    query = select(ExternalRecord).where(
        ExternalRecord.connector_id == connector_id,
        ExternalRecord.entity == entity,
        any_entity(entity_ids),
    )
    return {row.entity_id: row for row in session.scalars(query)}


def save(session: Session, link: ConnectorLink, entity: str, entity_id: UUID, **said: str | None) -> None:
    """Write down which record there a candidate or a round is; a later word about the same one wins.

    Args:
        session: the transaction.
        link: by which it was written.
        entity: `candidate` or `round`.
        entity_id: ours.
        said: type, key, external_id, external_version, url and state.
    """
    values = {**storable(said), "link_id": link.id, "updated_at": func.clock_timestamp()}
    named = {"connector_id": link.connector_id, "entity": entity, "entity_id": str(entity_id)}
    query = insert(ExternalRecord).values(**named, **values)
    session.execute(query.on_conflict_do_update(constraint="uq_external_records_entity", set_=values))


def of_round(session: Session, connector_id: UUID, round_id: UUID) -> Sequence[ExternalRecord]:
    """Return the records of a round's released candidates in a system, by rank."""
    query = (
        select(ExternalRecord)
        .join(Candidate, Candidate.id == cast(ExternalRecord.entity_id, Uuid()))
        .where(
            ExternalRecord.connector_id == connector_id,
            ExternalRecord.entity == CANDIDATE,
            Candidate.round_id == round_id,
        )
        .order_by(Candidate.rank)
    )
    return session.scalars(query).all()


def awaited(
    session: Session, link: ConnectorLink
) -> tuple[Sequence[ExternalRecord], Sequence[ExternalRecord]]:
    """Return the records of candidates whose results are open or may be corrected, and of their rounds."""
    is_open = or_(Candidate.status.in_(LIVE), Candidate.updated_at > func.now() - _CORRECTED)
    mine = (
        ExternalRecord.connector_id == link.connector_id,
        Candidate.campaign_id == link.campaign_id,
        is_open,
    )
    materials = session.scalars(
        select(ExternalRecord)
        .join(Candidate, Candidate.id == cast(ExternalRecord.entity_id, Uuid()))
        .where(ExternalRecord.entity == CANDIDATE, *mine)
        .order_by(Candidate.created_at, Candidate.rank)
    ).all()
    rounds = select(Candidate.round_id).where(Candidate.campaign_id == link.campaign_id, is_open)
    orders = session.scalars(
        select(ExternalRecord)
        .where(
            ExternalRecord.connector_id == link.connector_id,
            ExternalRecord.entity == ROUND,
            cast(ExternalRecord.entity_id, Uuid()).in_(rounds),
        )
        .order_by(ExternalRecord.created_at)
    ).all()
    return materials, orders
