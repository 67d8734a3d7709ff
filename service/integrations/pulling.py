"""What a connector's lane reads: which link is next, what its system is asked for, and what came of it.

Each function is one short transaction's work; none calls the other system.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.campaigns.leases import Lease
from service.integrations.lane_steps import renew
from service.integrations.receipts import Applied, keep_page
from service.integrations.sending import need_attention, remote
from service.lims.contract import Cursor, Page, Scope
from service.lims.mapping_specs import LinkMapping
from service.lims.record_json import remote_to_json
from service.outbox.pushes import notify_of_file
from service.storable_text import storable
from service.store import campaigns, external_records, lane_links, lims, outbox, receipts
from service.store.tables import Connector, ConnectorLink, Json, Receipt

PATIENCE = timedelta(hours=1)
"""A person hears of a link whose system has not answered for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullItem:
    """A link that is to be pulled: what its system is asked for, and from where on."""

    link_id: UUID
    campaign_id: UUID
    mapping_version: int
    due_at: datetime | None
    scope: Scope
    cursor: Cursor | None


def unapplied(session: Session, lease: Lease[Connector]) -> Sequence[UUID]:
    """Return receipts of this connector that were kept and not read: their worker was lost."""
    return receipts.unapplied_of_connector(session, lease.item_id)


def next_pull(session: Session, lease: Lease[Connector]) -> PullItem | None:
    """Return the link that is due for longest; None if none is, or the lane may not work now.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    lane = renew(session, lease)
    if lane.status != "active" or outbox.is_quiet(session, lane):
        return None
    link = lane_links.next_pull(session, lane.id)
    if link is None:
        return None
    return PullItem(
        link_id=link.id,
        campaign_id=link.campaign_id,
        mapping_version=link.mapping_version,
        due_at=link.pull_due_at,
        scope=scope_of(session, link),
        cursor=link.cursor,
    )


def scope_of(session: Session, link: ConnectorLink) -> Scope:
    """Return what is waited for by a link."""
    mapping = LinkMapping.model_validate(link.mapping)
    materials, orders = external_records.awaited(session, link)
    return Scope(
        materials=[remote(row) for row in materials],
        orders=[remote(row) for row in orders],
        sources=[rule.source for rule in mapping.results],
        since=link.last_pull_at,
        folder=mapping.folder,
    )


def keep(session: Session, lease: Lease[Connector], item: PullItem, page: Page) -> Sequence[UUID]:
    """Keep what of a page is news, and how far it was read; return the receipts to be read.

    A link whose mapping was changed meanwhile is read anew instead. One that was made due meanwhile, as by a
    hook, stays due: what the hook told of may not be in this page.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    campaigns.lock_by_id(session, item.campaign_id)  # before the lane, as who deletes the link does
    problem = renew(session, lease).problem
    of_another = problem is not None and problem.get("link_id") not in (None, str(item.link_id))
    renew(session, lease, problem=problem if of_another else None)
    link = lims.lock_link(session, lease.item_id, item.link_id)
    if link is None or link.mapping_version != item.mapping_version:
        return ()
    kept = keep_page(session, link, page)
    link.cursor = storable(page.cursor)
    if not page.more and link.pull_due_at == item.due_at:
        lane_links.set_pulled(link)
    session.flush()
    return kept


def postpone(
    session: Session, lease: Lease[Connector], link_id: UUID, seconds: float | None, problem: Json
) -> None:
    """Pull a link later, because its system could not answer; a person hears of it once it lasts.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    before = renew(session, lease).problem or {}
    now = session.scalars(select(func.clock_timestamp())).one()
    failing: Json = {"link_id": str(link_id), "since": now.isoformat(), "announced": False}
    if before.get("link_id") == str(link_id):
        failing |= {name: before[name] for name in ("since", "announced")}
    if not failing["announced"] and now - datetime.fromisoformat(failing["since"]) >= PATIENCE:
        need_attention(session, lease, {"failing": 1})
        failing["announced"] = True
    renew(session, lease, problem={**problem, **failing})
    link = session.get(ConnectorLink, link_id)
    if link is not None:
        lane_links.set_pulled(link, seconds or 0.0)
        session.flush()


def report(session: Session, lease: Lease[Connector], receipt_id: UUID, applied: Applied) -> None:
    """Let a person hear of a receipt that needs attention, and the system of a file that was read.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    renew(session, lease)
    receipt = session.get(Receipt, receipt_id)
    link = None if receipt is None else session.get(ConnectorLink, receipt.link_id)
    if receipt is None or link is None:
        return
    is_bad = applied.state == "needs_attention"
    if applied.record is not None:
        news = {"event": "refused" if is_bad else "read", "report": applied.report}
        key = lane_links.news_key(session, link.connector_id, f"file:{receipt_id}")
        notify_of_file(
            session, link, key, remote_to_json(applied.record), {**news, "comment": _comment(applied)}
        )
    if is_bad:
        said = {"receipt_id": str(receipt_id), "campaign_id": str(receipt.campaign_id)}
        need_attention(session, lease, said)


def _comment(applied: Applied) -> str:
    upload = applied.report.get("upload") or {}
    counts = [f"{upload[name]} {name}" for name in ("accepted", "rejected", "skipped") if upload.get(name)]
    return applied.report.get("problem") or ", ".join(counts) or "nothing new"
