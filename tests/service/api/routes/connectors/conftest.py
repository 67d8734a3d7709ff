"""The application with a made-up kind of connector, keys to seal with, and a lab system on loopback."""

from collections.abc import Iterator

import made_up_kinds
import pytest
from api_actors import Api, Worker
from connector_caller import CREDENTIALS, Lab
from fastapi import FastAPI
from made_up_lims import MadeUpServer

from service.app import create_app
from service.sealing import make_keys
from service.settings import Settings
from workers.context import WorkerContext


@pytest.fixture(scope="module", autouse=True)
def _kinds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        made_up_kinds.install(patch)
        yield


@pytest.fixture(scope="module")
def operated(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The operator's settings: loopback is listed, and there is a file of keys."""
    keys = tmp_path_factory.mktemp("keys") / "keys"
    make_keys(keys)
    return settings.model_copy(update={"connector_hosts": "public,127.0.0.1", "secret_keys_file": keys})


@pytest.fixture(scope="module")
def app(operated: Settings) -> FastAPI:
    return create_app(operated)


@pytest.fixture(scope="module")
def context(operated: Settings) -> Iterator[WorkerContext]:
    made = WorkerContext(operated, loads_science=False)
    yield made
    made.reader.close()
    made.sessions.kw["bind"].dispose()


@pytest.fixture
def lims() -> Iterator[MadeUpServer]:
    made = MadeUpServer()
    yield made
    made.close()


@pytest.fixture
def lab(api: Api, lims: MadeUpServer, context: WorkerContext) -> Lab:
    body = {"name": "LIMS", "kind": "made_up", "base_url": lims.base_url, "credentials": CREDENTIALS}
    response = api.client.post("/v1/connectors", json=body)
    assert response.status_code == 201, response.text
    return Lab(api, lims, context, response.json()["id"])


@pytest.fixture
def campaign(api: Api, worker: Worker) -> str:
    """A campaign whose first batch was released."""
    found = api.campaign()["id"]
    worker.finish(api.round(found))
    released = api.client.post(f"/v1/campaigns/{found}/rounds/1/release")
    assert released.status_code == 200, released.text
    return str(found)
