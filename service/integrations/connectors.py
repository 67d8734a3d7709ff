"""What an administrator does with connectors: make, change, pause, resume and delete them.

Each command runs in the caller's transaction and commits nothing. Credentials are written and never shown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.address_rules import Target
from service.campaigns.patching import merge
from service.errors import ConflictError, NotFoundError, PreconditionFailedError
from service.integrations import credentials
from service.integrations.connector_settings import (
    Operator,
    check_address,
    check_credentials,
    check_settings,
    is_same_place,
    kind_named,
    needs_credentials,
)
from service.integrations.credentials import Bound
from service.integrations.opening import PURPOSE
from service.lims.contract import Connector as Kind
from service.outbox.waking import wake
from service.store import credentials as secrets_of
from service.store import lane_links, lane_lists, lims, outbox
from service.store.paging import Page
from service.store.tables import Connector, OutboxItem, Secret

NO_CREDENTIALS = "it has no credentials for its address: enter them"
_RETRIED = ("refused", "dead", "skipped", "waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnector:
    """What is asked for; `credentials` are sealed at once."""

    name: str
    kind: str
    base_url: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, Any] | None = field(default=None, repr=False)


def create(session: Session, workspace_id: UUID, operator: Operator, new: NewConnector) -> Connector:
    """Make a connector; its first check and its links come afterwards.

    Raises:
        UnprocessableError: naming the place in the body that is wrong.
        ConflictError: if another one has the name.
        SealingError: if there is no usable key to seal credentials with.
    """
    kind = kind_named(new.kind)
    sealed = check_credentials(kind, new.credentials)
    target = check_address(kind, new.base_url, operator.rules, has_credentials=sealed is not None)
    settings = check_settings(kind, new.settings)
    _check_name(session, workspace_id, new.name)
    row = Connector(
        workspace_id=workspace_id,
        name=new.name,
        kind=new.kind,
        base_url=new.base_url,
        settings=settings,
        message="idle",
    )
    session.add(row)
    session.flush()
    _seal(session, operator, row, target, sealed)
    session.refresh(row)
    return row


def change(
    session: Session,
    workspace_id: UUID,
    connector_id: UUID,
    version: int,
    changes: Mapping[str, Any],
    operator: Operator,
) -> Connector:
    """Change a connector by a JSON merge patch (RFC 7396) of name, base_url and settings.

    `credentials` replace all that were there; null drops them. An address at another host or port drops them
    as well, unless new ones come with it. A broken connector goes on afterwards.

    Raises:
        NotFoundError: if there is no such connector.
        PreconditionFailedError: if it changed since it was read.
        UnprocessableError: naming the place that is wrong.
        ConflictError: if another one has the name.
    """
    row = locked(session, workspace_id, connector_id)
    if row.version != version:
        raise PreconditionFailedError("the connector changed since it was read; read it again")
    kind = kind_named(row.kind)
    if "name" in changes and changes["name"] != row.name:
        _check_name(session, workspace_id, changes["name"], row.id)
        row.name = changes["name"]
    settings = check_settings(kind, merge(row.settings, changes.get("settings", {})))
    has_moved = _moved(session, row, changes, operator, kind)
    is_new_there = has_moved or settings != row.settings
    row.settings = settings
    if is_new_there or "credentials" in changes:
        _begin_anew(session, row, kind)
    row.version += 1
    row.updated_at = func.now()
    session.flush()
    session.refresh(row)
    return row


def get(session: Session, workspace_id: UUID, connector_id: UUID) -> Connector:
    """Return a connector.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    row = lims.find(session, workspace_id, connector_id)
    if row is None:
        raise NotFoundError(f"no connector {connector_id}")
    return row


def locked(session: Session, workspace_id: UUID, connector_id: UUID) -> Connector:
    """Lock a connector and return it; raises as `get`."""
    row = lims.lock(session, workspace_id, connector_id)
    if row is None:
        raise NotFoundError(f"no connector {connector_id}")
    return row


def secret_of(session: Session, row: Connector) -> Secret | None:
    """Return the sealed secret of a connector, of which only place and age are shown."""
    return None if row.secret_id is None else secrets_of.find(session, row.workspace_id, row.secret_id)


def pause(session: Session, workspace_id: UUID, connector_id: UUID) -> Connector:
    """Let a connector send and read nothing more, from the next request on; raises as `get`."""
    row = locked(session, workspace_id, connector_id)
    if row.status != "paused":
        row.status = "paused"
        _changed(session, row)
    return row


def resume(session: Session, workspace_id: UUID, connector_id: UUID) -> Connector:
    """Let a paused or broken connector go on.

    Raises:
        NotFoundError: if there is no such connector.
        ConflictError: if it lacks credentials.
    """
    row = locked(session, workspace_id, connector_id)
    if row.secret_id is None and needs_credentials(kind_named(row.kind)):
        raise ConflictError(NO_CREDENTIALS)
    if row.status != "active":
        row.status, row.problem = "active", None
        lims.pull_now(session, row.id)
        _changed(session, row)
    return row


def delete(session: Session, workspace_id: UUID, connector_id: UUID) -> None:
    """Delete a connector with its links, its messages that wait, its receipts and its secret.

    Results stay. So do records there: a connector to the same system finds them again by their keys.

    Raises:
        NotFoundError: if there is no such connector.
    """
    get(session, workspace_id, connector_id)
    lims.lock_campaigns(session, connector_id)
    row = locked(session, workspace_id, connector_id)
    lims.drop_secret(session, row)
    session.delete(row)
    session.flush()


def run_now(session: Session, workspace_id: UUID, connector_id: UUID) -> Connector:
    """Let a connector send what waits and look for changes now.

    Raises:
        NotFoundError: if there is no such connector.
        ConflictError: if it is paused or broken.
    """
    row = locked(session, workspace_id, connector_id)
    if row.status != "active":
        raise ConflictError(f"the connector is {row.status}: resume it first")
    lims.pull_now(session, row.id)
    wake(session, Connector, row.id)
    session.refresh(row)
    return row


def retry(session: Session, connector: Connector, item_id: UUID) -> OutboxItem:
    """Let a message be sent again now, as if it had never been tried.

    Raises:
        NotFoundError: if there is no such message.
        ConflictError: if it was sent.
    """
    item = _item(session, connector, item_id)
    if item.state not in _RETRIED:
        raise ConflictError("this message was sent: what it made there is not made again")
    if item.state != "waiting":
        lane_links.drop_ended_task(session, item)
    outbox.wait_again(session, [item.id])
    lane_links.release_orders(session, connector.id)
    wake(session, Connector, connector.id)
    session.refresh(item)
    return item


def skip(session: Session, connector: Connector, item_id: UUID, reason: str, by: str) -> OutboxItem:
    """Give a message up, with a reason and the key of who did.

    Raises:
        NotFoundError: if there is no such message.
        ConflictError: if it was sent.
    """
    item = _item(session, connector, item_id)
    if item.state == "done":
        raise ConflictError("this message was sent, and cannot be skipped any more")
    item.state, item.done_at = "skipped", func.clock_timestamp()
    item.problem = {**(item.problem or {}), "skipped_because": reason, "skipped_by": by}
    session.flush()
    lane_links.release_orders(session, connector.id)
    wake(session, Connector, connector.id)
    session.flush()
    session.refresh(item)
    return item


def list_connectors(
    session: Session, workspace_id: UUID, limit: int, cursor: str | None = None
) -> Page[Connector]:
    """Return one page of connectors, newest first."""
    return lims.page(session, workspace_id, limit, cursor)


def _item(session: Session, connector: Connector, item_id: UUID) -> OutboxItem:
    lims.lock(session, connector.workspace_id, connector.id)  # a worker locks the lane first, then its items
    item = lane_lists.item(session, Connector, connector.id, item_id)
    if item is None:
        raise NotFoundError(f"no message {item_id}")
    return item


def _check_name(session: Session, workspace_id: UUID, name: str, own: UUID | None = None) -> None:
    if lims.is_named(session, workspace_id, name, except_for=own):
        raise ConflictError(
            f"another connector is called {name!r}", [{"pointer": "/name", "detail": "is taken"}]
        )


def _moved(
    session: Session, row: Connector, changes: Mapping[str, Any], operator: Operator, kind: type[Kind]
) -> bool:
    """Give a connector its new address and credentials; return whether the address is another one."""
    base_url = str(changes.get("base_url", row.base_url))
    given = changes.get("credentials")
    sealed = check_credentials(kind, given) if given is not None else None
    stays = is_same_place(row.base_url, base_url)
    keeps = row.secret_id is not None and stays and "credentials" not in changes
    target = check_address(kind, base_url, operator.rules, has_credentials=keeps or sealed is not None)
    if not keeps:
        lims.drop_secret(session, row)
    is_other: bool = base_url != row.base_url
    row.base_url = base_url
    _seal(session, operator, row, target, sealed)
    return is_other


def _begin_anew(session: Session, row: Connector, kind: type[Kind]) -> None:
    """Forget what was found with other settings, and let a broken connector go on if it can."""
    row.standing, row.fields, row.quiet_until = None, None, None
    if row.secret_id is None and needs_credentials(kind):
        row.status, row.problem = "broken", {"detail": NO_CREDENTIALS}
    elif row.status == "broken":
        row.status, row.problem = "active", None
    session.flush()
    lims.pull_now(session, row.id)  # a wait of days that the former place wanted is over too
    wake(session, Connector, row.id)


def _changed(session: Session, row: Connector) -> None:
    row.version += 1
    row.updated_at = func.now()
    session.flush()
    wake(session, Connector, row.id)
    session.refresh(row)


def _seal(
    session: Session,
    operator: Operator,
    row: Connector,
    target: Target | None,
    sealed: Mapping[str, Any] | None,
) -> None:
    if sealed is not None:
        bound = Bound(row.workspace_id, PURPOSE, "" if target is None else target.authority)
        row.secret_id = credentials.store(session, operator.sealer, bound, json.dumps(sealed)).id
        session.flush()
