"""Routes of collections: lists of objects that are uploaded once and named by specifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from service.api.body import RawBody, SheetQuery
from service.api.conventions import IfMatch, PageQuery, answer, content_tag, etag, negotiate, require_match
from service.api.dependencies import Operators, Reader, TableReader, Transaction, Writer
from service.api.documentation import ETAG, LINK, Responses, body_of, files, guarded, header
from service.api.idempotency import Once
from service.api.jobs import ACCEPTED, EVENTS, Follow, Wait, accepted, workspace_readers, workspace_writers
from service.api.routes.batches import FormatQuery, attachment
from service.campaigns import jobs, object_lists
from service.campaigns.batch_files import plain
from service.campaigns.jobs import JobScope
from service.campaigns.object_lists import KIND, ListFile
from service.campaigns.uploads import Mode, Owner, table_errors_as_problems
from service.errors import ConflictError, NotFoundError
from service.exchange import media_types
from service.schemas.base import Page
from service.schemas.object_lists import Collection, CollectionAnswer, CollectionRow
from service.store import paging, tables

router = APIRouter(prefix="/v1/collections", tags=["collections"])

CollectionId = Annotated[
    UUID, Path(description="the collection's id", examples=["3f6d2b1c-8a4e-4d7f-9b05-1c2e3d4f5a6b"])
]
_ROWS = {
    "type": "array",
    "items": {"type": "object"},
    "examples": [[{"smiles": "Nc1ccccc1", "catalogue_number": "A-1", "price": "0.4"}]],
}
BODY = body_of(media_types(), _ROWS, "at most 1,000,000 rows (SDF and delimited text), each with a structure")
STORED: Responses = {201: {"description": "The collection", **header("Location", "its address")}}
QUEUED: Responses = {
    202: {
        "model": Collection,
        "description": "The list is long: it is read as a job, to be followed at `Location`",
        **header("Location", "its address"),
    }
}
DELETED: Responses = {204: {"description": "The collection is gone"}}
FILES: Responses = {200: {**LINK, "content": files(["text/csv"])}}


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list is called, and how it is to be taken."""

    name: Annotated[str, Query(min_length=1, max_length=200, description="what the list is called")]
    mode: Annotated[Mode, Query(description="atomic: all rows or none; partial: the good rows")] = "atomic"
    filename: Annotated[str | None, Query(max_length=255, description="the file's name, for the record")] = (
        None
    )
    sheet: SheetQuery = None


def sent_list(request: Request, content: RawBody, options: Annotated[ListOptions, Depends()]) -> ListFile:
    """Return the uploaded list with how it is to be taken."""
    return ListFile(
        content=content,
        media_type=request.headers.get("content-type", ""),
        name=options.name,
        filename=options.filename,
        sheet=options.sheet,
        mode=options.mode,
    )


Read = Annotated[JobScope, Depends(workspace_readers(KIND))]
Write = Annotated[JobScope, Depends(workspace_writers(KIND))]


@router.post(
    "",
    status_code=201,
    response_model=CollectionAnswer,
    responses={**STORED, **QUEUED, **guarded(409, 415)},
    openapi_extra=BODY,
)
def create_collection(  # noqa: PLR0913, PLR0917 - FastAPI passes each dependency as an argument
    file: Annotated[ListFile, Depends(sent_list)],
    caller: Writer,
    session: Transaction,
    once: Once,
    wait: Wait,
    reader: TableReader,
    settings: Operators,
) -> Response:
    """Upload a list of objects: a library to choose from, a stock of building blocks, known or excluded ones.

    Structures are standardised. All other columns are kept. A list of more than some thousand rows is
    answered with 202 and read as a job.
    """
    owner = Owner(caller.workspace_id, caller.key_id)

    def take() -> Response:
        with table_errors_as_problems():
            if reader.count_list_rows(file.table) > settings.direct_rows:
                row = object_lists.enqueue_list(session, owner, file)
                return accepted(_waiting(row), f"/v1/collections/{row.id}")
            report = object_lists.read_list(reader, file)
        stored = object_lists.store_list(session, owner, file, report)
        return _full(session, stored, 201, {"Location": f"/v1/collections/{stored.id}"})

    answered = once(take)
    if answered.status_code != HTTPStatus.ACCEPTED:
        return answered
    return wait(answered, JobScope(KIND, caller.workspace_id), _ended)


@router.get("", responses={200: LINK, **guarded()})
def list_collections(caller: Reader, session: Transaction, query: PageQuery) -> Page[Collection]:
    """List the collections that may be used, newest first."""
    page = object_lists.page(session, caller.workspace_id, query.limit, query.cursor)
    return query.answer(paging.Page([_ready(row) for row in page.items], page.next_cursor), Collection)


@router.get("/{collection_id}", response_model=CollectionAnswer, responses={200: ETAG, **guarded(404)})
def get_collection(collection_id: CollectionId, scope: Read, session: Transaction) -> Response:
    """Return a collection with the report of its rows, or how far its reading is."""
    row = object_lists.find(session, scope.workspace_id, collection_id)
    return _full(session, row) if row else _unstored(_find_job(session, scope, collection_id))


@router.get(
    "/{collection_id}/rows", response_model=Page[CollectionRow], responses={**FILES, **guarded(404, 406, 409)}
)
def list_collection_rows(
    collection_id: CollectionId,
    scope: Read,
    session: Transaction,
    page: PageQuery,
    query: Annotated[FormatQuery, Depends()],
) -> Any:
    """List the rows of a collection page by page, or download all of them as CSV."""
    row = _stored(session, scope, collection_id)
    chosen = negotiate({"json": "application/json", "csv": "text/csv"}, query.name, query.accept)
    if chosen == "csv":
        name = f"{plain(row.name)}-{row.sha256[:8]}.csv"
        return attachment(object_lists.content_of(session, row), "text/csv; charset=utf-8", name)
    return page.answer(object_lists.rows_of(session, row, page.limit, page.cursor), CollectionRow)


@router.get("/{collection_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_collection(collection_id: CollectionId, scope: Read, follow: Follow) -> Response:
    """Follow the reading of a long list as server-sent events; resume after a break with `Last-Event-ID`."""
    return follow(scope, collection_id)


@router.post(
    "/{collection_id}/cancel",
    status_code=202,
    response_model=Collection,
    responses={**ACCEPTED, **guarded(404, 409)},
)
def cancel_collection(
    collection_id: CollectionId, scope: Write, session: Transaction, once: Once
) -> Response:
    """Stop the reading of a long list, of which nothing is stored then."""

    def cancel() -> Response:
        row = jobs.cancel(session, scope, collection_id)
        return accepted(_waiting(row), f"/v1/collections/{row.id}")

    return once(cancel)


@router.delete("/{collection_id}", status_code=204, responses={**DELETED, **guarded(404, 409, 412, 428)})
def delete_collection(
    collection_id: CollectionId, scope: Write, session: Transaction, if_match: IfMatch = None
) -> None:
    """Delete a collection that no campaign names, with its content."""
    row = _stored(session, scope, collection_id)
    require_match(if_match, etag(row.sha256))
    object_lists.delete(session, row)


def _stored(session: Session, scope: JobScope, collection_id: UUID) -> tables.Collection:
    """Return a collection that is read.

    Raises:
        ConflictError: if it is not.
        NotFoundError: if there is none.
    """
    row = object_lists.find(session, scope.workspace_id, collection_id)
    if row is None:
        state = _find_job(session, scope, collection_id).state
        raise ConflictError(f"the list was not stored: its reading is {state}")
    return row


def _find_job(session: Session, scope: JobScope, collection_id: UUID) -> tables.Job:
    try:
        return jobs.find(session, scope, collection_id)
    except NotFoundError as error:
        raise NotFoundError(f"no collection {collection_id}") from error


def _ready(row: tables.Collection) -> Collection:
    read = {"state": "succeeded", "progress": 1.0, "message": "done", "failure": None}
    alike = {name: getattr(row, name) for name in _ALIKE}
    return Collection.model_validate({**read, **alike, "rows": row.n_rows, "created_by": row.api_key_id})


_ALIKE = ("id", "name", "sha256", "columns", "filename", "media_type", "created_at")


def _waiting(row: tables.Job) -> Collection:
    """Return a list that is being read, or was not."""
    return Collection(
        sha256=None,
        rows=None,
        columns=None,
        created_by=row.context["api_key_id"],
        **{
            name: getattr(row, name)
            for name in ("id", "state", "progress", "message", "failure", "created_at")
        },
        **{name: row.request[name] for name in ("name", "filename", "media_type")},
    )


def _full(
    session: Session, row: tables.Collection, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    users = [{"id": each.id, "name": each.name} for each in object_lists.users_of(session, row)]
    view = CollectionAnswer.model_validate(
        _ready(row).model_dump() | {"report": row.report, "campaigns": users}
    )
    return answer(view, status, {"ETag": etag(row.sha256), **(headers or {})})


def _unstored(row: tables.Job) -> Response:
    report = (row.result or {}).get("report")
    view = CollectionAnswer.model_validate(_waiting(row).model_dump() | {"report": report, "campaigns": []})
    return answer(view, headers={"ETag": content_tag(view)})


def _ended(session: Session, row: tables.Job) -> Response:
    """Return what a caller who preferred to wait gets when the reading has ended."""
    stored = object_lists.find(session, row.workspace_id, row.id)
    return _full(session, stored) if stored else _unstored(row)
