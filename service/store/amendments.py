"""SQL of amendments: what ended results, and in which order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, and_, any_, cast, exists, func, insert, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.store import campaigns
from service.store.tables import Amendment, Result, Round


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is amended, and by which key."""

    text: str
    api_key_id: str | None


def last_sequence(session: Session, campaign_id: UUID) -> int:
    """Return the newest amendment's sequence, 0 without any."""
    query = select(func.coalesce(func.max(Amendment.sequence), 0)).where(Amendment.campaign_id == campaign_id)
    return session.scalars(query).one()


def ends_of(session: Session, result_ids: Collection[UUID]) -> dict[UUID, Amendment]:
    """Return what ended each of these results; one that counts has none."""
    query = select(Amendment).where(Amendment.result_id == any_(literal(list(result_ids), ARRAY(Uuid()))))
    return {row.result_id: row for row in session.scalars(query)}


def made_of(session: Session, result_ids: Collection[UUID]) -> dict[UUID, Amendment]:
    """Return the correction that each of these results came from; most came from none."""
    query = select(Amendment).where(Amendment.replacement_id == any_(literal(list(result_ids), ARRAY(Uuid()))))
    return {row.replacement_id: row for row in session.scalars(query) if row.replacement_id is not None}


def about(session: Session, result_ids: Collection[UUID]) -> tuple[dict[UUID, Amendment], dict[UUID, Amendment]]:
    """Return what ended each of these results, and the corrections they came from, in one statement."""
    of_these = any_(literal(list(result_ids), ARRAY(Uuid())))
    query = select(Amendment).where(or_(Amendment.result_id == of_these, Amendment.replacement_id == of_these))
    rows = session.scalars(query).all()
    made = {row.replacement_id: row for row in rows if row.replacement_id is not None}
    return {row.result_id: row for row in rows}, made


def chain_of(session: Session, result_id: UUID) -> Sequence[Amendment]:
    """Return everything that was amended in the chain of corrections of a result, in order."""
    came_from = select(Amendment.origin_id).where(Amendment.replacement_id == result_id).scalar_subquery()
    origin = func.coalesce(came_from, result_id)
    return session.scalars(select(Amendment).where(Amendment.origin_id == origin).order_by(Amendment.sequence)).all()


def correct(session: Session, campaign_id: UUID, replacements: Sequence[tuple[UUID, UUID]], reason: Reason) -> None:
    """End results, each by the result that stands in its place: (ended, replacement) pairs."""
    origins = {key: row.origin_id for key, row in made_of(session, [ended for ended, _ in replacements]).items()}
    session.add_all(
        Amendment(
            campaign_id=campaign_id,
            kind="correction",
            result_id=ended,
            replacement_id=replacement,
            origin_id=origins.get(ended, ended),
            reason=reason.text,
            api_key_id=reason.api_key_id,
        )
        for ended, replacement in replacements
    )
    session.flush()
    campaigns.count(session, campaign_id, results=-len(replacements))


def withdraw(session: Session, campaign_id: UUID, result_id: UUID, reason: Reason) -> None:
    """End a result without another in its place."""
    came_from = made_of(session, [result_id]).get(result_id)
    session.add(
        Amendment(
            campaign_id=campaign_id,
            kind="withdrawal",
            result_id=result_id,
            origin_id=came_from.origin_id if came_from else result_id,
            reason=reason.text,
            api_key_id=reason.api_key_id,
        )
    )
    session.flush()
    campaigns.count(session, campaign_id, results=-1)


def withdraw_upload(session: Session, campaign_id: UUID, upload_id: UUID, reason: Reason) -> int:
    """End the results of an upload that still count, in one statement, and return how many."""
    made = select(Amendment.origin_id).where(Amendment.replacement_id == Result.id).scalar_subquery()
    ended = exists().where(Amendment.result_id == Result.id)
    columns = {
        "id": func.gen_random_uuid(),
        "campaign_id": Result.campaign_id,
        "kind": literal("withdrawal"),
        "result_id": Result.id,
        "origin_id": func.coalesce(made, Result.id),
        "upload_id": Result.upload_id,
        "reason": literal(reason.text),
        "api_key_id": literal(reason.api_key_id),
    }
    rows = select(*columns.values()).where(Result.upload_id == upload_id, ~ended).order_by(Result.sequence)
    added = insert(Amendment).from_select(list(columns), rows, include_defaults=False).returning(Amendment.id).cte()
    n = session.scalars(select(func.count()).select_from(added)).one()
    campaigns.count(session, campaign_id, results=-n)
    return n


def changed_since(session: Session, round_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return how many results of each round's snapshot were withdrawn, and how many corrected, after it was taken.

    A result that was corrected and then withdrawn is withdrawn. Rounds without such results are left out.
    """
    taken = func.coalesce(cast(Round.snapshot["last_amendment"].astext, BigInteger), 0)
    chains = (
        select(Round.id, func.bool_or(Amendment.kind == "withdrawal").label("is_withdrawn"))
        .join(Amendment, and_(Amendment.campaign_id == Round.campaign_id, Amendment.sequence > taken))
        .join(Result, Result.id == Amendment.origin_id)
        .where(
            Round.id == any_(literal(list(round_ids), ARRAY(Uuid()))),
            Result.sequence <= cast(Round.snapshot["last_sequence"].astext, BigInteger),
        )
        .group_by(Round.id, Amendment.origin_id)
        .subquery()
    )
    withdrawn = func.count().filter(chains.c.is_withdrawn)
    query = select(chains.c.id, withdrawn, func.count() - withdrawn).group_by(chains.c.id)
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}
