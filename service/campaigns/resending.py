"""What is sent again: the same bytes, the same rows, and rows that correct what is stored under their external id."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from service.campaigns import queries
from service.campaigns.results import ids_and_standard
from service.errors import ConflictError
from service.exchange import ParsedRow, Report
from service.store import results, uploads
from service.store.tables import Upload


def check_bytes(session: Session, campaign_id: UUID, digest: str, sheet: str | None) -> None:
    """Check that storing these bytes would count nothing twice.

    Results with an external id are told from others by it; those without would be further readings.

    Raises:
        ConflictError: naming the earlier upload.
    """
    earlier = uploads.with_same_bytes(session, campaign_id, digest, sheet)
    if earlier is not None and results.any_without_external_id(session, earlier.id):
        detail = f"{_told(earlier)}; ?again=true takes only what is new, and a withdrawal of it makes room for all"
        raise ConflictError(detail, [{"pointer": "/again", "in": "query", "detail": f"upload {earlier.id}"}])


def with_earlier_upload(session: Session, campaign_id: UUID, digest: str, sheet: str | None, report: Report) -> Report:
    """Tell of an upload of the same bytes."""
    earlier = uploads.with_same_bytes(session, campaign_id, digest, sheet)
    return report if earlier is None else replace(report, warnings=(*report.warnings, _told(earlier)))


def without_stored(session: Session, campaign_id: UUID, report: Report) -> Report:
    """Return the report with rows as duplicates that are stored already, under any external id or none."""
    given = [row for row in report.accepted if row.result is not None and not row.corrects]
    stored = queries.are_stored(session, campaign_id, [row.result for row in given if row.result is not None])
    repeated = {id(row) for row, is_stored in zip(given, stored, strict=True) if is_stored}
    reason = "is stored already, and only what is new is taken"
    rows = (
        replace(row, status="duplicate", reason=reason, warnings=(), result=None) if id(row) in repeated else row
        for row in report.rows
    )
    return replace(report, rows=tuple(rows))


def with_corrections(session: Session, campaign_id: UUID, report: Report) -> Report:
    """Compare rows with what is stored under their external ids: the same is a duplicate, other content corrects it."""
    names = {row.result.external_id for row in report.accepted if row.result and row.result.external_id}
    stored = ids_and_standard(session, campaign_id, names)
    rows_by_id = results.by_id(session, campaign_id, {key for key, _ in stored.values()})

    def compared(row: ParsedRow) -> ParsedRow:
        result = row.result
        if result is None or result.external_id is None or (result.type, result.external_id) not in stored:
            return row
        result_id, before = stored[result.type, result.external_id]
        if before.is_same_measurement(result):
            reason = f"external_id {result.external_id} repeats a stored result with the same content"
            return replace(row, status="duplicate", reason=reason, column="external_id", warnings=(), result=None)
        warning = f"corrects the stored {before.describe()} by {result.describe()}"
        kept = rows_by_id[result_id].candidate_id if before.object == result.object else None
        candidate_id = row.candidate_id or (str(kept) if kept else None)
        return replace(row, corrects=str(result_id), candidate_id=candidate_id, warnings=(*row.warnings, warning))

    return replace(report, rows=tuple(compared(row) if row.status == "accepted" else row for row in report.rows))


def _told(earlier: Upload) -> str:
    name = f" ({earlier.filename})" if earlier.filename else ""
    return f"the same bytes were sent before as upload {earlier.id}{name} at {earlier.created_at:%Y-%m-%d %H:%M} UTC"
