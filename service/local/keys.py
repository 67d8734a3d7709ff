"""Manage API keys of the default workspace from the command line of the database's machine. Uses no HTTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service import keys
from service.errors import ConflictError, NotFoundError, UnprocessableError
from service.local.servers import database, require_existing
from service.settings import Settings
from service.store import migrations
from service.store.campaigns import ensure_workspace, is_there
from service.store.session import opened
from service.store.tables import ApiKey

_PAGE = 200


def first_key(settings: Settings) -> str | None:
    """Create a key with every scope and return its text if no key exists; otherwise return None."""
    with _workspace(settings) as (session, workspace_id):
        if keys.list_keys(session, workspace_id, 1).items:
            return None
        return keys.issue(session, workspace_id, "first start", keys.SCOPES).text


def make_key(
    settings: Settings,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    campaign_id: UUID | None = None,
) -> str:
    """Create a key, of the whole workspace or of one campaign, and return its text, which is stored nowhere.

    Raises:
        UnprocessableError: if a scope is unknown, or is one of a campaign and none is given.
        NotFoundError: if there is no such campaign.
    """
    unknown = [scope for scope in scopes if scope not in keys.ALL_SCOPES]
    if unknown:
        raise UnprocessableError(f"unknown scope {unknown[0]!r}; there are {', '.join(keys.ALL_SCOPES)}")
    wanted = [scope for scope in keys.ALL_SCOPES if scope in scopes]
    keys.check_scopes(wanted, campaign_id)
    with _existing(settings) as (session, workspace_id):
        if campaign_id is not None and not is_there(session, workspace_id, campaign_id):
            raise NotFoundError(f"no campaign {campaign_id}")
        return keys.issue(session, workspace_id, name, wanted, expires_at, campaign_id).text


def all_keys(settings: Settings) -> list[ApiKey]:
    """Return every key, including revoked ones, without secrets."""
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
    """Revoke a key permanently.

    Raises:
        NotFoundError: if the key does not exist.
    """
    with _existing(settings) as (session, workspace_id):
        keys.revoke(session, workspace_id, key_id)


@contextmanager
def _existing(settings: Settings) -> Iterator[tuple[Session, UUID]]:
    """Open the workspace of an existing, migrated database; nothing is created for a read.

    Raises:
        EmbeddedError: if there is no database.
        ConflictError: if the database lacks the tables of this release.
    """
    require_existing(settings)
    with (
        database(settings) as live,
        opened(live.required_database_url()) as sessions,
        sessions.begin() as session,
    ):
        if (difference := migrations.difference(session.connection())) is not None:
            raise ConflictError(difference)
        yield session, ensure_workspace(session).id


@contextmanager
def _workspace(settings: Settings) -> Iterator[tuple[Session, UUID]]:
    with opened(settings.required_database_url()) as sessions, sessions.begin() as session:
        yield session, ensure_workspace(session).id
