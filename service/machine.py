"""Everything on one machine: servers, migration, first key, API and workers, started in order and stopped together.

Knows the other processes only by their commands; imports neither torch nor the workers.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from service.embedded import services
from service.local_keys import first_key
from service.settings import Settings
from service.store.migrations import migrate

API = (sys.executable, "-m", "service.cli", "api")
WORKER = (sys.executable, "-m", "workers")
_SECONDS_TO_START = 90.0
_SECONDS_TO_STOP = 10.0


class MachineError(RuntimeError):
    """A part of the machine could not be started or has ended; the message says which and where its log is."""


@dataclass(frozen=True, slots=True)
class Part:
    """One running process and where it logs; no log means this terminal."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path | None = None

    def check(self) -> None:
        """Raise if it has ended.

        Raises:
            MachineError: if it has.
        """
        code = self.process.poll()
        if code is not None:
            where = f"; its log is {self.log}" if self.log else ""
            raise MachineError(f"the {self.name} ended with code {code}{where}")


@dataclass(frozen=True, slots=True)
class Machine:
    """A running machine; `new_key` is there at the first start only, the one time it can be shown."""

    url: str
    settings: Settings
    parts: Sequence[Part]
    new_key: str | None = field(default=None, repr=False)

    def check(self) -> None:
        """Raise if a part has ended.

        Raises:
            MachineError: if one has.
        """
        for part in self.parts:
            part.check()

    def wait(self) -> None:
        """Return never: a part that ends, Ctrl-C or SIGTERM raise.

        Raises:
            MachineError: if a part ends.
        """
        while True:
            self.check()
            time.sleep(0.5)


@contextmanager
def machine(settings: Settings, logs: Path | None = None) -> Iterator[Machine]:
    """Start the servers that the settings do not name, migrate, and start API and worker; stop all of it at the end.

    Args:
        settings: port 0 takes a free one.
        logs: the folder where the processes log; this terminal when absent.

    Raises:
        MachineError: if a part does not start.
        EmbeddedError: if a server does not.
    """
    port = _port(settings)
    with ExitStack() as stack:
        live = stack.enter_context(services(settings.model_copy(update={"port": port})))
        migrate(live.required_database_url())
        new_key = first_key(live)
        api = stack.enter_context(_running("API", API, live, logs))
        worker = stack.enter_context(_running("worker", WORKER, live, logs))
        url = f"http://{_reachable(settings.host)}:{port}"
        _await_ready(url, api)
        yield Machine(url, live, (api, worker), new_key)


def run(name: str, command: Sequence[str], settings: Settings) -> int:
    """Run one of the commands in this terminal until it ends, and return its exit code."""
    with _running(name, command, settings, None) as part:
        return part.process.wait()


@contextmanager
def _running(name: str, command: Sequence[str], settings: Settings, logs: Path | None) -> Iterator[Part]:
    """Run a command in a session of its own, so that Ctrl-C reaches it through us, in order."""
    environment = {**os.environ, **settings.environment()}
    log = logs / f"{name.lower()}.log" if logs else None
    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield Part(name, process, log)
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, then end it and all that it started; a second Ctrl-C skips the asking."""
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_STOP)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await_ready(url: str, api: Part) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        api.check()
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/ready", timeout=5, trust_env=False).is_success:
                return
        time.sleep(0.1)
    raise MachineError(f"the API does not get ready{f'; its log is {api.log}' if api.log else ''}")


def _port(settings: Settings) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise MachineError(
                f"{settings.host}:{settings.port} cannot be used ({error.strerror}); choose another port with --port"
            ) from error
        port: int = probe.getsockname()[1]
        return port


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - only compared
