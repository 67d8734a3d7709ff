"""Routes of predictions: what a campaign believes of the user's own objects."""

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from models.domains import open_domain
from models.records import JudgedObject, Nearest, Prediction
from models.request_specs import MOST_PREDICTIONS
from service.api.batches import AskedFormat, attachment, plain
from service.api.body import AskedSheet, RawBody, parse_body
from service.api.conventions import AskedPage, answer, content_tag, negotiate
from service.api.dependencies import Transaction
from service.api.documentation import LINK, body_of, guarded
from service.api.idempotency import Once
from service.api.jobs import ACCEPTED, EVENTS, TABLE, Follow, Wait, accepted, readers, result_of, writers
from service.api.uploads import Mode, readable, refusal
from service.campaigns import instruments, jobs
from service.campaigns.instruments import PREDICTIONS
from service.campaigns.jobs import Shelf
from service.errors import UnprocessableError
from service.exchange import Report, media_types, prediction_formats, read_objects, write_predictions
from service.schemas.base import Page
from service.schemas.jobs import Predicting, PredictingAnswer
from service.store.tables import Job, Json

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/predictions", tags=["predictions"])

Read = Annotated[Shelf, Depends(readers(PREDICTIONS))]
Write = Annotated[Shelf, Depends(writers(PREDICTIONS))]
_OBJECTS = {
    "type": "object",
    "properties": {"objects": {"type": "array", "items": {"type": "object"}, "minItems": 1}},
    "required": ["objects"],
    "additionalProperties": False,
    "examples": [{"objects": [{"smiles": "CCO"}, {"smiles": "c1ccccc1O"}]}],
}
BODY = body_of(
    media_types(), _OBJECTS, f"at most {MOST_PREDICTIONS} objects, in columns as an upload of results names them"
)


@dataclass(frozen=True, slots=True)
class PredictionOptions:
    """How a table of objects is to be taken."""

    mode: Annotated[Mode, Query(description="partial: predict the good rows; atomic: all rows or none")] = "partial"
    filename: Annotated[str | None, Query(max_length=255, description="the file's name, for the record")] = None
    sheet: AskedSheet = None


@dataclass(frozen=True, slots=True)
class ObjectsFile:
    """What was sent, and how it is to be taken."""

    content: bytes
    media_type: str
    options: PredictionOptions


def sent_objects(request: Request, content: RawBody, options: Annotated[PredictionOptions, Depends()]) -> ObjectsFile:
    """Return the uploaded table with how it is to be taken."""
    return ObjectsFile(content, request.headers.get("content-type", ""), options)


@router.post(
    "",
    status_code=202,
    response_model=PredictingAnswer,
    responses={**ACCEPTED, **guarded(404, 409, 415)},
    openapi_extra=BODY,
)
def ask_predictions(
    file: Annotated[ObjectsFile, Depends(sent_objects)], shelf: Write, session: Transaction, once: Once, wait: Wait
) -> Response:
    """Predict objects of your own; bad rows are reported and, unless `mode=atomic`, the good ones predicted."""
    return wait(once(lambda: _accepted(_ask(session, shelf, file), session)), shelf, told)


@router.get("", responses={200: LINK, **guarded(404)})
def list_predictions(shelf: Read, session: Transaction, asked: AskedPage) -> Page[Predicting]:
    """List what predictions were asked for, newest first."""
    return asked.answer(instruments.page(session, shelf, asked.limit, asked.cursor), Predicting)


@router.get("/{job_id}", response_model=PredictingAnswer, responses={**TABLE, **guarded(404, 406, 409)})
def get_predictions(
    job_id: UUID, shelf: Read, session: Transaction, asked: Annotated[AskedFormat, Depends()]
) -> Response:
    """Return predictions as JSON or as a table, one row per object."""
    row = jobs.find(session, shelf, job_id)
    chosen = negotiate({"json": "application/json", **prediction_formats()}, asked.name, asked.accept)
    if chosen == "json":
        view = told(session, row)
        return answer(view, headers={"ETag": content_tag(view)})
    spec = instruments.spec_of(session, shelf)
    rows = [(item["row"], _judged(item)) for item in result_of(row)["rows"]]
    file = write_predictions(rows, spec, open_domain(spec.domain), chosen)
    return attachment(file.content, file.media_type, f"{plain(spec.name)}-predictions-{row.id}.{file.extension}")


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_predictions(job_id: UUID, shelf: Read, follow: Follow) -> Response:
    """Follow predictions as server-sent events; resume after a break with `Last-Event-ID`."""
    return follow(shelf, job_id)


@router.post(
    "/{job_id}/cancel", status_code=202, response_model=PredictingAnswer, responses={**ACCEPTED, **guarded(404, 409)}
)
def cancel_predictions(job_id: UUID, shelf: Write, session: Transaction, once: Once) -> Response:
    """Stop predicting: at once while it is queued, within seconds while a worker has it."""
    return once(lambda: _accepted(jobs.cancel(session, shelf, job_id), session))


def told(session: Session, row: Job) -> PredictingAnswer:
    """Return predictions with what became of every row of their table."""
    report = instruments.load_objects(session, row.id)
    rows = row.result["rows"] if row.result else None
    return PredictingAnswer.model_validate(
        Predicting.model_validate(row).model_dump() | {"report": report, "rows": rows}
    )


def _ask(session: Session, shelf: Shelf, file: ObjectsFile) -> Job:
    spec = instruments.spec_of(session, shelf)
    with readable():
        report = read_objects(_table(file), file.media_type, open_domain(spec.domain), file.options.sheet)
    _check_rows(report, file.options.mode)
    request: Json = {
        "filename": file.options.filename,
        "sheet": file.options.sheet,
        "media_type": file.media_type,
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "accepted": len(report.accepted),
        "rejected": report.count("rejected"),
    }
    table = (json.dumps(report.as_json()).encode(), "application/json")
    return instruments.ask_predictions(session, shelf, request, table)


def _table(file: ObjectsFile) -> bytes:
    """Return the table in the body: in JSON it is the member `objects`."""
    if file.media_type.partition(";")[0].strip().lower() != "application/json":
        return file.content
    body = parse_body(file.content)
    if not isinstance(body, dict) or not isinstance(body.get("objects"), list):
        place = {"pointer": "/objects", "detail": "send an array of objects, each with its columns"}
        raise UnprocessableError(f"/objects: {place['detail']}", [place])
    if unknown := [name for name in body if name != "objects"]:
        raise UnprocessableError("unknown members", [{"pointer": f"/{name}", "detail": "unknown"} for name in unknown])
    return json.dumps(body["objects"]).encode()


def _check_rows(report: Report, mode: Mode) -> None:
    if len(report.accepted) > MOST_PREDICTIONS:
        detail = f"{len(report.accepted)} objects; at most {MOST_PREDICTIONS} are predicted at once"
        raise UnprocessableError(detail, [{"pointer": "/objects", "detail": detail}])
    if report.count("rejected") and (mode == "atomic" or not report.accepted):
        raise refusal(report, "predicted")
    if not report.accepted:
        raise UnprocessableError("no row describes an object", [{"pointer": "/objects", "detail": "no object"}])


def _judged(item: Json) -> JudgedObject:
    fields = {name: value for name, value in item.items() if name not in ("row", "display")}
    nearest = fields.pop("nearest_measured")
    predictions = {name: Prediction(**values) for name, values in fields.pop("predictions").items()}
    return JudgedObject(predictions=predictions, nearest_measured=Nearest(**nearest) if nearest else None, **fields)


def _accepted(row: Job, session: Session) -> Response:
    return accepted(told(session, row), f"/v1/campaigns/{row.campaign_id}/predictions/{row.id}")
