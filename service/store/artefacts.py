"""SQL of what rounds trained: stored with the round's batch, and read back whole or not at all."""

import hashlib
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.tables import Round, RoundArtefact


class DamagedError(RuntimeError):
    """What was stored is not what was saved."""


def save(session: Session, round_id: UUID, content: bytes) -> None:
    """Store what a round trained; a round does so once."""
    digest = hashlib.sha256(content).hexdigest()
    session.add(RoundArtefact(round_id=round_id, sha256=digest, content=content))


def load(session: Session, round_id: UUID) -> bytes | None:
    """Return what a round trained, or None if nothing was.

    Raises:
        DamagedError: if the content does not fit its digest.
    """
    query = select(RoundArtefact.content, RoundArtefact.sha256).where(RoundArtefact.round_id == round_id)
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    content, digest = row
    if hashlib.sha256(content).hexdigest() != digest:
        raise DamagedError(f"what round {round_id} trained is damaged in the database; start a new round")
    return bytes(content)


def newest_round(session: Session, campaign_id: UUID) -> Round | None:
    """Return the campaign's last round that trained something."""
    query = select(Round).join(RoundArtefact, RoundArtefact.round_id == Round.id)
    return session.scalars(
        query.where(Round.campaign_id == campaign_id).order_by(Round.number.desc()).limit(1)
    ).first()


def is_there(session: Session, round_id: UUID) -> bool:
    """Tell whether a round trained something."""
    query = select(RoundArtefact.round_id).where(RoundArtefact.round_id == round_id)
    return session.scalars(query).one_or_none() is not None
