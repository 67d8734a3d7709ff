"""API keys of the default workspace, for the command line on the machine that holds the database. Knows no HTTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service import keys
from service.errors import ConflictError, UnprocessableError
from service.local.servers import database, require_existing
from service.settings import Settings
from service.store import migrations
from service.store.campaigns import ensure_workspace
from service.store.session import opened
from service.store.tables import ApiKey

_PAGE = 200


def first_key(settings: Settings) -> str | None:
    """Make a key with every scope if there is no key at all, and return its text; otherwise None."""
    with _workspace(settings) as (session, workspace_id):
        if keys.list_keys(session, workspace_id, 1).items:
            return None
        return keys.issue(session, workspace_id, "first start", keys.SCOPES).text


def make_key(settings: Settings, name: str, scopes: Sequence[str], expires_at: datetime | None = None) -> str:
    """Make a key and return its text, the only copy.

    Raises:
        UnprocessableError: if a scope is unknown.
    """
    unknown = [scope for scope in scopes if scope not in keys.SCOPES]
    if unknown:
        raise UnprocessableError(f"unknown scope {unknown[0]!r}; there are {', '.join(keys.SCOPES)}")
    wanted = [scope for scope in keys.SCOPES if scope in scopes]
    with _existing(settings) as (session, workspace_id):
        return keys.issue(session, workspace_id, name, wanted, expires_at).text


def all_keys(settings: Settings) -> list[ApiKey]:
    """Return every key, revoked ones included; the secrets are nowhere."""
    rows: list[ApiKey] = []
    with _existing(settings) as (session, workspace_id):
        cursor = None
        while True:
            page = keys.list_keys(session, workspace_id, _PAGE, cursor)
            rows += page.items
            cursor = page.next_cursor
            if cursor is None:
                return rows


def revoke_key(settings: Settings, key_id: str) -> None:
    """Make a key useless for ever.

    Raises:
        NotFoundError: if there is none.
    """
    with _existing(settings) as (session, workspace_id):
        keys.revoke(session, workspace_id, key_id)


@contextmanager
def _existing(settings: Settings) -> Iterator[tuple[Session, UUID]]:
    """Open the workspace of a database that is there and has its tables; nothing is made for a question.

    Raises:
        EmbeddedError: if there is no database.
        ConflictError: if it has not the tables of this release.
    """
    require_existing(settings)
    with database(settings) as live, opened(live.required_database_url()) as sessions, sessions.begin() as session:
        if (difference := migrations.difference(session.connection())) is not None:
            raise ConflictError(difference)
        yield session, ensure_workspace(session).id


@contextmanager
def _workspace(settings: Settings) -> Iterator[tuple[Session, UUID]]:
    with opened(settings.required_database_url()) as sessions, sessions.begin() as session:
        yield session, ensure_workspace(session).id
