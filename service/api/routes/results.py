"""Routes of results."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.body import RawBody
from service.api.conventions import PageQuery, answer
from service.api.dependencies import CampaignId, Operators, Reader, Sender, TableReader, Transaction
from service.api.documentation import LINK, Responses, body_of, guarded, header
from service.api.idempotency import Once
from service.api.jobs import Wait
from service.api.routes.uploads import QUEUED, queued, to_response
from service.api.upload_query import UploadOptions
from service.campaigns import ledger
from service.campaigns.jobs import JobScope
from service.campaigns.uploads import (
    UPLOADS,
    Owner,
    ResultsFile,
    enqueue_upload,
    import_results,
    table_errors_as_problems,
)
from service.exchange import media_types
from service.schemas.base import Page
from service.schemas.results import Result, UploadReport
from service.store.states import ResultStatus

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/results", tags=["results"])

_ROWS = {
    "type": "array",
    "items": {"type": "object"},
    "examples": [[{"smiles": "CCO", "type": "logS", "relation": "=", "value": 1.1}]],
}
BODY = body_of(media_types(), _ROWS, "rows with ChEMBL's column names, or one column per objective")
STORED: Responses = {
    200: {
        "description": "What became of every row",
        **header("Location", "where the file that was stored is kept; absent where nothing was stored"),
    }
}
StatusQuery = Annotated[
    ResultStatus | None, Query(description="only results that count, were corrected, or were withdrawn")
]


def sent_file(
    request: Request, content: RawBody, options: Annotated[UploadOptions, Depends()]
) -> ResultsFile:
    """Return the uploaded file with how it is to be taken."""
    media_type = request.headers.get("content-type", "")
    return ResultsFile(
        content=content,
        media_type=media_type,
        filename=options.filename,
        reading=options.reading_options(),
        reading_name=options.reading,
        mode=options.mode,
        dry_run=options.dry_run,
        again=options.again,
        on_conflict=options.on_conflict,
        reason=options.correction_reason(),
    )


@router.post(
    "",
    response_model=UploadReport,
    responses={**STORED, **QUEUED, **guarded(404, 409, 415)},
    openapi_extra=BODY,
)
def upload_results(  # noqa: PLR0913, PLR0917 - FastAPI passes each dependency as an argument
    campaign_id: CampaignId,
    file: Annotated[ResultsFile, Depends(sent_file)],
    caller: Sender,
    session: Transaction,
    once: Once,
    wait: Wait,
    reader: TableReader,
    settings: Operators,
) -> Response:
    """Upload measurements and failures; results for objects that were never proposed are welcome.

    A table of more than some thousand rows is answered with 202 and read as a job, whose `report` is the
    same. For an instrument or a script, a key with the scope `results` suffices.
    """
    owner = Owner(caller.workspace_id, caller.key_id)

    def take() -> Response:
        with table_errors_as_problems():
            is_long = reader.count_rows(file.table) > settings.direct_rows
        if is_long:
            return queued(enqueue_upload(session, owner, campaign_id, file))
        report = import_results(session, owner, campaign_id, file, reader)
        address = f"/v1/campaigns/{campaign_id}/uploads/{report.upload_id}/file"
        return answer(
            UploadReport(**report.as_json()), headers={"Location": address} if report.upload_id else {}
        )

    answered = once(take)
    if answered.status_code != HTTPStatus.ACCEPTED:
        return answered
    return wait(answered, JobScope(UPLOADS, caller.workspace_id, campaign_id), to_response)


@router.get("", responses={200: LINK, **guarded(404)})
def list_results(
    campaign_id: CampaignId,
    caller: Reader,
    session: Transaction,
    query: PageQuery,
    status: StatusQuery = None,
) -> Page[Result]:
    """List what was measured, verbatim and standardised, in the order in which it was stored.

    What was corrected or withdrawn stays in the list; `status=current` leaves it out.
    """
    page = (query.limit, query.cursor)
    return query.answer(ledger.list_results(session, caller.workspace_id, campaign_id, page, status), Result)
