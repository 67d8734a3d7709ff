"""Routes of backtests: a campaign replayed on a measured table."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from models.campaign.requests import BacktestRequest
from models.campaign.spec import CampaignSpec
from service.api.body import RawBody, media_type_of
from service.api.conventions import PageQuery, answer, content_tag, negotiate
from service.api.dependencies import Checkers, JobId, Operators, TableReader, Transaction
from service.api.documentation import LINK, guarded
from service.api.idempotency import Once
from service.api.jobs import (
    ACCEPTED,
    EVENTS,
    FILE,
    Follow,
    Wait,
    accepted,
    result_of,
    workspace_readers,
    workspace_writers,
)
from service.api.routes.batches import FormatQuery
from service.campaigns import backtests, jobs
from service.campaigns.backtests import BACKTESTS, UNREAD, Measured
from service.campaigns.checking import InvalidDocumentError, check_backtest
from service.campaigns.jobs import JobScope
from service.campaigns.list_contents import check_references
from service.campaigns.patching import field_errors
from service.campaigns.reading import SentTable, wrong
from service.campaigns.uploads import table_errors_as_problems
from service.errors import TooLargeError, UnprocessableError, UnsupportedMediaTypeError
from service.exchange import media_type_named, media_types
from service.outbound.scorers import check_scorers
from service.schemas.backtests import Backtest, BacktestAnswer, BacktestSummary
from service.schemas.base import Page
from service.store.tables import Job, Json
from service.strict_json import MAX_MODEL_BYTES, parse_body

router = APIRouter(prefix="/v1/backtests", tags=["backtests"])

_FORM = "multipart/form-data"
_NUMBERS = ("rounds", "batch_size", "initial", "seeds")
_PLAN = {
    name: schema
    for name, schema in BacktestRequest.model_json_schema()["properties"].items()
    if name != "spec"
} | {"spec": {"$ref": "#/components/schemas/CampaignSpec"}}
_TABLE = {
    "description": "an array of rows as an upload of results takes them, or CSV text",
    "oneOf": [{"type": "array", "items": {"type": "object"}}, {"type": "string"}],
}
_BODY = {
    "type": "object",
    "properties": {**_PLAN, "table": _TABLE},
    "required": ["spec", "table"],
    "additionalProperties": False,
}
_PARTS = {
    "type": "object",
    "properties": {
        "spec": {"type": "string", "contentMediaType": "application/json"},
        "table": {"type": "string", "format": "binary", "description": "a file with its media type"},
        **{name: {"type": "integer"} for name in _NUMBERS},
        "methods": {"type": "string", "description": "separated by commas"},
        "sheet": {"type": "string", "description": _PLAN["sheet"]["description"]},
    },
    "required": ["spec", "table"],
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "a campaign, a measured table, and what is replayed",
        "content": {"application/json": {"schema": _BODY}, _FORM: {"schema": _PARTS}},
    }
}


@dataclass(frozen=True, slots=True)
class SentBacktest:
    """What was sent: a plan to be checked, and a table with its media type; or JSON that holds both."""

    plan: Json
    table: tuple[bytes, str]
    is_json: bool = False


async def sent_backtest(request: Request, content: RawBody) -> SentBacktest:
    """Return what the body holds, whichever of the two ways it was sent.

    Raises:
        UnsupportedMediaTypeError: if it is neither JSON nor a form.
        UnprocessableError: if it cannot be read, or has no table.
    """
    media_type = media_type_of(request)
    if media_type == "application/json":
        return SentBacktest({}, (content, media_type), is_json=True)
    if media_type == _FORM:
        try:
            async with request.form(max_files=2, max_fields=20) as form:
                return await _from_form(form)
        except HTTPException as error:
            raise wrong("", f"not a form: {error.detail}") from error
    raise UnsupportedMediaTypeError(
        f"application/json or {_FORM} is read here, not {media_type or 'an untyped body'}"
    )


@dataclass(frozen=True, slots=True)
class Checks:
    """What checks a request."""

    children: Checkers
    reader: TableReader
    settings: Operators

    def measure(self, content: bytes, media_type: str, spec: CampaignSpec, sheet: str | None) -> Measured:
        """Read a measured table in a child."""
        return backtests.measured(self.reader.measurements(spec, SentTable(content, media_type, sheet)))


Read = Annotated[JobScope, Depends(workspace_readers(BACKTESTS))]
Write = Annotated[JobScope, Depends(workspace_writers(BACKTESTS))]


@router.post(
    "",
    status_code=202,
    response_model=BacktestAnswer,
    responses={**ACCEPTED, **guarded(404, 409, 415)},
    openapi_extra=BODY,
)
def create_backtest(
    sent: Annotated[SentBacktest, Depends(sent_backtest)],
    scope: Write,
    session: Transaction,
    once: Once,
    wait: Wait,
    checks: Annotated[Checks, Depends()],
) -> Response:
    """Replay a campaign on a measured table against baselines; everything is checked before it is queued.

    The worker reads a table of more than some thousand rows, so that its `objects` and `report` come with the
    answer.
    """
    return wait(once(lambda: _accepted(_enqueue(session, scope, sent, checks), session)), scope, to_response)


@router.get("", responses={200: LINK, **guarded()})
def list_backtests(scope: Read, session: Transaction, query: PageQuery) -> Page[BacktestSummary]:
    """List the workspace's backtests, newest first."""
    return query.answer(jobs.page(session, scope, query.limit, query.cursor), BacktestSummary)


@router.get("/{job_id}", response_model=BacktestAnswer, responses={**FILE, **guarded(404, 406, 409)})
def get_backtest(
    job_id: JobId, scope: Read, session: Transaction, query: Annotated[FormatQuery, Depends()]
) -> Response:
    """Return a backtest with its figures, or the picture of its curves."""
    row = jobs.find(session, scope, job_id)
    chosen = negotiate({"json": "application/json", "svg": "image/svg+xml"}, query.name, query.accept)
    if chosen == "svg":
        return Response(result_of(row)["picture"], media_type="image/svg+xml")
    view = to_response(session, row)
    return answer(view, headers={"ETag": content_tag(view)})


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_backtest(job_id: JobId, scope: Read, follow: Follow) -> Response:
    """Follow a backtest as server-sent events; resume after a break with `Last-Event-ID`."""
    return follow(scope, job_id)


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    response_model=BacktestAnswer,
    responses={**ACCEPTED, **guarded(404, 409)},
)
def cancel_backtest(job_id: JobId, scope: Write, session: Transaction, once: Once) -> Response:
    """Stop a backtest: at once while it is queued, within seconds while a worker has it."""
    return once(lambda: _accepted(jobs.cancel(session, scope, job_id), session))


def to_response(_session: Session, row: Job) -> BacktestAnswer:
    """Return a backtest with its answer."""
    result = row.result or {}
    known = {name: result.get(name, row.context[name]) for name in UNREAD}
    view = Backtest.model_validate(row).model_dump() | known | {"result": result.get("answer")}
    return BacktestAnswer.model_validate(view)


def _enqueue(session: Session, scope: JobScope, sent: SentBacktest, checks: Checks) -> Job:
    plan, table = checks.reader.split_body(sent.table[0]) if sent.is_json else (sent.plan, sent.table)
    try:
        request = check_backtest(checks.children, plan)
    except InvalidDocumentError as error:
        errors = field_errors(error, plan)
        raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors) from error
    check_scorers(request.spec.scorers, checks.settings, "/spec")
    check_references(session, scope.workspace_id, request.spec, "/spec")
    with table_errors_as_problems(sheet_in="body"):
        if checks.reader.count_rows(SentTable(*table, request.sheet)) <= checks.settings.direct_rows:
            return backtests.enqueue_checked_backtest(session, scope, request, table, checks.measure)
    backtests.check_methods(request)
    return backtests.enqueue_backtest(session, scope, request, table)


async def _from_form(form: FormData) -> SentBacktest:
    table, parts = form.get("table"), {name: part for name, part in form.items() if name != "table"}
    if not isinstance(table, UploadFile):
        raise wrong("/table", "send a file")
    plan: Json = {}
    for name, part in parts.items():
        text = (await part.read()).decode("utf-8", "replace") if isinstance(part, UploadFile) else part
        plan[name] = _read_part(name, text)
    media_type = (table.content_type or "").partition(";")[0].strip().lower()
    # Browsers send CSV as what opens it, and command lines what they do not know as octets: the name says
    # more.
    named = media_type_named(table.filename or "") or "text/csv"
    known = table.content_type if media_type in media_types() else named
    return SentBacktest(plan, (await table.read(), known or named))


def _read_part(name: str, text: str) -> Any:
    if name == "spec":
        if len(text) > MAX_MODEL_BYTES:
            raise TooLargeError(f"at most {MAX_MODEL_BYTES} bytes of JSON are read as spec")
        return parse_body(text.encode(), "/spec")
    if name == "methods":
        return [word.strip() for word in text.split(",") if word.strip()]
    return text


def _accepted(row: Job, session: Session) -> Response:
    return accepted(to_response(session, row), f"/v1/backtests/{row.id}")
