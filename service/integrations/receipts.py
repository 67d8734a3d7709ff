"""What came in from another system becomes results: kept as it came, read as an upload is, and settled.

Keeping and reading are two steps, so that a worker that dies between them loses nothing. A receipt is read
while no transaction is open, and settled in one.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.campaigns import uploads
from service.campaigns.locking import check_active, locked_campaign
from service.campaigns.reading import Known, Mentioned, Reader, SentTable
from service.errors import AssayflowError, ConflictError
from service.exchange import Report
from service.integrations import file_revisions, withdrawals
from service.integrations.receipt_plans import JSON, ReadingPlan, plan_reading
from service.lims.contract import MeasuredRecord, Page, RemoteRecord, ResultFile
from service.lims.record_json import measured_to_json, remote_from_json, remote_to_json
from service.storable_text import storable
from service.store import blobs, receipts
from service.store.states import ReceiptState
from service.store.tables import ConnectorLink, Json, Receipt

Transactions = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction for a block: a session factory's `begin`, or what returns the one of a request."""
MOST_ATTEMPTS = 3
"""Readings of one receipt while others write to its campaign."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a receipt, as it is stored; `record` is that of a file, to be told of it."""

    state: ReceiptState
    report: Json
    record: RemoteRecord | None = None


def keep_page(session: Session, link: ConnectorLink, page: Page) -> list[UUID]:
    """Keep what of a page is news, and return the receipts that are to be applied, in order.

    A measurement is no news whose content was received last under the same mapping. A file that is received
    again as it was has its former receipt, so that the other system can be told what became of it.
    """
    kept = []
    fresh = _news(session, link, page.measurements)
    if fresh:
        blob = blobs.keep(session, page.content or json.dumps(fresh).encode())
        kept.append(_add(session, link, blob=blob, records=fresh, media_type=JSON))
    return kept + [_keep_file(session, link, found) for found in page.files]


def apply_receipt(transactions: Transactions, reader: Reader, receipt_id: UUID) -> Applied | None:
    """Read a receipt that was kept, store its results, and return what became of it.

    One that was read before stays as it is. None if it went with its link. What cannot be read is no error
    here: it needs the attention of a person, who finds the reason in the report.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with transactions() as session:
            receipt = receipts.lock(session, receipt_id)
            if receipt is None or receipt.state != "stored":
                return None if receipt is None else _applied(receipt)
            plan = plan_reading(session, receipt)
        report, problem = read(transactions, reader, plan)
        with transactions() as session:
            locked_campaign(
                session, plan.owner.workspace_id, plan.campaign_id
            )  # as who deletes the link does
            receipt = receipts.lock(session, receipt_id)
            if receipt is None or receipt.state != "stored":
                return None if receipt is None else _applied(receipt)
            if _settle(session, receipt, plan, report, problem, is_last=attempt == MOST_ATTEMPTS):
                return _applied(receipt)
    raise AssertionError("the last attempt settles it")


def replay(session: Session, workspace_id: UUID, link: ConnectorLink, receipt: Receipt) -> None:
    """Let a receipt be read again with the present mapping.

    Raises:
        ConflictError: if it was not read yet.
    """
    locked_campaign(session, workspace_id, receipt.campaign_id)
    session.refresh(receipt)
    if receipt.state == "stored":
        raise ConflictError("this receipt was not read yet: the connector's next run reads it")
    receipt.state, receipt.mapping_version = "stored", link.mapping_version
    session.flush()


def is_long(session: Session, reader: Reader, receipt: Receipt, most_rows: int) -> bool:
    """Return whether a receipt is a file with more rows than are read while somebody waits."""
    if receipt.records is not None:
        return False
    table = SentTable(blobs.load(session, receipt.blob), receipt.media_type)
    try:
        with uploads.table_errors_as_problems():
            return reader.count_rows(table) > most_rows
    except AssayflowError:
        return False  # its report says why it cannot be read


def _add(session: Session, link: ConnectorLink, **columns: Any) -> UUID:
    row = Receipt(
        connector_id=link.connector_id,
        link_id=link.id,
        campaign_id=link.campaign_id,
        mapping_version=link.mapping_version,
        received_at=func.clock_timestamp(),  # several pages of one transaction stay in order
        **columns,
    )
    session.add(row)
    session.flush()
    return row.id


def _news(session: Session, link: ConnectorLink, measurements: Sequence[MeasuredRecord]) -> list[Json]:
    said = {(record.source, record.id): measured_to_json(record) for record in measurements}
    latest = (
        receipts.latest_records(session, link, {record["id"] for record in said.values()}) if said else {}
    )
    return [record for record in said.values() if latest.get((record["source"], record["id"])) != record]


def _keep_file(session: Session, link: ConnectorLink, found: ResultFile) -> UUID:
    blob, record = blobs.keep(session, found.file.content), remote_to_json(found.record)
    before = receipts.latest_of_file(session, link, record["type"], record["id"])
    if before is None or (before.blob, before.record) != (blob, record):
        media_type, name = storable(found.file.media_type), storable(found.file.name)
        return _add(session, link, blob=blob, record=record, media_type=media_type, filename=name)
    if before.state == "needs_attention" or before.mapping_version != link.mapping_version:
        before.state, before.mapping_version = "stored", link.mapping_version
        session.flush()
    return before.id


def read(transactions: Transactions, reader: Reader, plan: ReadingPlan) -> tuple[Report | None, str | None]:
    """Return what becomes of every row, or why nothing can be read."""
    file = plan.file
    if plan.problem is not None or file is None:
        return None, plan.problem

    def known(mentioned: Mentioned) -> Known:
        with transactions() as session:
            return uploads.known(session, plan.campaign_id, mentioned, file)

    try:
        with uploads.table_errors_as_problems():
            return reader.results(plan.spec, file.table, known), None
    except AssayflowError as error:
        return None, error.detail


def _settle(
    session: Session,
    receipt: Receipt,
    plan: ReadingPlan,
    report: Report | None,
    problem: str | None,
    *,
    is_last: bool,
) -> bool:
    """Store what was read and mark the receipt; False if it must be read again."""
    told = _known_bytes(session, receipt, plan)
    if told is not None:
        _mark(receipt, replace(plan, notes=(*plan.notes, told)), (None, 0), problem)
        return True
    try:
        with session.begin_nested():
            settled = _stored(session, receipt, plan, report)
    except AssayflowError as error:
        if not is_last:
            return False
        settled, problem = (None, 0), error.detail
    _mark(receipt, plan, settled, problem)
    session.flush()
    return True


def _stored(
    session: Session, receipt: Receipt, plan: ReadingPlan, report: Report | None
) -> tuple[Report | None, int]:
    """Store the accepted rows of a receipt, and withdraw what counts no more; return how many did."""
    if report is None and not (plan.withdrawn or plan.silent):
        return None, 0
    campaign = locked_campaign(session, plan.owner.workspace_id, plan.campaign_id)
    check_active(campaign)
    n = withdrawals.withdraw_gone(session, campaign, plan)
    if report is None or plan.file is None:
        return None, n
    file = plan.file
    if receipt.records is not None:
        report = withdrawals.without_decided(session, plan, report)
        n += withdrawals.withdraw_reread(session, campaign, plan, report)
    elif report.accepted and file_revisions.has_former(session, receipt):
        report, n = file_revisions.revise(session, campaign, receipt, plan, report)
        file = replace(file, again=True)
    return uploads.settle(session, plan.owner, plan.campaign_id, file, report), n


def _known_bytes(session: Session, receipt: Receipt, plan: ReadingPlan) -> str | None:
    """Return the earlier upload of a file by somebody else, in a sentence; its results count once."""
    if plan.file is None or receipt.records is not None or file_revisions.has_former(session, receipt):
        return None
    try:
        uploads.check_bytes(session, plan.campaign_id, plan.file)
    except ConflictError as error:
        return error.detail
    return None


def _mark(
    receipt: Receipt, plan: ReadingPlan, settled: tuple[Report | None, int], problem: str | None
) -> None:
    """Write down what became of a receipt."""
    report, n_withdrawn = settled
    receipt.report = {
        "problem": problem,
        "withdrawn": n_withdrawn,
        "notes": list(plan.notes),
        "measured": list(plan.measured),
        "upload": None if report is None else report.as_json(),
    }
    if problem is not None or (report is not None and report.count("rejected")):
        receipt.state = "needs_attention"
    else:
        is_news = n_withdrawn or (report is not None and report.upload_id)
        receipt.state = "applied" if is_news else "ignored"
    if report is not None and report.upload_id:
        receipt.upload_id = UUID(report.upload_id)
    receipt.mapping_version, receipt.applied_at = plan.mapping_version, func.clock_timestamp()


def _applied(receipt: Receipt) -> Applied:
    record = None if receipt.record is None else remote_from_json(receipt.record)
    return Applied(receipt.state, receipt.report or {}, record)
