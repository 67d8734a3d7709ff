"""Stored secrets: bound to workspace, purpose and address, replaced, and sealed anew batch by batch."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from service.errors import NotFoundError
from service.integrations import credentials
from service.integrations.credentials import Bound
from service.sealing import Sealer, SealingError, add_key, make_keys
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.tables import Secret


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "keys"
    make_keys(file)
    return file


@pytest.fixture
def bound(session: Session) -> Bound:
    return Bound(ensure_workspace(session, f"lab {uuid4()}").id, "connector", "lims.example.org")


def test_a_secret_is_stored_sealed_and_read_again(session: Session, path: Path, bound: Bound):
    row = credentials.store(session, Sealer(path), bound, "hush")
    assert b"hush" not in row.sealed
    assert "hush" not in repr(row) + str(vars(row))
    assert credentials.read(session, Sealer(path), row.id, bound) == "hush"


def test_a_secret_moved_to_another_workspace_or_address_does_not_open(
    session: Session, path: Path, bound: Bound
):
    row = credentials.store(session, Sealer(path), bound, "hush")
    other = Bound(ensure_workspace(session, f"other {uuid4()}").id, "connector", "lims.example.org")
    with pytest.raises(NotFoundError):
        credentials.read(session, Sealer(path), row.id, other)
    row.workspace_id = other.workspace_id
    session.flush()
    with pytest.raises(SealingError):
        credentials.read(session, Sealer(path), row.id, other)
    row.workspace_id, row.authority = bound.workspace_id, "evil.example.org"
    session.flush()
    with pytest.raises(SealingError):
        credentials.read(session, Sealer(path), row.id, Bound(bound.workspace_id, "connector", row.authority))


def test_a_replaced_secret_stays_until_its_last_use(session: Session, path: Path, bound: Bound):
    old = credentials.store(session, Sealer(path), bound, "hush")
    new = credentials.replace(session, Sealer(path), old.id, bound, "hushed")
    session.refresh(old)
    assert (old.replaced_at is not None, new.replaced_at) == (True, None)
    assert credentials.read(session, Sealer(path), old.id, bound) == "hush"
    assert credentials.read(session, Sealer(path), new.id, bound) == "hushed"
    with pytest.raises(NotFoundError):
        credentials.replace(session, Sealer(path), uuid4(), bound, "hushed")


def test_sealing_anew_can_be_stopped_and_run_again(
    sessions: Sessions, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(credentials, "_BATCH", 2)
    sealer = Sealer(path)
    with sessions.begin() as session:
        bound = Bound(ensure_workspace(session, f"lab {uuid4()}").id, "connector", "lims.example.org")
        ids = [credentials.store(session, sealer, bound, f"hush {number}").id for number in range(5)]
    add_key(path)
    stopped = Stopping(sealer, 3)
    with pytest.raises(KeyboardInterrupt):
        credentials.reseal_all(sessions, stopped)  # type: ignore[arg-type]
    report = credentials.reseal_all(sessions, sealer)
    assert (report.n_all, report.n_changed, report.lost) == (5, 3, [])
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with sessions() as session:
        assert [credentials.read(session, sealer, row, bound) for row in ids] == [
            f"hush {number}" for number in range(5)
        ]
        session.get_one(Secret, ids[2]).sealed = b"damaged"
        session.commit()
    add_key(path)
    report = credentials.reseal_all(sessions, sealer)
    assert (report.n_all, report.n_changed) == (5, 4)
    assert [text.split()[0] for text in report.lost] == [str(ids[2])]
    _forget(sessions, ids)


def test_stored_secrets_without_a_key_are_warned_of_at_the_start(sessions: Sessions, path: Path):
    with capture_logs() as logs:
        credentials.warn_of_missing_keys(sessions, Sealer(None))
    assert logs == []
    with sessions.begin() as session:
        bound = Bound(ensure_workspace(session, f"lab {uuid4()}").id, "webhook")
        row = credentials.store(session, Sealer(path), bound, "hush").id
    with capture_logs() as logs:
        credentials.warn_of_missing_keys(sessions, Sealer(path))
        assert logs == []
        credentials.warn_of_missing_keys(sessions, Sealer(path.with_name("absent")))
    (line,) = logs
    assert line["log_level"] == "warning"
    assert "ASSAYFLOW_SECRET_KEYS_FILE" in line["problem"]
    _forget(sessions, [row])


class Stopping:
    """A sealer that is interrupted at its n-th secret."""

    def __init__(self, sealer: Sealer, at: int) -> None:
        self._sealer, self._left = sealer, at

    def check(self) -> None:
        self._sealer.check()

    def reseal(self, token: bytes) -> bytes:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
        return self._sealer.reseal(token)


def _forget(sessions: Sessions, ids: list[UUID]) -> None:
    with sessions.begin() as session:
        for row in ids:
            session.delete(session.get_one(Secret, row))
