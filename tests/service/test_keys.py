"""API keys: only the right secret opens, only while it is valid, and nothing stores or shows it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from service import keys
from service.errors import NotFoundError, UnauthorizedError
from service.store.campaigns import ensure_workspace


@pytest.fixture
def workspace_id(session: Session) -> UUID:
    return ensure_workspace(session, f"lab {uuid4()}").id


def test_a_key_opens_its_workspace_and_notes_its_use(session: Session, workspace_id: UUID):
    issued = keys.issue(session, workspace_id, "reader", ["admin", "read"])
    row = keys.authenticate(session, issued.text)
    session.refresh(row)
    assert (row.workspace_id, row.scopes) == (workspace_id, ["read", "admin"])
    assert row.last_used_at is not None


def test_the_secret_is_nowhere(session: Session, workspace_id: UUID):
    issued = keys.issue(session, workspace_id, "reader", ["read"])
    secret = issued.text.split("_")[2]
    assert len(secret) == 64
    assert secret not in repr(issued) + str(issued.row.__dict__)
    dump = session.execute(text("SELECT api_keys::text, encode(secret_hash, 'escape') FROM api_keys")).all()
    assert secret not in str(dump)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda key: key[:-1],
        lambda key: key + "0",
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: "af_" + "0" * 12 + key[15:],
        lambda key: key.upper(),
        lambda key: key + "\n",
        lambda _: "af_\x00",
    ],
)
def test_any_other_text_is_refused(session: Session, workspace_id: UUID, spoil: Callable[[str], str]):
    key = keys.issue(session, workspace_id, "reader", ["read"]).text
    with pytest.raises(UnauthorizedError):
        keys.authenticate(session, spoil(key))


def test_expired_and_revoked_keys_are_refused(session: Session, workspace_id: UUID):
    past, future = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-1, 1))
    with pytest.raises(UnauthorizedError):
        keys.authenticate(session, keys.issue(session, workspace_id, "late", ["read"], past).text)
    issued = keys.issue(session, workspace_id, "early", ["read"], future)
    keys.authenticate(session, issued.text)
    with pytest.raises(NotFoundError):
        keys.revoke(session, uuid4(), issued.row.id)
    for _ in range(2):
        keys.revoke(session, workspace_id, issued.row.id)
    with pytest.raises(UnauthorizedError):
        keys.authenticate(session, issued.text)
    assert {row.name for row in keys.list_keys(session, workspace_id, 10).items} == {"late", "early"}
