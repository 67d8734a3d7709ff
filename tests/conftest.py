"""A real PostgreSQL, Redis and Celery worker for the tests that need them; a tiny domain for all."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from redis import Redis
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

# One core per process: timings stay comparable and numbers identical. Read by torch when a test imports it.
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
# What is set for the product is not for its tests, but for a file or a program that judges a fake.
_JUDGES = {"ASSAYFLOW_ELABFTW_OPENAPI", "ASSAYFLOW_PYBIS_PYTHON"}
for _name in [name for name in os.environ if name.startswith("ASSAYFLOW_")]:
    if _name not in _JUDGES:
        del os.environ[_name]

from service.local.servers import services  # noqa: E402 - the environment comes first
from service.settings import Settings  # noqa: E402
from service.store.migrations import migrate  # noqa: E402
from service.store.session import Sessions, opened  # noqa: E402

pytest.register_assert_rewrite("kadi4mat_scenarios")

# A busy machine is no failure, and a run can be repeated.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")

ROOT = Path(__file__).parents[1]
TEMPLATE = "template_of_tests"
_numbers = count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[Settings]:
    """Embedded servers for the whole run, with a migrated database to copy from."""
    # Not in pytest's own folder: run as root, PostgreSQL is another user, whom the next pytest would lock out
    # of it.
    with TemporaryDirectory(prefix="assayflow-tests-") as folder:
        yield from _served(Path(folder))


def _served(folder: Path) -> Iterator[Settings]:
    # Quick leases: tests wait for them to expire.
    quick = Settings(
        data_dir=folder,
        lease_seconds=3,
        heartbeat_seconds=0.5,
        progress_seconds=0.1,
        sweep_seconds=1,
        torch_threads=1,
        device="cpu",
    )
    with services(quick) as settings:
        for statement in (
            "ALTER SYSTEM SET fsync = off",
            "SELECT pg_reload_conf()",
        ):  # nothing here must last
            _execute(settings, statement)
        _execute(settings, "CREATE DATABASE {}", TEMPLATE)
        migrate(_database_url(settings, TEMPLATE))
        yield settings


@pytest.fixture(scope="module")
def settings(servers: Settings) -> Settings:
    """Settings with a database and a queue of this module's own, both empty."""
    number = next(_numbers)
    name = f"module_{number}"
    _execute(servers, "CREATE DATABASE {} TEMPLATE {}", name, TEMPLATE)
    queue = servers.required_redis_url().removesuffix("/0") + f"/{number % 15 + 1}"
    with Redis.from_url(queue) as redis:
        redis.flushdb()
    database = _database_url(servers, name)
    return servers.model_copy(update={"database_url": SecretStr(database), "redis_url": SecretStr(queue)})


@pytest.fixture(scope="module")
def sessions(settings: Settings) -> Iterator[Sessions]:
    """Sessions on the module's database; nothing is sent when they commit."""
    with opened(settings.required_database_url()) as made:
        yield made


@pytest.fixture
def session(sessions: Sessions) -> Iterator[Session]:
    """A session whose changes are undone after the test."""
    with sessions() as made:
        yield made
        made.rollback()


StartWorker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def start_worker(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartWorker]:
    """Start `python -m workers` in a session of its own; what still runs is killed after the module's tests.

    Keywords change its settings. `program` is Python code to run instead, with the options as arguments.
    """
    folder = tmp_path_factory.mktemp("workers")
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, program: str | None = None, **changes: object) -> "subprocess.Popen[bytes]":
        environment = settings.model_copy(update=changes).environment()
        path = os.pathsep.join(str(ROOT / part) for part in ("", "tests/plugin", "tests/support"))
        log = (folder / f"worker-{len(started)}.log").open("wb")
        with log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, *(("-c", program) if program else ("-m", "workers")), *options],
                env={**os.environ, **environment, "PYTHONPATH": path},
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(10)


def _database_url(settings: Settings, name: str) -> str:
    return make_url(settings.required_database_url()).set(database=name).render_as_string(hide_password=False)


def _execute(settings: Settings, statement: str, *names: str) -> None:
    url = _database_url(settings, "postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]
