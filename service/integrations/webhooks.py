"""What people do with webhook endpoints: register, change, pause, resume, rotate the secret, try, delete.

Each command runs in the caller's transaction and commits nothing. Everything is looked up within a workspace.
A secret is returned once, by the command that makes it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.address_rules import RefusedAddressError, Rules, check_confidential, check_url
from service.errors import ConflictError, NotFoundError, UnprocessableError
from service.integrations import credentials, signing
from service.integrations.credentials import Bound
from service.outbox.events import EVENT_TYPES, TEST_TYPE
from service.outbox.waking import wake
from service.sealing import Sealer
from service.store import outbox
from service.store import webhooks as rows
from service.store.paging import Page
from service.store.tables import WebhookEndpoint

MOST_ENDPOINTS = 50
"""Of one workspace: every event is written once for each of them."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and the only copy of its new secret, which is left out of the repr."""

    row: WebhookEndpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose endpoint, and which."""

    workspace_id: UUID
    endpoint_id: UUID


def create(
    session: Session, sealer: Sealer, rules: Rules, workspace_id: UUID, fields: Mapping[str, Any]
) -> NewSecret:
    """Register an endpoint; `fields` are its url, types and description.

    Raises:
        UnprocessableError: if the operator's rules refuse the address.
        ConflictError: if the workspace has too many endpoints.
        SealingError: if the secret cannot be sealed.
    """
    check_address(fields["url"], rules)
    if rows.count(session, workspace_id) >= MOST_ENDPOINTS:
        raise ConflictError(f"a workspace has at most {MOST_ENDPOINTS} webhooks; delete one")
    secret = signing.new_secret()
    stored = credentials.store(session, sealer, Bound(workspace_id, rows.PURPOSE), secret)
    row = WebhookEndpoint(
        workspace_id=workspace_id,
        url=fields["url"],
        description=fields["description"],
        types=_ordered(fields["types"]),
        secret_ids=[stored.id],
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return NewSecret(row, secret)


def list_endpoints(
    session: Session, workspace_id: UUID, limit: int, cursor: str | None = None
) -> Page[dict[str, Any]]:
    """Return one page of views of the workspace's endpoints, oldest first."""
    page = rows.page(session, workspace_id, limit, cursor)
    waiting = rows.waiting(session, [row.id for row in page.items])
    return Page([_view(session, row, waiting.get(row.id, 0)) for row in page.items], page.next_cursor)


def get(session: Session, scope: Scope) -> WebhookEndpoint:
    """Return an endpoint.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    row = rows.find(session, scope.workspace_id, scope.endpoint_id)
    if row is None:
        raise _missing(scope)
    return row


def view(session: Session, row: WebhookEndpoint) -> dict[str, Any]:
    """Return what is shown of an endpoint: all but its secrets and the values of its address's query."""
    return _view(session, row, rows.waiting(session, [row.id]).get(row.id, 0))


def change(session: Session, rules: Rules, scope: Scope, changes: Mapping[str, Any]) -> WebhookEndpoint:
    """Change url, types or description; what waits goes to the new address at once.

    Raises:
        NotFoundError: if the workspace has none with this id.
        UnprocessableError: if the operator's rules refuse the address.
    """
    row = locked(session, scope)
    if "url" in changes:
        check_address(changes["url"], rules)
    for name, value in changes.items():
        setattr(row, name, _ordered(value) if name == "types" else value)
    row = _touched(session, row)
    if "url" in changes:
        _begin_anew(session, row)
    return row


def pause(session: Session, scope: Scope) -> WebhookEndpoint:
    """Send nothing until a user resumes; what happens meanwhile waits. A delivery on its way arrives.

    Raises:
        NotFoundError: if the workspace has none with this id.
        ConflictError: if it is disabled.
    """
    row = locked(session, scope)
    if row.status == "broken":
        raise ConflictError(
            "the webhook is disabled and sends nothing; resume it when its receiver is mended"
        )
    if row.status == "paused":
        return row
    row.status = "paused"
    if row.state == "queued":
        row.state = "idle"
    return _touched(session, row)


def resume(session: Session, scope: Scope) -> WebhookEndpoint:
    """Send again, at once, what waits; a disabled endpoint is given its full patience again.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    row = locked(session, scope)
    if row.status != "active":
        row.status = "active"
        row = _touched(session, row)
        _begin_anew(session, row)
    return row


def rotate(session: Session, sealer: Sealer, scope: Scope, *, revoke: bool = False) -> NewSecret:
    """Make a new secret; the old one signs beside it for a day, or not at all when it is revoked.

    Raises:
        NotFoundError: if the workspace has none with this id.
        SealingError: if the secret cannot be sealed.
    """
    row = locked(session, scope)
    secret = signing.new_secret()
    bound = Bound(scope.workspace_id, rows.PURPOSE)
    new = credentials.replace(session, sealer, row.secret_ids[0], bound, secret)
    old = [] if revoke else [item.id for item in rows.signing(session, row.secret_ids)]
    rows.remove_secrets(session, set(row.secret_ids) - set(old))
    row.secret_ids = [new.id, *old]
    return NewSecret(_touched(session, row), secret)


def delete(session: Session, scope: Scope) -> None:
    """Delete an endpoint with its secrets and deliveries; events stay in the archive.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    rows.remove(session, locked(session, scope))


def send_test(session: Session, scope: Scope) -> UUID:
    """Send an event of the type `webhook.test` to this endpoint alone, and return the id of its delivery.

    It overtakes what waits, and is tried once.

    Raises:
        NotFoundError: if the workspace has none with this id.
        ConflictError: if it is paused or disabled.
    """
    row = locked(session, scope)
    if row.status != "active":
        raise ConflictError(f"the webhook is {row.status} and sends nothing: resume it first")
    now = outbox.clock(session)
    payload = {
        "type": TEST_TYPE,
        "timestamp": signing.timestamp(now),
        "data": {"webhook_id": str(row.id), "href": f"/v1/webhooks/{row.id}"},
    }
    item = {"workspace_id": row.workspace_id, "endpoint_id": row.id, "verb": "test", "payload": payload}
    (delivery_id,) = outbox.add(session, [{**item, "key": str(uuid4())}])
    wake(session, WebhookEndpoint, row.id)
    return delivery_id


def check_address(url: str, rules: Rules) -> None:
    """Check an address against the operator's rules, without calling it.

    Raises:
        UnprocessableError: if they refuse it, or it is a public one without TLS.
    """
    try:
        check_confidential(check_url(url, rules), rules)
    except RefusedAddressError as error:
        detail = str(error)
        raise UnprocessableError(f"/url: {detail}", [{"pointer": "/url", "detail": detail}]) from error


def locked(session: Session, scope: Scope) -> WebhookEndpoint:
    """Return an endpoint, locked.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    row = rows.lock(session, scope.workspace_id, scope.endpoint_id)
    if row is None:
        raise _missing(scope)
    return row


def _view(session: Session, row: WebhookEndpoint, waiting: int) -> dict[str, Any]:
    columns = ("id", "types", "description", "status", "problem", "failing_since", "created_at", "updated_at")
    path, question, query = row.url.partition("?")
    names = "&".join(f"{part.partition('=')[0]}=***" for part in query.split("&"))
    return {
        **{name: getattr(row, name) for name in columns},
        "url": f"{path}?{names}" if question else path,
        "quiet_until": row.quiet_until,
        "waiting": waiting,
        "old_secret_until": rows.overlap_ends(session, row.secret_ids),
    }


def _begin_anew(session: Session, row: WebhookEndpoint) -> None:
    """Forget failures of before: what waits is due now, unless the endpoint is paused or disabled."""
    row.failing_since = row.quiet_until = None
    if row.status != "broken":
        row.problem = None
    session.flush()
    rows.wait_no_longer(session, row.id)
    wake(session, WebhookEndpoint, row.id)


def _ordered(types: Collection[str]) -> list[str]:
    return [name for name in EVENT_TYPES if name in types]


def _touched(session: Session, row: WebhookEndpoint) -> WebhookEndpoint:
    row.version += 1
    row.updated_at = func.now()
    session.flush()
    session.refresh(row)
    return row


def _missing(scope: Scope) -> NotFoundError:
    return NotFoundError(f"no webhook {scope.endpoint_id}")
