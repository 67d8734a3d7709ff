"""What a connector's lane sends: items of the outbox as materials, orders and news, and what came of them.

Each function is one short transaction's work; none calls the other system.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import queries
from service.campaigns.batch_files import write_round
from service.campaigns.leases import Lease
from service.campaigns.lifecycle import GIVEN_UP
from service.integrations.lane_steps import renew, settle_item, wait_for_item
from service.lims.contract import Answer, File, Material, News, Order, Pending, Refused, RemoteRecord
from service.lims.mapping import BatchContext, CandidateView, material_key, material_of, order_key, order_of
from service.lims.mapping_specs import LinkMapping
from service.lims.record_json import remote_from_json
from service.outbox.events import emit
from service.store import candidates, external_records, lane_links
from service.store.external_records import CANDIDATE, ROUND
from service.store.tables import (
    Campaign,
    Candidate,
    Connector,
    ConnectorLink,
    ExternalRecord,
    OutboxItem,
    Round,
)

LONGEST_TASK = timedelta(days=1)
"""A task of the other system that takes longer is left to a person; later messages go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentItem:
    """An item of the outbox whose candidate was sent, or is to be."""

    item_id: UUID
    candidate_id: UUID
    link_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialItem(SentItem):
    """A material that an item of the outbox wants sent."""

    material: Material


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """An order and the item of the outbox that wants it sent."""

    item_id: UUID
    round_id: UUID
    link_id: UUID
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """News of a record, and the item of the outbox that wants it told."""

    item_id: UUID
    record: RemoteRecord
    news: News


def remote(row: ExternalRecord) -> RemoteRecord:
    """Return a stored record as connectors know it."""
    return RemoteRecord(
        type=row.type,
        id=row.external_id,
        key=row.key,
        version=row.external_version,
        url=row.url,
        state=row.state,
    )


def materials_to_send(
    session: Session, lease: Lease[Connector], head: OutboxItem, most: int
) -> list[MaterialItem]:
    """Return the next materials; what needs no sending is settled.

    A candidate that is there already is done; one that was given up before it was sent is skipped.
    """
    items = lane_links.group_of(session, head, most)
    ids = {UUID(item.payload["candidate_id"]): item for item in items}
    link, mapping, context = _frame(session, head)
    rows = candidates.by_id(session, link.campaign_id, ids)
    known = external_records.known(session, lease.item_id, CANDIDATE, ids)
    wanted = []
    for candidate_id, item in ids.items():
        row = rows.get(candidate_id)
        if str(candidate_id) in known:
            settle_item(session, lease, item.id)
        elif row is None or row.status in GIVEN_UP:
            status = "gone" if row is None else row.status
            settle_item(session, lease, item.id, "skipped", {"detail": f"the candidate is {status}"})
        else:
            material = material_of(mapping, view(row), context)
            wanted.append(
                MaterialItem(item_id=item.id, candidate_id=candidate_id, link_id=link.id, material=material)
            )
    return wanted


def materials_of_task(session: Session, head: OutboxItem) -> list[SentItem]:
    """Return the items whose materials are in the task of one, in the order in which they were sent.

    Answers of a task are by place, so that one which was skipped or given up meanwhile keeps its own.
    """
    return [
        SentItem(item_id=item.id, candidate_id=UUID(item.payload["candidate_id"]), link_id=item.link_id)
        for item in lane_links.of_task(session, head)
        if item.link_id is not None
    ]


def store_answers(
    session: Session, lease: Lease[Connector], items: Sequence[SentItem], answers: Sequence[Answer]
) -> None:
    """Write down what became of materials: their records, what was refused, and what is waited for."""
    renew(session, lease)
    n_refused = 0
    for item, answer in zip(items, answers, strict=True):
        key = material_key(str(item.candidate_id))
        if isinstance(answer, RemoteRecord):
            save(session, item.link_id, (CANDIDATE, item.candidate_id, key), answer)
        n_refused += isinstance(answer, Refused)
        settle_by(session, lease, item.item_id, answer)
    if n_refused:
        need_attention(session, lease, {"refused": n_refused})


def order_to_send(session: Session, lease: Lease[Connector], item: OutboxItem) -> OrderItem | None:
    """Return the order that an item wants sent; None if nothing is to be sent, and the item is settled."""
    round_id = UUID(item.payload["round_id"])
    if external_records.known(session, lease.item_id, ROUND, [round_id]):
        settle_item(session, lease, item.id)
        return None
    if n := lane_links.unsettled_materials(session, item):
        detail = f"{n} of its materials were refused: retry or skip them, and the order goes on by itself"
        settle_item(session, lease, item.id, "refused", {"code": lane_links.MATERIALS_CODE, "detail": detail})
        return None
    link, mapping, context = _frame(session, item)
    materials = [remote(row) for row in external_records.of_round(session, lease.item_id, round_id)]
    order = order_of(mapping, context, materials, order_files(session, round_id, mapping))
    return OrderItem(item_id=item.id, round_id=round_id, link_id=link.id, order=order)


def store_order(session: Session, lease: Lease[Connector], item: OrderItem, answer: Answer) -> None:
    """Write down what became of an order."""
    renew(session, lease)
    if isinstance(answer, RemoteRecord):
        save(session, item.link_id, (ROUND, item.round_id, order_key(str(item.round_id))), answer)
    settle_by(session, lease, item.item_id, answer)
    if isinstance(answer, Refused):
        need_attention(session, lease, {"refused": 1})


def news_to_send(session: Session, lease: Lease[Connector], item: OutboxItem) -> NewsItem | None:
    """Return the news that an item wants told; None if its record is not known there (any more)."""
    said = item.payload
    if "record" in said:
        record = remote_from_json(said["record"])
    else:
        found = external_records.known(session, lease.item_id, CANDIDATE, [UUID(said["candidate_id"])])
        if not found:
            settle_item(session, lease, item.id, "skipped", {"detail": "it is not known there"})
            return None
        record = remote(next(iter(found.values())))
    news = News(event=said["event"], comment=said.get("comment", ""), report=said.get("report"))
    return NewsItem(item_id=item.id, record=record, news=news)


def settle_by(session: Session, lease: Lease[Connector], item_id: UUID, answer: Answer | None) -> None:
    """End an item by an answer, or let it wait for a task of the other system."""
    if isinstance(answer, Refused):
        problem = {"detail": answer.detail} | ({"field": answer.field} if answer.field else {})
        settle_item(session, lease, item_id, "refused", problem)
    elif isinstance(answer, Pending):
        _await_task(session, lease, item_id, answer)
    else:
        settle_item(session, lease, item_id)


def _await_task(session: Session, lease: Lease[Connector], item_id: UUID, answer: Pending) -> None:
    """Look at a task again later, or leave it to a person if it has not ended for a day."""
    item, now = session.get(OutboxItem, item_id), datetime.now(UTC)
    since = ((item.problem if item else None) or {}).get("pending_since", now.isoformat())
    if now - datetime.fromisoformat(since) > LONGEST_TASK:
        detail = "the system accepted it and has not ended its task for a day: look there, then retry or skip"
        settle_item(session, lease, item_id, "dead", {"detail": detail})
        need_attention(session, lease, {"dead": 1})
        return
    problem = {"detail": "the system has accepted it, and its task has not ended yet", "pending_since": since}
    wait_for_item(session, lease, item_id, answer.seconds, ticket=answer.ticket, problem=problem)


def save(session: Session, link_id: UUID, ours: tuple[str, UUID, str], record: RemoteRecord) -> None:
    """Write down which record there (entity, id, key) of ours is, unless the link was deleted meanwhile."""
    link = session.get(ConnectorLink, link_id)
    if link is None:
        return
    entity, entity_id, key = ours
    external_records.save(
        session,
        link,
        entity,
        entity_id,
        type=record.type,
        key=key,
        external_id=record.id,
        external_version=record.version,
        url=record.url,
        state=record.state,
    )


def need_attention(session: Session, lease: Lease[Connector], data: Mapping[str, int | str]) -> None:
    """Tell whoever listens that a person must look at a connector."""
    lane = renew(session, lease)
    said = {"connector_id": lane.id, "href": f"/v1/connectors/{lane.id}", **data}
    emit(session, lane.workspace_id, "connector.needs_attention", said)


def view(row: Candidate) -> CandidateView:
    """Return a candidate as mappings see it."""
    fields = {
        name: getattr(row, name) for name in ("rank", "object", "display", "columns", "purpose", "status")
    }
    return CandidateView(id=str(row.id), payload=row.payload, **fields)


def batch_context(campaign: Campaign, row: Round) -> BatchContext:
    """Return what a mapping may say of a batch."""
    return BatchContext(
        campaign_id=str(campaign.id),
        campaign=campaign.name,
        round=row.number,
        round_id=str(row.id),
        batch_sha256=row.batch_sha256,
    )


def _frame(session: Session, item: OutboxItem) -> tuple[ConnectorLink, LinkMapping, BatchContext]:
    link = session.get_one(ConnectorLink, item.link_id)
    row = session.get_one(Round, UUID(item.payload["round_id"]))
    campaign = session.get_one(Campaign, link.campaign_id)
    return link, LinkMapping.model_validate(link.mapping), batch_context(campaign, row)


def order_files(session: Session, round_id: UUID, mapping: LinkMapping) -> list[File]:
    """Return a batch in the formats in which a mapping attaches it to the order."""
    row = session.get_one(Round, round_id)
    spec = CampaignSpec.from_stored(row.spec)
    released = [item for item in queries.batch(session, round_id) if item.status not in GIVEN_UP]
    files = []
    for wanted in mapping.order.files if mapping.order else ():
        written, name = write_round(session, row, spec, released, wanted)
        files.append(File(name=name, media_type=written.media_type, content=written.content))
    return files
