"""Look at the other system of a connector: sign in, read its fields, and write down what was found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from service.address_rules import RefusedAddressError
from service.campaigns import jobs
from service.campaigns.jobs import JobScope, NewJob
from service.integrations.opening import ConnectorAccount, Outside, UnusableConnectorError, open_connector
from service.lims.contract import AccessDeniedError, RecordGoneError, RetryLaterError, Status
from service.outbound.pinned_http import ConnectionFailedError, Exchange, ResponseTooLongError
from service.outbox.waking import wake
from service.settings import Settings
from service.storable_text import storable
from service.store import lims, outbox
from service.store.tables import Connector, Job, Json

CHECKS = "connector_checks"
"""The kind of the jobs, and the module that handles them."""
LONGEST_DETAIL = 500
Outcome = Literal["working", "denied", "unreachable", "unusable"]
UNANSWERED = (RetryLaterError, ConnectionFailedError, ResponseTooLongError, RecordGoneError)
"""What a kind raises while its system gives no usable answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at a system found: its fields are None where they could not be read."""

    outcome: Outcome
    detail: str | None = None
    status: Status | None = None
    fields: Sequence[Json] | None = None

    def standing(self, at: datetime) -> Json:
        """Return it as it is stored and told."""
        said: Json = {
            "outcome": self.outcome,
            "detail": self.detail,
            "identity": self.status.identity if self.status else None,
            "server": self.status.server if self.status else None,
            "warnings": list(self.status.warnings) if self.status else [],
            "checked_at": at.isoformat(),
        }
        told: Json = storable(said)
        return told


def enqueue_check(session: Session, connector: Connector) -> Job:
    """Queue a look at the system of a connector; also one that is paused or broken can be looked at."""
    scope = JobScope(CHECKS, connector.workspace_id)
    context = {"workspace_id": str(connector.workspace_id)}
    new = NewJob(queue="io", request={"connector_id": str(connector.id)}, context=context)
    return jobs.enqueue(session, scope, new)


def look(account: ConnectorAccount, settings: Settings, outside: Outside) -> Found:
    """Sign in and read the fields; what goes wrong on the way is what was found."""
    try:
        kind = open_connector(account, settings, outside)
        status = kind.check()
    except (UnusableConnectorError, RefusedAddressError) as error:
        return Found("unusable", _short(error))
    except AccessDeniedError as error:
        return Found("denied", _short(error))
    except UNANSWERED as error:
        return Found("unreachable", _short(error))
    try:
        fields = [{**asdict(field), "options": list(field.options)} for field in kind.describe()]
    except (AccessDeniedError, *UNANSWERED) as error:
        warning = f"its fields could not be read: {_short(error)}"
        known = Status(identity=status.identity, server=status.server, warnings=(*status.warnings, warning))
        return Found("working", status=known)
    return Found("working", status=status, fields=fields)


def store(session: Session, looked_at: Connector, found: Found, exchanges: Sequence[Exchange]) -> Json:
    """Write down what was found, mend or break the connector by it, and return what is told of it.

    A connector that was changed meanwhile keeps its state: what was found is of another address.
    """
    standing = found.standing(datetime.now(UTC))
    told = {"standing": standing, "n_fields": len(found.fields or ())}
    row = lims.lock(session, looked_at.workspace_id, looked_at.id)
    if row is None:
        return told
    log(session, row.id, exchanges)
    if _account(row) == _account(looked_at):
        row.standing = standing
        if found.fields is not None:
            row.fields = storable(list(found.fields))
        _mend(row, found)
        session.flush()
        wake(session, Connector, row.id)
    return told


def log(session: Session, connector_id: UUID, exchanges: Sequence[Exchange]) -> None:
    """Write down requests that no lane sent."""
    for item in exchanges:
        values = {**asdict(item), "path": item.path.partition("?")[0]}
        outbox.record_exchange(session, connector_id=connector_id, **values)


def _mend(row: Connector, found: Found) -> None:
    if found.outcome == "working" and row.status == "broken":
        row.status, row.problem = "active", None
    elif found.outcome in ("denied", "unusable") and row.status == "active":
        row.status, row.problem = "broken", {"detail": found.detail}


def _account(row: Connector) -> tuple[str, Json, UUID | None]:
    return row.base_url, row.settings, row.secret_id


def _short(error: Exception) -> str:
    return str(error)[:LONGEST_DETAIL]
