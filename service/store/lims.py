"""SQL of connectors, their links to campaigns, and what of ours is what there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, cast, delete, exists, func, select, tuple_, union_all, update
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import (
    Campaign,
    Candidate,
    Connector,
    ConnectorLink,
    ExternalRecord,
    OutboxItem,
    Round,
    Secret,
)


def find(session: Session, workspace_id: UUID, connector_id: UUID) -> Connector | None:
    """Return a connector of this workspace."""
    query = select(Connector).where(Connector.id == connector_id, Connector.workspace_id == workspace_id)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def lock(session: Session, workspace_id: UUID, connector_id: UUID) -> Connector | None:
    """Return a connector, fresh, and make every other writer of it wait until this transaction ends."""
    query = select(Connector).where(Connector.id == connector_id, Connector.workspace_id == workspace_id)
    query = query.with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def is_named(session: Session, workspace_id: UUID, name: str, *, except_for: UUID | None = None) -> bool:
    """Return whether the workspace has a connector of this name, besides one."""
    condition = exists().where(Connector.workspace_id == workspace_id, Connector.name == name)
    if except_for is not None:
        condition = condition.where(Connector.id != except_for)
    return session.scalars(select(condition)).one()


def page(session: Session, workspace_id: UUID, limit: int, cursor: str | None) -> Page[Connector]:
    """Return connectors, newest first."""
    query = select(Connector).where(Connector.workspace_id == workspace_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(Connector.created_at, Connector.id) < tuple_(*after))
    query = query.order_by(Connector.created_at.desc(), Connector.id.desc()).limit(limit + 1)
    rows = session.scalars(query.execution_options(populate_existing=True)).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def drop_secret(session: Session, row: Connector) -> None:
    """Delete the secret of a connector, which is never sent again."""
    if row.secret_id is not None:
        dropped, row.secret_id = row.secret_id, None
        session.flush()
        session.execute(delete(Secret).where(Secret.id == dropped))


def find_link(session: Session, connector_id: UUID, link_id: UUID) -> ConnectorLink | None:
    """Return a link of this connector."""
    query = select(ConnectorLink).where(
        ConnectorLink.id == link_id, ConnectorLink.connector_id == connector_id
    )
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def lock_link(session: Session, connector_id: UUID, link_id: UUID) -> ConnectorLink | None:
    """Return a link, fresh, and make every other writer of it wait until this transaction ends."""
    query = select(ConnectorLink).where(
        ConnectorLink.id == link_id, ConnectorLink.connector_id == connector_id
    )
    query = query.with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def lock_campaigns(session: Session, connector_id: UUID) -> None:
    """Lock the campaigns that a connector is linked to, in the order of their ids.

    Whoever deletes links locks campaigns before the lane, as releases and workers do.
    """
    linked = select(ConnectorLink.campaign_id).where(ConnectorLink.connector_id == connector_id)
    query = select(Campaign.id).where(Campaign.id.in_(linked)).order_by(Campaign.id)
    session.execute(query.with_for_update())


def link_of(session: Session, connector_id: UUID, campaign_id: UUID) -> ConnectorLink | None:
    """Return a campaign's link to a connector."""
    query = select(ConnectorLink).where(
        ConnectorLink.connector_id == connector_id, ConnectorLink.campaign_id == campaign_id
    )
    return session.scalars(query).one_or_none()


def folders_of(session: Session, connector_id: UUID, *, except_for: UUID | None = None) -> list[str | None]:
    """Return the folders in which other links of a connector look for results."""
    query = select(ConnectorLink.mapping["folder"].astext).where(
        ConnectorLink.connector_id == connector_id, ConnectorLink.pull != "never"
    )
    if except_for is not None:
        query = query.where(ConnectorLink.id != except_for)
    return list(session.scalars(query))


def links(
    session: Session, connector_id: UUID, limit: int, cursor: str | None, campaign_id: UUID | None = None
) -> Page[ConnectorLink]:
    """Return links of a connector, newest first; with a campaign only that one's."""
    query = select(ConnectorLink).where(ConnectorLink.connector_id == connector_id)
    if campaign_id is not None:
        query = query.where(ConnectorLink.campaign_id == campaign_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(ConnectorLink.created_at, ConnectorLink.id) < tuple_(*after))
    query = query.order_by(ConnectorLink.created_at.desc(), ConnectorLink.id.desc()).limit(limit + 1)
    rows = session.scalars(query.execution_options(populate_existing=True)).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def pull_now(session: Session, connector_id: UUID, link_id: UUID | None = None) -> int:
    """Let links that pull be due now, all or one of a connector; return how many there were."""
    query = update(ConnectorLink).where(
        ConnectorLink.connector_id == connector_id, ConnectorLink.pull != "never"
    )
    if link_id is not None:
        query = query.where(ConnectorLink.id == link_id)
    query = query.values(pull_due_at=func.clock_timestamp()).returning(ConnectorLink.id)
    return len(session.scalars(query, execution_options={"synchronize_session": False}).all())


def records(
    session: Session,
    link: ConnectorLink,
    limit: int,
    cursor: str | None,
    *,
    entity: str | None = None,
    entity_id: str | None = None,
) -> Page[ExternalRecord]:
    """Return what a campaign's candidates and rounds are there, those first that were written first.

    What a former link of the campaign wrote is among them.
    """
    ours = union_all(
        select(cast(Candidate.id, Text())).where(Candidate.campaign_id == link.campaign_id),
        select(cast(Round.id, Text())).where(Round.campaign_id == link.campaign_id),
    )
    query = select(ExternalRecord).where(
        ExternalRecord.connector_id == link.connector_id, ExternalRecord.entity_id.in_(ours)
    )
    if entity is not None:
        query = query.where(ExternalRecord.entity == entity)
    if entity_id is not None:
        query = query.where(ExternalRecord.entity_id == entity_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(ExternalRecord.created_at, ExternalRecord.id) > tuple_(*after))
    rows = session.scalars(
        query.order_by(ExternalRecord.created_at, ExternalRecord.id).limit(limit + 1)
    ).all()
    return cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])


def n_waiting(session: Session, connector_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return how many messages of each connector wait, and how many wait for a person."""
    stuck = func.count().filter(OutboxItem.state.in_(("refused", "dead")))
    waiting = func.count().filter(OutboxItem.state == "waiting")
    query = (
        select(OutboxItem.connector_id, waiting, stuck)
        .where(OutboxItem.connector_id.in_(connector_ids))
        .group_by(OutboxItem.connector_id)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query) if row[0] is not None}
