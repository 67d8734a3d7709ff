"""Routes of connectors: accounts of a workspace in lab systems."""

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from service.api.body import StrictRoute
from service.api.connectors import ByOperator, ConnectorId, views
from service.api.conventions import IfMatch, PageQuery, answer, etag, require_match
from service.api.dependencies import Admin, Reader, Transaction, Writer
from service.api.documentation import ETAG, LINK, Responses, guarded, header
from service.api.idempotency import Once
from service.integrations import connectors
from service.integrations.connectors import NewConnector
from service.schemas.base import Page
from service.schemas.connectors import (
    Connector,
    ConnectorChange,
    ConnectorFields,
    ConnectorRequest,
    RemoteField,
)
from service.store import paging, tables

router = APIRouter(prefix="/v1/connectors", tags=["connectors"], route_class=StrictRoute)

CREATED: Responses = {201: {"description": "The connector", **header("Location", "its address")}}
DELETED: Responses = {204: {"description": "The connector is gone; results that it brought stay"}}


@router.post("", status_code=201, response_model=Connector, responses={**CREATED, **guarded(409, 415)})
def create_connector(
    wanted: ConnectorRequest, caller: Admin, session: Transaction, once: Once, operator: ByOperator
) -> Response:
    """Make a connector. Its credentials are sealed at once and in no answer; check it next."""

    def make() -> Response:
        new = NewConnector(**wanted.model_dump())
        row = connectors.create(session, caller.workspace_id, operator, new)
        return _told(session, row, 201, {"Location": f"/v1/connectors/{row.id}"})

    return once(make)


@router.get("", responses={200: LINK, **guarded()})
def list_connectors(caller: Reader, session: Transaction, query: PageQuery) -> Page[Connector]:
    """List the workspace's connectors, newest first."""
    page = connectors.list_connectors(session, caller.workspace_id, query.limit, query.cursor)
    shown = paging.Page(views(session, page.items), page.next_cursor)
    return query.answer(shown, Connector)


@router.get("/{connector_id}", response_model=Connector, responses={200: ETAG, **guarded(404)})
def get_connector(connector_id: ConnectorId, caller: Reader, session: Transaction) -> Response:
    """Return a connector without its credentials."""
    return _told(session, connectors.get(session, caller.workspace_id, connector_id))


@router.patch(
    "/{connector_id}", response_model=Connector, responses={200: ETAG, **guarded(404, 409, 412, 415, 428)}
)
def patch_connector(
    connector_id: ConnectorId,
    changes: ConnectorChange,
    caller: Admin,
    session: Transaction,
    operator: ByOperator,
    if_match: IfMatch = None,
) -> Response:
    """Change a connector by a JSON merge patch (RFC 7396); a broken one goes on with what is new.

    An address with another host, port or scheme drops the credentials, unless new ones come with it.
    """
    current = connectors.get(session, caller.workspace_id, connector_id)
    require_match(if_match, etag(current.version))
    given = changes.model_dump(exclude_unset=True)
    row = connectors.change(session, caller.workspace_id, connector_id, current.version, given, operator)
    return _told(session, row)


@router.delete("/{connector_id}", status_code=204, responses={**DELETED, **guarded(404, 412, 428)})
def delete_connector(
    connector_id: ConnectorId, caller: Admin, session: Transaction, if_match: IfMatch = None
) -> None:
    """Delete a connector with its links, its messages that wait, its receipts and its credentials."""
    current = connectors.get(session, caller.workspace_id, connector_id)
    require_match(if_match, etag(current.version))
    connectors.delete(session, caller.workspace_id, connector_id)


@router.post("/{connector_id}/pause", response_model=Connector, responses={200: ETAG, **guarded(404, 409)})
def pause_connector(connector_id: ConnectorId, caller: Admin, session: Transaction, once: Once) -> Response:
    """Let a connector send and read nothing more; what is to be sent waits."""
    return once(lambda: _told(session, connectors.pause(session, caller.workspace_id, connector_id)))


@router.post("/{connector_id}/resume", response_model=Connector, responses={200: ETAG, **guarded(404, 409)})
def resume_connector(connector_id: ConnectorId, caller: Admin, session: Transaction, once: Once) -> Response:
    """Let a paused or broken connector go on."""
    return once(lambda: _told(session, connectors.resume(session, caller.workspace_id, connector_id)))


@router.post("/{connector_id}/run", response_model=Connector, responses={200: ETAG, **guarded(404, 409)})
def run_connector(connector_id: ConnectorId, caller: Writer, session: Transaction, once: Once) -> Response:
    """Send what waits and look for changes now, once the other system's own wish for silence is over."""
    return once(lambda: _told(session, connectors.run_now(session, caller.workspace_id, connector_id)))


@router.get("/{connector_id}/fields", responses=guarded(404))
def list_connector_fields(connector_id: ConnectorId, caller: Reader, session: Transaction) -> ConnectorFields:
    """Return the fields of the other system that a mapping may name, as the last check found them."""
    connector = connectors.get(session, caller.workspace_id, connector_id)
    found = [RemoteField.model_validate(item) for item in connector.fields or ()]
    checked_at = (connector.standing or {}).get("checked_at")
    return ConnectorFields.model_validate({"checked_at": checked_at, "fields": found})


def _told(
    session: Session, row: tables.Connector, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    (view,) = views(session, [row])
    return answer(view, status, {"ETag": etag(row.version), **(headers or {})})
