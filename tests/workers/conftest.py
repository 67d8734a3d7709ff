"""Workers at their work: a campaign with a real queue, and webhooks that are received."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from round_lab import Lab, live_sessions, make_lab  # noqa: F401 - fixtures
from webhook_hooks import Hook
from webhook_receivers import Receiver, webhook_receiver

from service.sealing import make_keys
from service.settings import Settings
from service.store.session import Sessions
from workers.context import WorkerContext


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as made:
        yield made


@pytest.fixture
def hooked(settings: Settings, sessions: Sessions, tmp_path: Path) -> WorkerContext:
    """A worker's context that may call this machine and seal secrets."""
    keys = tmp_path / "keys"
    make_keys(keys)
    changes = {"secret_keys_file": keys, "webhook_hosts": "127.0.0.1", "artefacts_dir": tmp_path}
    made = WorkerContext(settings.model_copy(update=changes))
    made.sessions = sessions
    return made


@pytest.fixture
def hook(hooked: WorkerContext, receiver: Receiver) -> Hook:
    return Hook(hooked, receiver.url)
