"""API keys: made once, shown once, stored as a hash. Knows no HTTP.

A key reads `af_<id>_<secret>`. The secret is 256 random bits, so a plain SHA-256 protects it as well as a
slow hash.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.errors import NotFoundError, UnauthorizedError, UnprocessableError
from service.store import keys
from service.store.paging import Page
from service.store.tables import ApiKey

Scope = Literal["read", "write", "admin", "results"]
SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
"""Scopes that a key of a whole workspace may have."""
ALL_SCOPES: tuple[Scope, ...] = (*SCOPES, "results")
"""With `results`, which posts results to one campaign and reads the reports of its own uploads."""
_FORM = re.compile(r"af_([0-9a-f]{12})_([0-9a-f]{64})", re.ASCII)
_NOT_VALID = "the API key is not valid"
_UNKNOWN = hashlib.sha256(b"no such key").digest()


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with the only copy of its text.

    The text is left out of the repr so that no log can show it.
    """

    row: ApiKey
    text: str = field(repr=False)


def issue(
    session: Session,
    workspace_id: UUID,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime | None = None,
    campaign_id: UUID | None = None,
) -> IssuedKey:
    """Make a key: of the whole workspace, or of one campaign, which the caller has looked up in it.

    Raises:
        UnprocessableError: if a key of the whole workspace would have a scope of one campaign.
    """
    check_scopes(scopes, campaign_id)
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    row = ApiKey(
        id=key_id,
        workspace_id=workspace_id,
        name=name,
        secret_hash=_hashed(secret),
        scopes=[scope for scope in ALL_SCOPES if scope in scopes],
        campaign_id=campaign_id,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return IssuedKey(row, f"af_{key_id}_{secret}")


def check_scopes(scopes: Collection[str], campaign_id: UUID | None) -> None:
    """Check that a key with these scopes may have this reach.

    Raises:
        UnprocessableError: if it needs a campaign and has none.
    """
    if campaign_id is None and not set(scopes) <= set(SCOPES):
        detail = "a key with the scope results is bound to one campaign: name it"
        raise UnprocessableError(detail, errors=[{"pointer": "/campaign_id", "detail": detail}])


def check_form(text: str) -> tuple[str, str]:
    """Return id and secret of a key's text, without looking anything up.

    Raises:
        UnauthorizedError: if no key has this form; the answer does not say so.
    """
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise UnauthorizedError(_NOT_VALID)
    return parts[1], parts[2]


def authenticate(session: Session, text: str) -> ApiKey:
    """Return the valid key that this text is, and note that it was used.

    Raises:
        UnauthorizedError: if it is malformed, unknown, expired or revoked; the answer does not say which.
    """
    key_id, secret = check_form(text)
    row, is_used_lately = keys.find_valid(session, key_id) or (None, False)
    if not hmac.compare_digest(row.secret_hash if row else _UNKNOWN, _hashed(secret)) or row is None:
        raise UnauthorizedError(_NOT_VALID)
    if not is_used_lately:
        keys.touch(session, row.id)
    return row


def list_keys(
    session: Session,
    workspace_id: UUID,
    limit: int,
    cursor: str | None = None,
    campaign_id: UUID | None = None,
) -> Page[ApiKey]:
    """Return one page of the workspace's keys, or of those of one campaign; revoked ones included."""
    return keys.page(session, workspace_id, limit, cursor, campaign_id)


def get(session: Session, workspace_id: UUID, key_id: str, campaign_id: UUID | None = None) -> ApiKey:
    """Return a key of this workspace, or of one campaign of it.

    Raises:
        NotFoundError: if there is none.
    """
    row = keys.find(session, workspace_id, key_id)
    if row is None or campaign_id not in (None, row.campaign_id):
        raise NotFoundError(f"no API key {key_id}")
    return row


def revoke(session: Session, workspace_id: UUID, key_id: str, campaign_id: UUID | None = None) -> None:
    """Make a key useless for ever; revoking twice is one revocation.

    Raises:
        NotFoundError: if there is none.
    """
    row = get(session, workspace_id, key_id, campaign_id)
    if row.revoked_at is None:
        row.revoked_at = func.now()
        session.flush()


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
