"""Routes of predictions: what a campaign believes of the user's own objects."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from models.campaign.requests import MOST_PREDICTIONS
from models.domains import open_domain
from models.records import MatchedMeasured, NearestMeasured, ObjectPrediction, Prediction
from service.api.body import RawBody, SheetQuery
from service.api.conventions import PageQuery, answer, content_tag, negotiate
from service.api.dependencies import JobId, Operators, TableReader, Transaction
from service.api.documentation import LINK, body_of, guarded
from service.api.idempotency import Once
from service.api.jobs import ACCEPTED, EVENTS, TABLE, Follow, Wait, accepted, readers, result_of, writers
from service.api.routes.batches import FormatQuery, attachment
from service.campaigns import inference, jobs, queries
from service.campaigns.batch_files import plain
from service.campaigns.inference import PREDICTIONS
from service.campaigns.jobs import JobScope
from service.campaigns.objects import MEMBER, objects_of
from service.campaigns.reading import Reader, SentTable
from service.campaigns.uploads import Mode, table_errors_as_problems
from service.exchange import media_types, prediction_formats, write_predictions
from service.schemas.base import Page
from service.schemas.jobs import Predicting, PredictingAnswer
from service.store.tables import Job, Json

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/predictions", tags=["predictions"])

Read = Annotated[JobScope, Depends(readers(PREDICTIONS))]
Write = Annotated[JobScope, Depends(writers(PREDICTIONS))]
_OBJECTS = {
    "type": "object",
    "properties": {"objects": {"type": "array", "items": {"type": "object"}, "minItems": 1}},
    "required": ["objects"],
    "additionalProperties": False,
    "examples": [{"objects": [{"smiles": "CCO"}, {"smiles": "c1ccccc1O"}]}],
}
BODY = body_of(
    media_types(),
    _OBJECTS,
    f"at most {MOST_PREDICTIONS} objects, in columns as an upload of results names them",
)


@dataclass(frozen=True, slots=True)
class PredictionOptions:
    """How a table of objects is to be taken."""

    mode: Annotated[Mode, Query(description="partial: predict the good rows; atomic: all rows or none")] = (
        "partial"
    )
    filename: Annotated[str | None, Query(max_length=255, description="the file's name, for the record")] = (
        None
    )
    sheet: SheetQuery = None


@dataclass(frozen=True, slots=True)
class ObjectsFile:
    """What was sent, and how it is to be taken."""

    content: bytes
    media_type: str
    options: PredictionOptions

    @property
    def table(self) -> SentTable:
        """The file as it is read."""
        return SentTable(self.content, self.media_type, self.options.sheet, MEMBER)


def sent_objects(
    request: Request, content: RawBody, options: Annotated[PredictionOptions, Depends()]
) -> ObjectsFile:
    """Return the uploaded table with how it is to be taken."""
    return ObjectsFile(content, request.headers.get("content-type", ""), options)


@router.post(
    "",
    status_code=202,
    response_model=PredictingAnswer,
    responses={**ACCEPTED, **guarded(404, 409, 415)},
    openapi_extra=BODY,
)
def create_predictions(  # noqa: PLR0913, PLR0917 - FastAPI passes each dependency as an argument
    file: Annotated[ObjectsFile, Depends(sent_objects)],
    scope: Write,
    session: Transaction,
    once: Once,
    wait: Wait,
    reader: TableReader,
    settings: Operators,
) -> Response:
    """Predict objects of your own; bad rows are reported and, unless `mode=atomic`, the good ones predicted.

    A table of more than some thousand rows is read by the worker too, so that its `report` comes with the
    answer.
    """
    response = once(lambda: _accepted(_enqueue(session, scope, file, reader, settings.direct_rows), session))
    return wait(response, scope, to_response)


@router.get("", responses={200: LINK, **guarded(404)})
def list_predictions(scope: Read, session: Transaction, query: PageQuery) -> Page[Predicting]:
    """List what predictions were asked for, newest first."""
    return query.answer(inference.page(session, scope, query.limit, query.cursor), Predicting)


@router.get("/{job_id}", response_model=PredictingAnswer, responses={**TABLE, **guarded(404, 406, 409)})
def get_predictions(
    job_id: JobId, scope: Read, session: Transaction, query: Annotated[FormatQuery, Depends()]
) -> Response:
    """Return predictions as JSON or as a table, one row per object."""
    row = jobs.find(session, scope, job_id)
    chosen = negotiate({"json": "application/json", **prediction_formats()}, query.name, query.accept)
    if chosen == "json":
        view = to_response(session, row)
        return answer(view, headers={"ETag": content_tag(view)})
    spec = inference.spec_of(session, scope)
    rows = [(item["row"], _judged(item)) for item in result_of(row)["rows"]]
    own_ids = _own_ids(session, row, [item.object for _, item in rows])
    file = write_predictions(rows, spec, open_domain(spec.domain), chosen, own_ids)
    return attachment(
        file.content, file.media_type, f"{plain(spec.name)}-predictions-{row.id}.{file.extension}"
    )


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_predictions(job_id: JobId, scope: Read, follow: Follow) -> Response:
    """Follow predictions as server-sent events; resume after a break with `Last-Event-ID`."""
    return follow(scope, job_id)


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    response_model=PredictingAnswer,
    responses={**ACCEPTED, **guarded(404, 409)},
)
def cancel_predictions(job_id: JobId, scope: Write, session: Transaction, once: Once) -> Response:
    """Stop predicting: at once while it is queued, within seconds while a worker has it."""
    return once(lambda: _accepted(jobs.cancel(session, scope, job_id), session))


def to_response(session: Session, row: Job) -> PredictingAnswer:
    """Return predictions with what became of every row of their table."""
    result = row.result or {}
    report = result.get("report") if inference.is_unread(row) else inference.load_objects(session, row.id)
    rows = result.get("rows")
    if rows:
        own_ids = _own_ids(session, row, [item["object"] for item in rows])
        rows = [{**item, "compound_id": own_ids.get(item["object"])} for item in rows]
    view = Predicting.model_validate(row).model_dump() | {"report": report, "rows": rows}
    return PredictingAnswer.model_validate(view)


def _own_ids(session: Session, row: Job, objects: Collection[str]) -> Mapping[str, str]:
    assert row.campaign_id is not None
    return queries.own_ids(session, row.campaign_id, objects)


def _enqueue(session: Session, scope: JobScope, file: ObjectsFile, reader: Reader, direct_rows: int) -> Job:
    spec = inference.spec_of(session, scope)
    request: Json = {
        "filename": file.options.filename,
        "sheet": file.options.sheet,
        "media_type": file.media_type,
        "sha256": hashlib.sha256(file.content).hexdigest(),
    }
    with table_errors_as_problems():
        is_long = reader.count_rows(file.table) > direct_rows
        if is_long:
            reader.look_at_objects(spec, file.table, MOST_PREDICTIONS)
    if is_long:
        how: Json = {"accepted": None, "rejected": None}
        table = (file.content, file.media_type)
        return inference.enqueue_predictions(
            session, scope, request | how, table, unread_mode=file.options.mode
        )
    report = objects_of(reader, spec, file.table, file.options.mode)
    how = {"accepted": len(report.accepted), "rejected": report.count("rejected")}
    table = (json.dumps(report.as_json()).encode(), "application/json")
    return inference.enqueue_predictions(session, scope, request | how, table)


def _judged(item: Json) -> ObjectPrediction:
    fields = {name: value for name, value in item.items() if name not in ("row", "display")}
    nearest, matched = fields.pop("nearest_measured"), fields.pop("matched_pair", None)
    predictions = {name: Prediction(**values) for name, values in fields.pop("predictions").items()}
    return ObjectPrediction(
        predictions=predictions,
        nearest_measured=NearestMeasured(**nearest) if nearest else None,
        matched_pair=MatchedMeasured(**matched) if matched else None,
        alerts=tuple(fields.pop("alerts", ())),
        **fields,
    )


def _accepted(row: Job, session: Session) -> Response:
    return accepted(to_response(session, row), f"/v1/campaigns/{row.campaign_id}/predictions/{row.id}")
