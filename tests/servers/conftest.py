"""Real servers of other people's software: each in an environment of its own below `.servers/`.

`make test-servers` makes the environments and runs these tests; no other run selects them.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from installed_connectors import installed
from psycopg import sql
from round_lab import live_sessions, make_lab  # noqa: F401 - fixtures
from sqlalchemy.engine import make_url

from service.address_rules import read_rules
from service.lims.contract import Connector
from service.outbound.pinned_http import Http, HttpEnvironment
from service.settings import Settings

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests with servers unless their mark is selected."""
    if "servers" in config.option.markexpr:
        return
    servers = [item for item in items if item.get_closest_marker("servers")]
    config.hook.pytest_deselected(items=servers)
    items[:] = [item for item in items if item not in servers]


@pytest.fixture(scope="session")
def kadi_server(servers: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running Kadi4Mat: `base_url`, `token`, `reading_token` and the lab's own `lab_token`."""
    with _served("kadi4mat", servers, tmp_path_factory.mktemp("kadi4mat")) as ready:
        yield ready


@pytest.fixture(scope="session")
def sampledb_server(servers: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A running SampleDB: `base_url`, `username`, `password` and `action_id`."""
    with _served("sampledb", servers, tmp_path_factory.mktemp("sampledb")) as ready:
        yield ready


@pytest.fixture
def installed_sampledb(tmp_path: Path) -> Iterator[type[Connector]]:
    """The connector of the tutorial, found by its entry point."""
    source = ROOT / "examples" / "connectors" / "sampledb.py"
    with installed(source, "sampledb = lab_sampledb:SampleDBConnector", tmp_path) as kind:
        yield kind


@pytest.fixture
def connected() -> Any:
    """Return a function that opens connections to a base URL on this machine."""
    return lambda base_url: Http(base_url, HttpEnvironment(read_rules("127.0.0.1")))


@contextmanager
def _served(name: str, settings: Settings, folder: Path) -> Iterator[dict[str, Any]]:
    python = ROOT / ".servers" / name / "bin" / "python"
    assert python.exists(), f"there is no environment of {name}: run `make test-servers`"
    with psycopg.connect(_url(settings, "postgresql", "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [python, PROGRAMS / f"serve_{name}.py", _url(settings, "postgresql+psycopg2", name), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
        )
    try:
        line = process.stdout.readline()
        assert line, f"{name} did not start:\n{(folder / 'server.log').read_text()[-4000:]}"
        yield json.loads(line)
    finally:
        process.kill()
        process.communicate(timeout=10)


def _url(settings: Settings, driver: str, database: str) -> str:
    url = make_url(settings.required_database_url()).set(drivername=driver, database=database)
    return url.render_as_string(hide_password=False)
