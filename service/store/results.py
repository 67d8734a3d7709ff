"""SQL of results and uploads."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import JsonbDumper
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, aliased

from service.store import campaigns
from service.store.paging import Page, cut, read_cursor
from service.store.states import ResultStatus
from service.store.tables import Amendment, Candidate, Result, Round


def add(session: Session, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add results in order, each given as the values of `columns`, and count them in their campaigns.

    Every other column gets its default; `id` is made where it is not given.

    By COPY, which takes a quarter of the time of INSERT: tables of 150,000 rows are usual.

    Raises:
        DBAPIError: what the database refuses, as from any other statement; nothing of the rows is added.
    """
    index, counted = columns.index("campaign_id"), Counter[UUID]()
    made = () if "id" in columns else ("id",)
    statement = f"COPY {Result.__tablename__} ({', '.join((*made, *columns))}) FROM STDIN"
    driver = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
    with driver.cursor() as cursor:
        cursor.adapters.register_dumper(dict, JsonbDumper)
        try:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row((*(uuid4() for _ in made), *row))
                    counted[row[index]] += 1
        except psycopg.Error as error:
            raise DBAPIError.instance(statement, None, error, psycopg.Error) from error
    for campaign_id, number in counted.items():
        campaigns.count(session, campaign_id, results=number)


def by_id(session: Session, campaign_id: UUID, result_ids: Collection[UUID]) -> dict[UUID, Result]:
    """Return those of the given results that belong to the campaign."""
    of_these = Result.id == any_(literal(list(result_ids), ARRAY(Uuid())))
    return {
        row.id: row
        for row in session.scalars(select(Result).where(of_these, Result.campaign_id == campaign_id))
    }


def page(
    session: Session, campaign_id: UUID, limit: int, cursor: str | None, status: ResultStatus | None = None
) -> Page[Result]:
    """Return results in the order in which they were stored, all or those of one status."""
    query = select(Result).where(Result.campaign_id == campaign_id)
    if status == "current":
        query = query.where(_counts())
    elif status is not None:
        kind = "correction" if status == "corrected" else "withdrawal"
        query = query.where(exists().where(Amendment.result_id == Result.id, Amendment.kind == kind))
    if cursor is not None:
        query = query.where(Result.sequence > read_cursor(cursor, int)[0])
    rows = session.scalars(query.order_by(Result.sequence).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.sequence])


def by_external_id(session: Session, campaign_id: UUID, external_ids: Collection[str]) -> Sequence[Result]:
    """Return the results that have or had one of these external ids and assay types, oldest first."""
    any_of_these = any_(literal(list(external_ids), ARRAY(Text())))  # one parameter: a statement takes 65,535
    query = select(Result).where(Result.campaign_id == campaign_id, Result.external_id == any_of_these)
    return session.scalars(query.order_by(Result.revision)).all()


def of_uploads(session: Session, campaign_id: UUID, upload_ids: Collection[UUID]) -> Sequence[Result]:
    """Return the results of these uploads, whether or not they count, in the order of storing."""
    of_these = Result.upload_id == any_(literal(list(upload_ids), ARRAY(Uuid())))
    query = select(Result).where(Result.campaign_id == campaign_id, of_these)
    return session.scalars(query.order_by(Result.sequence)).all()


def objects_by_own_id(session: Session, campaign_id: UUID, own_ids: Collection[str]) -> dict[str, set[str]]:
    """Return the objects of each laboratory id, by results that were not amended."""
    own_id = Result.verbatim["compound_id"].astext
    any_of_these = any_(literal(list(own_ids), ARRAY(Text())))
    query = select(own_id, Result.object).where(
        Result.campaign_id == campaign_id, own_id == any_of_these, _counts()
    )
    found = defaultdict[str, set[str]](set)
    for name, text in session.execute(query):
        found[name].add(text)
    return dict(found)


def about(
    session: Session, campaign_id: UUID, objects: Collection[str], columns: Sequence[str]
) -> Counter[tuple[Any, ...]]:
    """Return what the results of some objects say in some columns and count now, and how many say it."""
    query = select(*(getattr(Result, name) for name in columns))
    rows = session.execute(query.where(Result.campaign_id == campaign_id, _is_about(objects), _counts()))
    return Counter(tuple(row) for row in rows)


def own_ids(session: Session, campaign_id: UUID, objects: Collection[str]) -> dict[str, str]:
    """Return the laboratory's id of each of these objects, from the newest result that counts and has one."""
    own_id = Result.verbatim["compound_id"].astext
    query = select(Result.object, own_id).where(
        Result.campaign_id == campaign_id, _is_about(objects), own_id.is_not(None), _counts()
    )
    return {row[0]: row[1] for row in session.execute(query.order_by(Result.sequence))}


def _is_about(objects: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a result is of one of these objects, by the index of their digests."""
    digests = [hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in objects]
    by_index = func.md5(Result.object) == any_(literal(digests, ARRAY(Text())))
    return and_(by_index, Result.object == any_(literal(list(objects), ARRAY(Text()))))


def of_candidates(session: Session, candidate_ids: Collection[UUID]) -> dict[UUID, list[Result]]:
    """Return the unamended results of each candidate, in the order of storing."""
    asked = any_(literal(list(candidate_ids), ARRAY(Uuid())))
    found: defaultdict[UUID, list[Result]] = defaultdict(list)
    query = select(Result).where(Result.candidate_id == asked, _counts()).order_by(Result.sequence)
    for row in session.scalars(query):
        if row.candidate_id is not None:
            found[row.candidate_id].append(row)
    return found


def last_sequence(session: Session, campaign_id: UUID) -> int:
    """Return the newest result's sequence, 0 without results."""
    query = select(func.coalesce(func.max(Result.sequence), 0)).where(Result.campaign_id == campaign_id)
    return session.scalars(query).one()


def any_without_external_id(session: Session, upload_id: UUID) -> bool:
    """Tell whether an upload stored results that only their content tells from others."""
    return session.scalars(
        select(exists().where(Result.upload_id == upload_id, Result.external_id.is_(None)))
    ).one()


def candidates_of_upload(session: Session, upload_id: UUID) -> set[UUID]:
    """Return the candidates that results of an upload are about."""
    query = select(Result.candidate_id).where(Result.upload_id == upload_id, Result.candidate_id.is_not(None))
    return {key for key in session.scalars(query.distinct()) if key is not None}


def any_stored(session: Session, campaign_id: UUID) -> bool:
    """Tell whether the campaign has results."""
    return session.scalars(select(exists().where(Result.campaign_id == campaign_id))).one()


@dataclass(frozen=True, slots=True)
class ReadUntil:
    """The last result and the last amendment that are read, by their sequences; None reads all there are."""

    result: int | None = None
    amendment: int | None = None


def measured(session: Session, campaign_id: UUID, read: ReadUntil) -> Sequence[RowMapping]:
    """Return the unamended results in the order in which they were tested.

    Columns are named as the fields of a measurement; `round` is the number of the round that proposed the
    object, and `test` is one for all that was sent at once. A correction has the place and the test of what
    it corrects.
    """
    query = (
        _tested(
            Result.value,
            Result.relation,
            Result.upper_value,
            Result.standard_error,
            Round.number.label("round"),
            Result.plate,
            read=read,
            is_amended=session.scalars(select(exists().where(Amendment.campaign_id == campaign_id))).one(),
        )
        .outerjoin(Candidate, Candidate.id == Result.candidate_id)
        .outerjoin(Round, Round.id == Candidate.round_id)
        .where(Result.campaign_id == campaign_id)
    )
    if read.result is not None:
        query = query.where(Result.sequence <= read.result)
    return session.execute(query).mappings().all()


def outcomes(session: Session, candidate_ids: Collection[UUID]) -> dict[UUID, list[RowMapping]]:
    """Return each candidate's unamended results, in the order of the tests."""
    of_these = Result.candidate_id == any_(literal(list(candidate_ids), ARRAY(Uuid())))
    query = _tested(Result.candidate_id, read=ReadUntil(), is_amended=True).where(of_these)
    found: defaultdict[UUID, list[RowMapping]] = defaultdict(list)
    for row in session.execute(query).mappings():
        found[row["candidate_id"]].append(row)
    return found


def _tested(*columns: Any, read: ReadUntil, is_amended: bool) -> Select[Any]:
    """Return the query of what counts, with what decides whether a later test ends it.

    Where nothing `is_amended`, results are read as they are stored, which takes an index alone.
    """
    shared = (Result.object, Result.type, Result.outcome, Result.assay_version)
    if not is_amended:
        return select(*shared, Result.upload_id.label("test"), *columns).order_by(Result.sequence)
    made, origin = aliased(Amendment), aliased(Result)
    test = func.coalesce(origin.upload_id, Result.upload_id).label("test")
    return (
        select(*shared, test, *columns)
        .outerjoin(made, made.replacement_id == Result.id)
        .outerjoin(origin, origin.id == made.origin_id)
        .where(_counts(read.amendment))
        .order_by(func.coalesce(origin.sequence, Result.sequence))
    )


def _counts(last_amendment: int | None = None) -> ColumnElement[bool]:
    """Return the condition that a result was neither corrected nor withdrawn."""
    ended = exists().where(Amendment.result_id == Result.id)
    return ~(ended if last_amendment is None else ended.where(Amendment.sequence <= last_amendment))
