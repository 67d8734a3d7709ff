"""Route of the kinds of connectors that are installed."""

from fastapi import APIRouter

from service.api.dependencies import Reader
from service.api.documentation import guarded
from service.lims.contract import Connector as Kind
from service.lims.registry import connector_kinds
from service.schemas.base import Page
from service.schemas.connectors import ConnectorKind, Manners

router = APIRouter(prefix="/v1/connector-kinds", tags=["connectors"])


@router.get("", responses=guarded())
def list_connector_kinds(caller: Reader) -> Page[ConnectorKind]:  # noqa: ARG001 - who may look
    """List the kinds of systems that connectors can be made for, with the settings that each takes."""
    return Page[ConnectorKind](items=[_view(kind) for kind in connector_kinds().values()], next_cursor=None)


def _view(kind: type[Kind]) -> ConnectorKind:
    return ConnectorKind(
        kind=kind.kind,
        title=kind.title,
        settings_schema=kind.Settings.model_json_schema(),
        credentials_schema=kind.Credentials.model_json_schema(),
        manners=Manners.model_validate(kind.manners),
    )
