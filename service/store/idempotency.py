"""SQL of idempotency keys.

The stored answer is written in the transaction of the work itself, so that both are there or neither. While a
request is in flight it holds an advisory lock, which a crash releases: no key can be stuck.
"""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store.tables import IdempotencyKey


def try_lock(session: Session, workspace_id: UUID, key: str) -> bool:
    """Take the key until the transaction ends; False while another request has it."""
    digest = hashlib.sha256(f"{workspace_id}:{key}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    return session.scalars(select(func.pg_try_advisory_xact_lock(number))).one() is True


def find(session: Session, workspace_id: UUID, key: str) -> IdempotencyKey | None:
    """Return the stored answer of a key."""
    return session.get(IdempotencyKey, (workspace_id, key))


def save(session: Session, workspace_id: UUID, key: str, request_hash: str, answer: dict[str, Any]) -> None:
    """Store an answer (`status`, `headers`, `body`) under its key."""
    session.add(IdempotencyKey(workspace_id=workspace_id, key=key, request_hash=request_hash, **answer))
    session.flush()


def forget_older(session: Session, age: timedelta) -> None:
    """Drop answers that nobody will ask for again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < func.now() - age))
