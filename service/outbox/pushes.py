"""Write in connectors' outboxes what a release, a decision or a result means for the other systems.

Each candidate of a batch is an item of its own, so that one that is refused holds up no other; the order
follows them. An item is written once for each wish, however often a button is pressed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from service.lims.registry import connector_kinds
from service.outbox.waking import wake
from service.store import lane_links, outbox
from service.store.outbox import MATERIAL, NOTIFY, ORDER
from service.store.tables import Candidate, Connector, ConnectorLink, Round

CandidateNews = Literal["measured", "cancelled"]


def push_released(session: Session, row: Round, released: Sequence[Candidate]) -> None:
    """Write a released batch in the outbox of every connector to which its campaign's releases go."""
    for link in lane_links.pushed_to(session, row.campaign_id):
        push(session, link, row, released)


def push(session: Session, link: ConnectorLink, row: Round, released: Sequence[Candidate]) -> int:
    """Write a released batch in the outbox of one link's connector; return how many items are new."""
    connector = session.get_one(Connector, link.connector_id)
    kind = connector_kinds().get(connector.kind)
    sends_materials = kind is None or kind.manners.sends_materials
    materials = [
        _item(connector, link, MATERIAL, f"{MATERIAL}:{item.id}", candidate_id=item.id, round_id=row.id)
        for item in sorted(released, key=lambda item: item.rank)
        if sends_materials
    ]
    orders = [_item(connector, link, ORDER, f"{ORDER}:{row.id}", round_id=row.id)]
    wake(session, Connector, connector.id)  # locks the lane, which comes before its items
    added = outbox.add(session, materials + (orders if link.mapping.get("order", {}) is not None else []))
    return len(added)


def notify_of_candidates(
    session: Session, campaign_id: UUID, changed: Mapping[UUID, int], news: CandidateNews, comment: str
) -> None:
    """Let the systems that hold these candidates hear what became of them.

    Args:
        session: the transaction that changed them.
        campaign_id: their campaign.
        changed: their versions by id.
        news: what became of them.
        comment: one sentence for people.
    """
    if not changed:
        return
    woken: set[UUID] = set()
    for link, entity_id in lane_links.holders(session, campaign_id, list(changed)):
        connector = session.get_one(Connector, link.connector_id)
        if connector.id not in woken:
            woken.add(connector.id)
            wake(session, Connector, connector.id)
        key = f"{news}:{entity_id}:{changed[UUID(entity_id)]}"
        said = {"event": news, "comment": comment, "candidate_id": entity_id}
        outbox.add(session, [_item(connector, link, NOTIFY, key, **said)])


def notify_of_file(
    session: Session,
    link: ConnectorLink,
    receipt_key: str,
    record: Mapping[str, Any],
    news: Mapping[str, Any],
) -> None:
    """Let a system hear what became of a file that was read; the caller runs its lane."""
    connector = session.get_one(Connector, link.connector_id)
    outbox.add(session, [_item(connector, link, NOTIFY, receipt_key, record=dict(record), **news)])


def _item(connector: Connector, link: ConnectorLink, verb: str, key: str, **payload: Any) -> dict[str, Any]:
    plain = {name: str(value) if isinstance(value, UUID) else value for name, value in payload.items()}
    return {
        "workspace_id": connector.workspace_id,
        "connector_id": connector.id,
        "link_id": link.id,
        "event_id": None,
        "verb": verb,
        "key": key,
        "payload": plain,
    }
