"""Store, replace and read the sealed secrets of connectors and webhook endpoints.

What is sealed is the caller's text; a secret is in no answer, log or representation.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.errors import NotFoundError
from service.sealing import SealingError
from service.store import credentials
from service.store.tables import Secret

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from service.sealing import Sealer
    from service.store.session import Sessions

_BATCH = 200
_log = structlog.get_logger(__name__)


@final
@dataclass(frozen=True, slots=True)
class Bound:
    """Whose a secret is and where it may go.

    Attributes:
        purpose: `connector` or `webhook`.
        authority: the only host[:port] to which it is sent; empty for a key that signs and is not sent.
    """

    workspace_id: UUID
    purpose: str
    authority: str = ""


def store(session: Session, sealer: Sealer, bound: Bound, value: str) -> Secret:
    """Store a secret.

    Raises:
        SealingError: if there is no usable key.
    """
    sealed = sealer.seal(value, bound.workspace_id, bound.purpose, bound.authority)
    row = Secret(
        workspace_id=bound.workspace_id, purpose=bound.purpose, authority=bound.authority, sealed=sealed
    )
    session.add(row)
    session.flush()
    return row


def replace(session: Session, sealer: Sealer, old: UUID, bound: Bound, value: str) -> Secret:
    """Store a secret in place of another one, which stays readable until its row is deleted.

    Raises:
        NotFoundError: if this workspace has no such secret.
        SealingError: if there is no usable key.
    """
    row = _get(session, bound.workspace_id, old)
    new = store(session, sealer, bound, value)
    credentials.mark_replaced(session, row)
    return new


def read(session: Session, sealer: Sealer, secret_id: UUID, bound: Bound) -> str:
    """Return a secret in clear, if it was stored for exactly this.

    Raises:
        NotFoundError: if this workspace has no such secret.
        SealingError: if it was stored for another purpose or address, or no key opens it.
    """
    row = _get(session, bound.workspace_id, secret_id)
    return sealer.unseal(row.sealed, bound.workspace_id, bound.purpose, bound.authority)


@final
@dataclass(slots=True)
class Resealed:
    """What became of all secrets: `lost` are those that no key opens, which stay as they are."""

    n_all: int = 0
    n_changed: int = 0
    lost: list[str] = field(default_factory=list)


def reseal_all(sessions: Sessions, sealer: Sealer) -> Resealed:
    """Seal every secret with the newest key, in one transaction per batch.

    It may be stopped and run again at any time: what is under the newest key already is left as it is.

    Raises:
        SealingError: if there is no usable key.
    """
    sealer.check()
    report, last = Resealed(), None
    while True:
        with sessions.begin() as session:
            rows = credentials.lock_after(session, last, _BATCH)
            for row in rows:
                _reseal(sealer, row, report)
            last = rows[-1].id if rows else None
        if last is None:
            return report


def warn_of_missing_keys(sessions: Sessions, sealer: Sealer) -> None:
    """Log a warning if secrets are stored and there is no usable key to open them."""
    try:
        sealer.check()
    except SealingError as error:
        problem = str(error)
    else:
        return
    with suppress(SQLAlchemyError), sessions() as session:  # a database that is not ready has its own check
        if credentials.are_any(session):
            _log.warning("stored credentials cannot be opened", problem=problem)


def _reseal(sealer: Sealer, row: Secret, report: Resealed) -> None:
    report.n_all += 1
    try:
        token = sealer.reseal(row.sealed)
    except SealingError:
        report.lost.append(f"{row.id} ({row.purpose} {row.authority})".replace(" )", ")"))
        return
    report.n_changed += token != row.sealed
    row.sealed = token


def _get(session: Session, workspace_id: UUID, secret_id: UUID) -> Secret:
    row = credentials.find(session, workspace_id, secret_id)
    if row is None:
        raise NotFoundError(f"no secret {secret_id}")
    return row
