"""SQL of links as lanes need them: which ones a release goes to, and which one is to be pulled next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, aliased

from service.store.external_records import CANDIDATE, any_entity
from service.store.outbox import LONGEST_QUIET_SECONDS, MATERIAL, ORDER
from service.store.tables import Campaign, ConnectorLink, ExternalRecord, OutboxItem

MATERIALS_CODE = "materials"
"""The problem of an order that waits until a person has decided about materials that were refused."""
SAFETY_SECONDS = 3600
"""A link that relies on hooks is polled this often nevertheless: a hook may be lost."""


def pushed_to(session: Session, campaign_id: UUID) -> Sequence[ConnectorLink]:
    """Return the links to which a campaign's releases go, in the order in which lanes are locked."""
    query = select(ConnectorLink).where(
        ConnectorLink.campaign_id == campaign_id, ConnectorLink.push == "on_release"
    )
    return session.scalars(query.order_by(ConnectorLink.connector_id)).all()


def holders(
    session: Session, campaign_id: UUID, candidate_ids: Sequence[UUID]
) -> Sequence[tuple[ConnectorLink, str]]:
    """Return the links whose systems hold these candidates, with our id of each one that they hold."""
    query = (
        select(ConnectorLink, ExternalRecord.entity_id)
        .join(ExternalRecord, ExternalRecord.connector_id == ConnectorLink.connector_id)
        .where(
            ConnectorLink.campaign_id == campaign_id,
            ConnectorLink.push != "never",
            ExternalRecord.entity == CANDIDATE,
            any_entity(candidate_ids),
        )
        .order_by(ConnectorLink.connector_id, ExternalRecord.entity_id)
    )
    return [(link, entity_id) for link, entity_id in session.execute(query)]


def next_pull(session: Session, connector_id: UUID) -> ConnectorLink | None:
    """Return the link whose pull is due for longest; None if none is."""
    query = _pulled(connector_id).where(ConnectorLink.pull_due_at <= func.clock_timestamp())
    return session.scalars(query.order_by(ConnectorLink.pull_due_at).limit(1)).first()


def earliest_pull(session: Session, connector_id: UUID) -> datetime | None:
    """Return when the next pull of a connector's links is due."""
    due = _pulled(connector_id).with_only_columns(func.min(ConnectorLink.pull_due_at))
    return session.execute(due).scalar_one()


def set_pulled(link: ConnectorLink, seconds: float | None = None) -> None:
    """Let a link be pulled again after its own time, or after so many seconds."""
    usual = link.every_seconds if link.pull == "poll" else max(link.every_seconds, SAFETY_SECONDS)
    patience = None if seconds is None else min(seconds, LONGEST_QUIET_SECONDS)
    wait = timedelta(seconds=usual if patience is None else max(patience, link.every_seconds))
    link.pull_due_at = func.clock_timestamp() + wait
    if seconds is None:
        link.last_pull_at = func.clock_timestamp()


def of_task(session: Session, head: OutboxItem) -> Sequence[OutboxItem]:
    """Return the items whose records are in the task of one, in order, whatever became of them meanwhile."""
    query = select(OutboxItem).where(
        OutboxItem.connector_id == head.connector_id,
        OutboxItem.verb == head.verb,
        OutboxItem.ticket == head.ticket,
    )
    return session.scalars(query.order_by(OutboxItem.sequence)).all()


def drop_ended_task(session: Session, item: OutboxItem) -> None:
    """Let an item be sent anew when nothing of its asynchronous task is waited for any more."""
    waits = select(OutboxItem.id).where(
        OutboxItem.connector_id == item.connector_id,
        OutboxItem.ticket == item.ticket,
        OutboxItem.state == "waiting",
    )
    if item.ticket is not None and session.scalars(waits.limit(1)).first() is None:
        item.ticket = None
        session.flush()


def group_of(session: Session, head: OutboxItem, most: int) -> Sequence[OutboxItem]:
    """Return the materials of a round that can be sent together with the first one."""
    query = (
        select(OutboxItem)
        .where(
            OutboxItem.connector_id == head.connector_id,
            OutboxItem.state == "waiting",
            OutboxItem.verb == head.verb,
            OutboxItem.link_id == head.link_id,
            OutboxItem.sequence >= head.sequence,
            OutboxItem.due_at <= func.clock_timestamp(),
            OutboxItem.payload["round_id"].astext == head.payload["round_id"],
            OutboxItem.ticket.is_(None),
        )
        .order_by(OutboxItem.sequence)
        .limit(most)
    )
    return session.scalars(query).all()


def unsettled_materials(session: Session, order: OutboxItem) -> int:
    """Return how many materials of an order wait for the decision of a person."""
    query = select(func.count()).where(
        OutboxItem.connector_id == order.connector_id,
        OutboxItem.verb == MATERIAL,
        OutboxItem.state.in_(("refused", "dead")),
        OutboxItem.payload["round_id"].astext == order.payload["round_id"],
    )
    return session.scalars(query).one()


def release_orders(session: Session, connector_id: UUID) -> bool:
    """Let orders wait again whose materials are decided by now, and return whether there were some."""
    material = aliased(OutboxItem)
    undecided = select(material.id).where(
        material.connector_id == OutboxItem.connector_id,
        material.verb == MATERIAL,
        material.state.in_(("waiting", "refused", "dead")),
        material.payload["round_id"].astext == OutboxItem.payload["round_id"].astext,
    )
    query = (
        update(OutboxItem)
        .where(
            OutboxItem.connector_id == connector_id,
            OutboxItem.verb == ORDER,
            OutboxItem.state == "refused",
            OutboxItem.problem["code"].astext == MATERIALS_CODE,
            ~undecided.exists(),
        )
        .values(state="waiting", problem=None, done_at=None, due_at=func.clock_timestamp())
        .returning(OutboxItem.id)
    )
    return bool(session.scalars(query, execution_options={"synchronize_session": False}).all())


def news_key(session: Session, connector_id: UUID, subject: str) -> str:
    """Return a key for news of a subject: that of news which wait to be sent, else a new one."""
    ended = select(func.count()).where(
        OutboxItem.connector_id == connector_id,
        OutboxItem.key.startswith(f"{subject}:", autoescape=True),
        OutboxItem.state != "waiting",
    )
    return f"{subject}:{session.scalars(ended).one()}"


def _pulled(connector_id: UUID) -> Select[ConnectorLink]:
    """Return the links of a connector whose campaigns take results."""
    return (
        select(ConnectorLink)
        .join(Campaign, Campaign.id == ConnectorLink.campaign_id)
        .where(
            ConnectorLink.connector_id == connector_id,
            ConnectorLink.pull != "never",
            Campaign.state == "active",
        )
    )
