"""The application behind a real server, over a real PostgreSQL and Redis, and callers of it."""

import copy
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import structlog
from api_actors import SPEC, Api, Worker, serving
from fastapi import FastAPI

from service import keys
from service.app import create_app
from service.keys import Scope
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions

NewKey = Callable[..., tuple[str, UUID]]
OpenClient = Callable[[str | None], httpx.Client]


@pytest.fixture(scope="module", autouse=True)
def _quiet_logs() -> Iterator[None]:
    """Print nothing: the server's thread must not write to a standard output that pytest replaces."""
    before = structlog.get_config()
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings.model_copy(update={"max_upload_bytes": 200_000}))


@pytest.fixture(scope="module")
def base_url(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def new_key(sessions: Sessions) -> NewKey:
    """Make a key: of a new workspace, unless one is given."""

    def make(*scopes: Scope, workspace: str | None = None, **options: Any) -> tuple[str, UUID]:
        with sessions.begin() as session:
            owner = ensure_workspace(session, workspace or uuid4().hex)
            return keys.issue(session, owner.id, "test", scopes or keys.SCOPES, **options).text, owner.id

    return make


@pytest.fixture
def open_client(base_url: str) -> Iterator[OpenClient]:
    """Open clients with a key, or without one; they are closed when the test ends."""
    opened: list[httpx.Client] = []

    def make(key: str | None) -> httpx.Client:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        opened.append(httpx.Client(base_url=base_url, headers=headers, timeout=30))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def api(new_key: NewKey, open_client: OpenClient) -> Api:
    """A caller of a workspace of its own, with every scope."""
    key, workspace_id = new_key()
    return Api(open_client(key), workspace_id)


@pytest.fixture
def worker(sessions: Sessions) -> Worker:
    return Worker(sessions)


@pytest.fixture
def campaign_spec() -> dict[str, Any]:
    """A specification that may be changed."""
    return copy.deepcopy(SPEC)
