"""Say that rows of a file were rejected: one event for each upload, in the transaction that decided it."""

from uuid import UUID

from sqlalchemy.orm import Session

from service.campaigns.jobs import ClaimedJob
from service.outbox.events import Data, emit
from service.store import campaigns


def report_rejected(
    session: Session, workspace_id: UUID, campaign_id: UUID, upload_id: UUID | None, n_rejected: int
) -> None:
    """Say how many rows were rejected; `upload_id` is None where nothing of the file is kept."""
    _emit_rejected(session, workspace_id, campaign_id, (upload_id, "files"), n_rejected)


def report_refused(session: Session, job: ClaimedJob, n_rejected: int) -> None:
    """Say that a queued upload was refused as a whole; a dry run says nothing."""
    assert job.campaign_id is not None
    if not job.request.get("dry_run"):
        workspace_id = campaigns.get(session, job.campaign_id).workspace_id
        _emit_rejected(session, workspace_id, job.campaign_id, (job.id, str(job.id)), n_rejected)


def _emit_rejected(
    session: Session, workspace_id: UUID, campaign_id: UUID, upload: tuple[UUID | None, str], n_rejected: int
) -> None:
    upload_id, place = upload
    rejected: Data = {
        "campaign_id": campaign_id,
        "upload_id": upload_id,
        "n_rejected": n_rejected,
        "href": f"/v1/campaigns/{campaign_id}/uploads/{place}",
    }
    emit(session, workspace_id, "results.rejected", rejected)
