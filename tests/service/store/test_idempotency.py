"""An idempotency key is one answer, kept with the work; in flight is a lock that no crash can leave behind."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.store import idempotency
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions

ANSWER = {"status": 201, "headers": {"Location": "/v1/x"}, "body": b"{}"}


@pytest.fixture
def workspace_id(session: Session) -> UUID:
    return ensure_workspace(session, f"lab {uuid4()}").id


def test_a_response_is_returned_only_for_its_key(session: Session, workspace_id: UUID):
    assert idempotency.find(session, workspace_id, "k") is None
    idempotency.save(session, workspace_id, "k", "hash", ANSWER)
    stored = idempotency.find(session, workspace_id, "k")
    assert stored is not None
    assert (stored.request_hash, stored.status, stored.headers, stored.body) == ("hash", *ANSWER.values())
    assert idempotency.find(session, workspace_id, "other") is None
    assert idempotency.find(session, uuid4(), "k") is None


def test_a_key_in_flight_is_taken_until_its_request_ends(sessions: Sessions, workspace_id: UUID):
    with sessions() as first, sessions() as second:
        assert idempotency.try_lock(first, workspace_id, "k")
        assert not idempotency.try_lock(second, workspace_id, "k")
        assert idempotency.try_lock(second, workspace_id, "other")
        assert idempotency.try_lock(second, uuid4(), "k")
        first.rollback()
        assert idempotency.try_lock(second, workspace_id, "k")


def test_old_answers_are_forgotten(session: Session, workspace_id: UUID):
    for key in ("old", "new"):
        idempotency.save(session, workspace_id, key, "hash", ANSWER)
    session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '2 d' WHERE key = 'old'"))
    idempotency.forget_older(session, timedelta(days=1))
    session.expire_all()
    assert idempotency.find(session, workspace_id, "old") is None
    assert idempotency.find(session, workspace_id, "new") is not None
