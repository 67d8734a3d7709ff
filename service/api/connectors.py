"""What routes of connectors share: the connector of an address, and how it is told."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
from sqlalchemy.orm import Session

from service.api.dependencies import Admin, Caller, Operators, Reader, Transaction, Writer
from service.integrations import connectors
from service.integrations.connector_settings import Operator
from service.schemas.connectors import Connector, ConnectorStanding, LaneProblem, SecretState
from service.sealing import open_sealer
from service.store import lims, tables

ConnectorId = Annotated[
    UUID, Path(description="the connector's id", examples=["3d9a6e52-8c1f-4b7a-9e20-5f4c3b2a1d06"])
]
LinkId = Annotated[UUID, Path(description="the link's id", examples=["a4c8e1f7-2b6d-4e90-8d35-7c6b5a4f3e21"])]


def operator_of(settings: Operators) -> Operator:
    """Return what the operator decides of connectors."""
    return Operator(settings.connector_rules, open_sealer(settings))


def readable(connector_id: ConnectorId, caller: Reader, session: Transaction) -> tables.Connector:
    """Return the connector for a caller that may read."""
    return connectors.get(session, caller.workspace_id, connector_id)


def writable(connector_id: ConnectorId, caller: Writer, session: Transaction) -> tables.Connector:
    """Return the connector for a caller that may write."""
    return connectors.get(session, caller.workspace_id, connector_id)


ByOperator = Annotated[Operator, Depends(operator_of)]
Readable = Annotated[tables.Connector, Depends(readable)]
Writable = Annotated[tables.Connector, Depends(writable)]
__all__ = ["Admin", "ByOperator", "Caller", "ConnectorId", "LinkId", "Readable", "Writable", "views"]


def views(session: Session, rows: Sequence[tables.Connector]) -> list[Connector]:
    """Return stored connectors as the API tells them."""
    counts = lims.n_waiting(session, [row.id for row in rows]) if rows else {}
    return [_view(session, row, counts.get(row.id, (0, 0))) for row in rows]


def _view(session: Session, row: tables.Connector, counts: tuple[int, int]) -> Connector:
    secret = connectors.secret_of(session, row)
    shown = {
        name: getattr(row, name)
        for name in (
            *("id", "name", "kind", "base_url", "settings", "status", "state", "due_at", "quiet_until"),
            *("created_at", "updated_at"),
        )
    }
    return Connector(
        **shown,
        secret=SecretState(
            is_set=secret is not None,
            authority=None if secret is None else secret.authority,
            rotated_at=None if secret is None else secret.created_at,
        ),
        problem=None if row.problem is None else LaneProblem.model_validate(row.problem),
        standing=None if row.standing is None else ConnectorStanding.model_validate(row.standing),
        waiting=counts[0],
        needs_attention=counts[1],
    )
