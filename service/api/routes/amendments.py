"""Routes of corrections and withdrawals, and of files as they were sent."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from service.api.body import RawBody, StrictRoute
from service.api.conventions import PageQuery, answer, etag
from service.api.dependencies import CampaignId, Reader, TableReader, Transaction, Writer
from service.api.documentation import LINK, Responses, files, guarded, header
from service.api.idempotency import Once
from service.api.routes.batches import attachment
from service.campaigns import amending, ledger
from service.campaigns.amending import SentCorrection
from service.campaigns.batch_files import plain
from service.campaigns.uploads import Owner
from service.exchange import media_types
from service.schemas.base import Page
from service.schemas.ledger import Correction, ResultHistory, SentFile, Withdrawal, WithdrawnUpload

router = APIRouter(prefix="/v1/campaigns/{campaign_id}", tags=["results"], route_class=StrictRoute)

ResultId = Annotated[
    UUID, Path(description="the result's id", examples=["0a7c6f0e-51d3-4f3e-8f61-2f6a5c9c7b10"])
]
UploadId = Annotated[
    UUID,
    Path(
        description="the upload's id, which its report names: of a long table the job's",
        examples=["7d2b9c44-9a0e-4a8e-b1c5-3c1f0f6e8d27"],
    ),
]
CORRECTED: Responses = {
    201: {"description": "The result in the place of the other", **header("Location", "its address")}
}
FILE: Responses = {
    200: {
        "description": "The file byte for byte",
        "content": {**files(media_types()), "application/octet-stream": {}},
        "headers": {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in (("Content-Disposition", "its name"), ("ETag", "its SHA-256"))
        },
    }
}


@router.get("/results/{result_id}", responses=guarded(404))
def get_result(
    campaign_id: CampaignId, result_id: ResultId, caller: Reader, session: Transaction
) -> ResultHistory:
    """Return one result, with what was corrected or withdrawn in its place."""
    return ResultHistory.model_validate(
        ledger.get_result(session, caller.workspace_id, campaign_id, result_id)
    )


@router.post(
    "/results/{result_id}/correction",
    status_code=201,
    response_model=ResultHistory,
    responses={**CORRECTED, **guarded(404, 409, 415)},
)
def correct_result(  # noqa: PLR0913, PLR0917 - FastAPI passes each dependency as an argument
    campaign_id: CampaignId,
    result_id: ResultId,
    correction: Correction,
    content: RawBody,
    caller: Writer,
    session: Transaction,
    once: Once,
    reader: TableReader,
) -> Response:
    """Put another result in the place of one: rounds that start from now on read it instead.

    The earlier result stays stored, and rounds that read it go on reading it.
    """

    def corrected() -> Response:
        owner = Owner(caller.workspace_id, caller.key_id)
        sent = SentCorrection(correction.row, correction.reason, content)
        made = amending.correct_result(session, owner, campaign_id, result_id, sent, reader)
        view = ledger.get_result(session, caller.workspace_id, campaign_id, made)
        location = f"/v1/campaigns/{campaign_id}/results/{made}"
        return answer(ResultHistory.model_validate(view), 201, {"Location": location})

    return once(corrected)


@router.post(
    "/results/{result_id}/withdrawal",
    status_code=201,
    response_model=ResultHistory,
    responses=guarded(404, 409, 415),
)
def withdraw_result(
    campaign_id: CampaignId,
    result_id: ResultId,
    withdrawal: Withdrawal,
    caller: Writer,
    session: Transaction,
    once: Once,
) -> Response:
    """Let a result count no more: its candidate waits again when it has no other."""

    def withdrawn() -> Response:
        owner = Owner(caller.workspace_id, caller.key_id)
        amending.withdraw_result(session, owner, campaign_id, result_id, withdrawal.reason)
        view = ledger.get_result(session, caller.workspace_id, campaign_id, result_id)
        return answer(ResultHistory.model_validate(view), 201)

    return once(withdrawn)


@router.get("/uploads/files", responses={200: LINK, **guarded(404)})
def list_files(
    campaign_id: CampaignId, caller: Reader, session: Transaction, query: PageQuery
) -> Page[SentFile]:
    """List the files of results as they were sent, newest first, with what of them was amended since."""
    page = ledger.list_uploads(session, caller.workspace_id, campaign_id, query.limit, query.cursor)
    return query.answer(page, SentFile)


@router.get("/uploads/{upload_id}/file", response_class=Response, responses={**FILE, **guarded(404)})
def download_file(
    campaign_id: CampaignId, upload_id: UploadId, caller: Reader, session: Transaction
) -> Response:
    """Download a file of results byte for byte as it was sent."""
    content, row = ledger.sent_file(session, caller.workspace_id, campaign_id, upload_id)
    found = attachment(content, row["media_type"], _file_name(row["filename"], upload_id))
    found.headers["ETag"] = etag(row["sha256"])
    found.headers["X-Content-Type-Options"] = "nosniff"
    return found


@router.post(
    "/uploads/{upload_id}/withdrawal",
    status_code=201,
    response_model=WithdrawnUpload,
    responses=guarded(404, 409, 415),
)
def withdraw_upload(
    campaign_id: CampaignId,
    upload_id: UploadId,
    withdrawal: Withdrawal,
    caller: Writer,
    session: Transaction,
    once: Once,
) -> Response:
    """Let all results of an upload count no more; those that were corrected since stay corrected."""

    def withdrawn() -> Response:
        owner = Owner(caller.workspace_id, caller.key_id)
        n = amending.withdraw_upload(session, owner, campaign_id, upload_id, withdrawal.reason)
        return answer(WithdrawnUpload(upload_id=upload_id, withdrawn=n), 201)

    return once(withdrawn)


def _file_name(name: str | None, upload_id: UUID) -> str:
    """Return a name that is safe in a header, with the extension of the one that was sent."""
    stem, dot, extension = (name or "").rpartition(".")
    if not (dot and stem and extension.isascii() and extension.isalnum()):
        return plain(name) if name else f"upload-{upload_id}"
    return f"{plain(stem)}.{extension}"
