"""The embedded servers: they start anywhere, keep their data, are shared, and leave nothing running."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from service.local.servers import EmbeddedError, database, services
from service.settings import Settings

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, time
from service.local.servers import services
from service.settings import Settings
with services(Settings(data_dir=sys.argv[1])) as settings:
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="assayflow-tests-") as made:
        yield Path(made) / "a folder"


def servers_of(folder: Path) -> list[psutil.Process]:
    """Return the servers of a folder that run; a zombie has ended."""
    processes = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or ())
        is_server = "postgres" in command or "redis-server" in command
        if str(folder) in command and is_server and process.info["status"] != psutil.STATUS_ZOMBIE:
            processes.append(process)
    return processes


@contextmanager
def running(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Yield a program that has started the servers of a folder."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-c", PROGRAM, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def execute(settings: Settings, statement: str) -> list[tuple[object, ...]]:
    url = settings.required_database_url().replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def test_data_survive_a_restart_and_nothing_stays_behind(folder: Path):
    wish = Settings(data_dir=folder)
    with services(wish) as first:
        execute(first, "CREATE TABLE kept AS SELECT 7 AS number")
        with Redis.from_url(first.required_redis_url()) as redis:
            redis.set("kept", "7")
        assert len(servers_of(folder)) >= 2
    assert servers_of(folder) == []
    with services(wish) as second:
        assert execute(second, "SELECT number FROM kept") == [(7,)]
        with Redis.from_url(second.required_redis_url()) as redis:
            assert redis.get("kept") == b"7"
    assert servers_of(folder) == []
    assert not (folder / "services.json").exists()


def test_redis_wants_its_password_and_files_with_it_are_private(folder: Path):
    with services(Settings(data_dir=folder)) as settings:
        url = settings.required_redis_url()
        with (
            Redis.from_url("redis://127.0.0.1:" + url.rpartition(":")[2]) as stranger,
            pytest.raises(AuthenticationError),
        ):
            stranger.ping()
        password = url.removeprefix("redis://:").partition("@")[0]
        for process in servers_of(folder):
            assert password not in " ".join(process.cmdline())
        for file in (folder / "services.json", folder / "redis" / "redis.conf"):
            assert password in file.read_text()
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_process_shares_and_leaves_the_servers_alone(folder: Path):
    with running(folder) as owner:
        with services(Settings(data_dir=folder)) as shared:
            assert execute(shared, "SELECT 1") == [(1,)]
        assert len(servers_of(folder)) >= 2
        owner.terminate()
        assert owner.wait(30) == 128 + signal.SIGTERM
    assert servers_of(folder) == []


def test_ctrl_c_leaves_nothing_running_however_often_it_is_pressed(folder: Path):
    with running(folder) as owner:
        for _ in range(3):
            os.killpg(owner.pid, signal.SIGINT)
            time.sleep(0.02)
        owner.wait(30)
    assert servers_of(folder) == []


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_servers_end_with_the_process_that_started_them_and_keep_what_they_have(folder: Path):
    with services(Settings(data_dir=folder)) as settings:
        execute(settings, "CREATE TABLE saved AS SELECT 8 AS number")
    with running(folder) as owner:
        sockets = Path((folder / "sockets").read_text())
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        owner.kill()
        owner.wait()
    wait_until(lambda: servers_of(folder) == [])
    with services(Settings(data_dir=folder)) as settings:
        assert execute(settings, "SELECT number FROM saved") == [(8,)]
    assert servers_of(folder) == []
    assert not sockets.exists()


def answers(url: str) -> bool:
    with Redis.from_url(url) as redis, suppress(RedisError):
        return bool(redis.ping())
    return False


def queried(settings: Settings) -> list[tuple[int]]:
    with suppress(psycopg.OperationalError):
        return execute(settings, "SELECT number FROM again")
    return []


def test_servers_that_are_killed_are_started_anew_where_they_were(folder: Path):
    with services(Settings(data_dir=folder)) as settings:
        execute(settings, "CREATE TABLE again AS SELECT 9 AS number")
        url = settings.required_redis_url()
        with Redis.from_url(url) as redis:
            redis.set("again", 9)
        for process in servers_of(folder):
            process.kill()
        wait_until(lambda: answers(url))
        with Redis.from_url(url) as redis:
            assert redis.get("again") == b"9"
        wait_until(lambda: queried(settings) == [(9,)])
    assert servers_of(folder) == []


def test_a_stale_pid_of_another_process_is_ignored(folder: Path):
    with services(Settings(data_dir=folder)):
        lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
    stale = "\n".join([str(os.getpid()), *lines[1:], ""])
    (folder / "postgres" / "postmaster.pid").write_text(stale)
    (folder / "redis" / "redis.pid").write_text(f"{os.getpid()}\n")
    with services(Settings(data_dir=folder)) as settings:
        assert execute(settings, "SELECT 1") == [(1,)]


def test_the_file_of_keys_is_made_beside_an_embedded_database_and_kept(folder: Path):
    with database(Settings(data_dir=folder)) as live:
        assert live.secret_keys_file == folder.resolve() / "secret_keys"
        made = live.secret_keys_file.read_text()
        assert live.secret_keys_file.stat().st_mode & 0o777 == 0o600
    with database(Settings(data_dir=folder)) as live:
        assert live.secret_keys_file is not None
        assert live.secret_keys_file.read_text() == made


def test_servers_that_the_settings_name_are_not_started(tmp_path: Path):
    folder = tmp_path / "unused"
    named = Settings(data_dir=folder, database_url="postgresql+psycopg://db/x", redis_url="redis://queue/0")
    with services(named) as settings:
        assert settings is named
        assert not folder.exists()


def test_without_the_wheels_the_error_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.local.servers.find_spec", lambda _: None)
    with pytest.raises(EmbeddedError, match="set ASSAYFLOW_DATABASE_URL, or install"), services(Settings()):
        pass
    with (
        pytest.raises(EmbeddedError, match="set ASSAYFLOW_REDIS_URL, or install"),
        services(Settings(database_url="postgresql+psycopg://nowhere", data_dir=tmp_path)),
    ):
        pass


def test_commands_without_a_queue_need_no_redis(tmp_path: Path):
    settings = Settings(database_url="postgresql+psycopg://nowhere", data_dir=tmp_path)
    with database(settings) as live:
        assert live is settings
    assert list(tmp_path.iterdir()) == []
