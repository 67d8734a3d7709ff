"""A connector with a link, a message and a receipt, as lanes leave them, without a lab system."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.campaigns import jobs
from service.campaigns.jobs import JobScope
from service.integrations import checks, preview_jobs
from service.store import blobs
from service.store.session import Sessions
from service.store.tables import Connector, ConnectorLink, ExchangeRecord, ExternalRecord, OutboxItem, Receipt


@dataclass(frozen=True)
class StoredConnector:
    """The ids of everything: of a job of each kind there is one that waits, and one that has ended."""

    connector_id: UUID
    link_id: UUID
    message_id: UUID
    receipt_id: UUID
    jobs: dict[str, UUID]


def store_connector(
    sessions: Sessions, workspace_id: UUID, campaign_id: UUID, candidate_id: UUID
) -> StoredConnector:
    """Write a paused connector of an installed kind, and what belongs to one."""
    with sessions.begin() as session:
        fields: dict[str, Any] = {"kind": "labkey", "base_url": "https://lims.example.org", "settings": {}}
        connector = Connector(workspace_id=workspace_id, name="LIMS", status="paused", **fields)
        session.add(connector)
        session.flush()
        link = ConnectorLink(connector_id=connector.id, campaign_id=campaign_id, mapping={})
        session.add(link)
        session.flush()
        message = OutboxItem(
            workspace_id=workspace_id,
            connector_id=connector.id,
            link_id=link.id,
            verb="material",
            key=f"material:{candidate_id}",
            payload={"candidate_id": str(candidate_id)},
        )
        receipt = Receipt(
            connector_id=connector.id,
            link_id=link.id,
            campaign_id=campaign_id,
            blob=blobs.keep(session, b"glow\n1\n"),
            media_type="text/csv",
            filename="plate.csv",
            mapping_version=1,
            state="needs_attention",
            record={"type": "file", "id": "1", "key": None, "version": None, "url": None, "state": None},
        )
        log = ExchangeRecord(
            connector_id=connector.id, method="GET", path="/", status=200, seconds=0.1, problem=None
        )
        there = ExternalRecord(
            connector_id=connector.id,
            link_id=link.id,
            entity="candidate",
            entity_id=str(candidate_id),
            type="sample",
            key="k",
            external_id="1",
        )
        session.add_all([message, receipt, log, there])
        session.flush()
        found = {}
        for name in ("waiting", "over"):
            made = {
                "checks": checks.enqueue_check(session, connector),
                "previews": preview_jobs.enqueue_preview(session, connector, link, None, 1),
            }
            for kind, row in made.items():
                found[kind if name == "waiting" else f"{kind}/events"] = row.id
                if name == "over":
                    jobs.cancel(session, JobScope(row.kind, workspace_id), row.id)
        return StoredConnector(connector.id, link.id, message.id, receipt.id, found)
