"""What became of results, and the files they came in, as users ask to see it. Reads only; all within a workspace."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from service.campaigns.queries import check_campaign, own_ids
from service.campaigns.queries import list_results as list_stored
from service.errors import NotFoundError
from service.store import amendments, blobs, results, uploads
from service.store.paging import Page
from service.store.states import ResultStatus
from service.store.tables import Amendment, Result

_STATUS: dict[str, ResultStatus] = {"correction": "corrected", "withdrawal": "withdrawn"}


def list_results(
    session: Session,
    workspace_id: UUID,
    campaign_id: UUID,
    page: tuple[int, str | None],
    status: ResultStatus | None = None,
) -> Page[dict[str, Any]]:
    """Return one page, by limit and cursor, of what is told of results, in the order in which they were stored.

    Raises:
        NotFoundError: if the workspace has no such campaign.
    """
    found = list_stored(session, workspace_id, campaign_id, *page, status)
    return Page(_with_status(session, found.items), found.next_cursor)


def get_result(session: Session, workspace_id: UUID, campaign_id: UUID, result_id: UUID) -> dict[str, Any]:
    """Return what is told of a result, with the `history` of its chain of corrections.

    Raises:
        NotFoundError: if the workspace has no such campaign, or the campaign no such result.
    """
    check_campaign(session, workspace_id, campaign_id)
    row = results.by_id(session, campaign_id, [result_id]).get(result_id)
    if row is None:
        raise NotFoundError(f"no result {result_id}")
    (told,) = _with_status(session, [row])
    return {**told, "history": amendments.chain_of(session, result_id)}


def list_uploads(
    session: Session, workspace_id: UUID, campaign_id: UUID, limit: int, cursor: str | None
) -> Page[RowMapping]:
    """Return one page of what is told of files, newest first.

    Raises:
        NotFoundError: if the workspace has no such campaign.
    """
    check_campaign(session, workspace_id, campaign_id)
    return uploads.page(session, campaign_id, limit, cursor)


def sent_file(session: Session, workspace_id: UUID, campaign_id: UUID, upload_id: UUID) -> tuple[bytes, RowMapping]:
    """Return a file byte for byte, and what is told of it.

    Raises:
        NotFoundError: if there is no such upload, or an earlier version did not keep its file.
        DamagedError: if the stored bytes are not those that were sent.
    """
    check_campaign(session, workspace_id, campaign_id)
    row = uploads.described(session, campaign_id, upload_id)
    if row is None:
        raise NotFoundError(f"no upload {upload_id}")
    if row["bytes"] is None:
        raise NotFoundError(f"the file of upload {upload_id} was not kept: it was sent to an earlier version")
    return blobs.load(session, row["sha256"]), row


def _with_status(session: Session, rows: Sequence[Result]) -> list[dict[str, Any]]:
    if not rows:
        return []
    ends, made = amendments.about(session, [row.id for row in rows])
    known = own_ids(session, rows[0].campaign_id, [row.object for row in rows])
    return [
        {
            **_told(row, ends.get(row.id), made.get(row.id)),
            "compound_id": row.verbatim.get("compound_id") or known.get(row.object),
        }
        for row in rows
    ]


def _told(row: Result, end: Amendment | None, made: Amendment | None) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in Result.__table__.c.keys()},  # noqa: SIM118 - of a collection of columns
        "status": _STATUS[end.kind] if end else "current",
        "supersedes": made.result_id if made else None,
        "superseded_by": end.replacement_id if end else None,
        "status_reason": end.reason if end else None,
        "status_by": end.api_key_id if end else None,
        "status_at": end.created_at if end else None,
    }
