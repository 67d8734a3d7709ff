"""Collections: lists that are uploaded once and named by specifications. Knows no HTTP.

Reading and storing are two steps, as for results: a child reads while no transaction is open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from models.domains import collections as contents
from models.domains import open_domain
from models.domains.molecules.spec import MoleculesSpec
from service.campaigns import jobs
from service.campaigns.jobs import ClaimedJob, JobScope, NewJob
from service.campaigns.reading import ProgressCallback, Reader, SentTable, no_progress
from service.campaigns.uploads import MAX_REPORTED_ERRORS, Mode, Owner
from service.errors import ConflictError, UnprocessableError
from service.exchange.object_lists import ListReport
from service.store import object_lists
from service.store.paging import Page, cut, read_cursor
from service.store.tables import Campaign, Collection, Job

KIND = "collections"
"""Of the jobs that read long lists."""
_OBJECTS = MoleculesSpec.model_validate({})
"""Whose objects a list holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """A list as it was sent, and how it is to be taken."""

    content: bytes
    media_type: str
    name: str
    filename: str | None = None
    sheet: str | None = None
    mode: Mode = "atomic"

    @property
    def table(self) -> SentTable:
        """The file as it is read."""
        return SentTable(self.content, self.media_type, self.sheet)


def read_list(reader: Reader, file: ListFile, on_progress: ProgressCallback = no_progress) -> ListReport:
    """Return what became of every row of a file, with the content to keep; nothing is stored.

    Raises:
        UnprocessableError: if a row is bad in atomic mode, or none is good; it carries the report.
        TableError: if the file cannot be read as a table.
    """
    domain = open_domain(_OBJECTS)
    assert domain.normal_form is not None, "molecules have one"
    report = ListReport(domain.object_columns[0], domain.normal_form)
    reader.collection(file.table, _OBJECTS, report.add, on_progress)
    counts = report.counts
    if counts["rejected"] and (file.mode == "atomic" or not counts["accepted"]):
        places = [
            {"row": row["row"], "column": row["column"], "detail": row["reason"]}
            for row in report.remarks
            if row["status"] == "rejected"
        ]
        n_rows = counts["accepted"] + counts["rejected"] + counts["skipped"]
        detail = (
            f"{counts['rejected']} of {n_rows} rows are rejected and nothing was stored; "
            "correct them or send the list with mode=partial"
        )
        raise UnprocessableError(detail, places[:MAX_REPORTED_ERRORS], report.as_json())
    if not counts["accepted"]:
        raise UnprocessableError("no row describes an object", [{"pointer": "", "detail": "no object"}])
    return report


def store_list(
    session: Session, owner: Owner, file: ListFile, report: ListReport, collection_id: UUID | None = None
) -> Collection:
    """Store a list that was read; a content that is there already is not stored twice."""
    row = Collection(
        id=collection_id or uuid4(),
        workspace_id=owner.workspace_id,
        api_key_id=owner.key_id,
        name=file.name,
        filename=file.filename,
        media_type=file.media_type,
        n_rows=report.counts["accepted"],
        columns=report.columns,
        report=report.as_json(),
    )
    return object_lists.add(session, row, report.content())


def enqueue_list(session: Session, owner: Owner, file: ListFile) -> Job:
    """Queue a list that is too long to be read while its sender waits; the collection gets the job's id."""
    request = {name: getattr(file, name) for name in ("name", "filename", "sheet", "mode", "media_type")}
    new = NewJob(
        queue="fast",
        request=request,
        context={"api_key_id": owner.key_id},
        table=(file.content, file.media_type),
    )
    return jobs.enqueue(session, JobScope(KIND, owner.workspace_id), new)


def claimed_list(job: ClaimedJob, content: bytes) -> ListFile:
    """Return the file of a job."""
    return ListFile(content=content, **job.request)


def page(session: Session, workspace_id: UUID, limit: int, cursor: str | None) -> Page[Collection]:
    """Return one page of a workspace's collections, newest first."""
    return object_lists.page(session, workspace_id, limit, cursor)


def find(session: Session, workspace_id: UUID, collection_id: UUID) -> Collection | None:
    """Return a collection of a workspace."""
    return object_lists.find(session, workspace_id, collection_id)


def users_of(session: Session, row: Collection) -> Sequence[Campaign]:
    """Return the workspace's campaigns that name the content of a collection."""
    return object_lists.campaigns_with(session, row)


def content_of(session: Session, row: Collection) -> bytes:
    """Return the content of a collection as CSV."""
    stored = object_lists.load(session, row.sha256)
    assert stored is not None, "its collection is there"
    return contents.without_normal_form(stored)


def rows_of(session: Session, row: Collection, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """Return one page of a collection's rows, numbered from 1 in the content's order."""
    (start,) = (0,) if cursor is None else read_cursor(cursor, int)
    parsed: Iterator[dict[str, str]] = contents.parse(content_of(session, row))
    found = [
        {"row": start + index, "cells": cells}
        for index, cells in enumerate(islice(parsed, start, start + limit + 1), 1)
    ]
    return cut(found, limit, lambda item: [item["row"]])


def delete(session: Session, row: Collection) -> None:
    """Delete a collection that nothing uses.

    Raises:
        ConflictError: if a campaign of the workspace, or work that is still to be done, names its content
            and no other collection has it.
    """
    object_lists.lock(session, row)
    if not object_lists.has_twin(session, row):
        users = object_lists.campaigns_with(session, row)
        if users:
            names = ", ".join(f"{each.name!r} ({each.id})" for each in users)
            raise ConflictError(
                f"the collection is used by campaigns: {names}",
                extensions={"campaigns": [str(each.id) for each in users]},
            )
        if waiting := object_lists.unfinished_jobs_with(session, row):
            raise ConflictError(f"jobs are still to read the collection: {', '.join(map(str, waiting))}")
    object_lists.remove(session, row)
