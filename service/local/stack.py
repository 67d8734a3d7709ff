"""Run everything on one machine.

Servers, migration, first key, API and workers start in order and stop together. Processes that end are
restarted; none outlives this process. They are run by their commands: this module imports neither torch nor
the workers.
"""

import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from service import presence
from service.local.keys import first_key
from service.local.servers import services
from service.settings import Settings
from service.store.migrations import migrate
from service.supervision import SECONDS_TO_STOP, Part, PartError, Supervisor, launch

API = (sys.executable, "-m", "service.cli.main", "api")
WORKER = (sys.executable, "-m", "workers")
_SECONDS_TO_START = 90.0
_WORKER_SECONDS_TO_STOP = 30.0
"""Workers checkpoint and requeue their work before they end."""


class LocalStackError(RuntimeError):
    """A process could not be started or kept running; the message names it and its log."""


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A running stack; `new_key` is set at the first start only, because it can be shown only once."""

    url: str
    settings: Settings
    supervisor: Supervisor = field(repr=False)
    new_key: str | None = field(default=None, repr=False)

    @property
    def parts(self) -> Sequence[Part]:
        """The supervised processes."""
        return self.supervisor.parts

    def check(self) -> None:
        """Raise if a process cannot be kept running.

        Raises:
            LocalStackError: if one was given up.
        """
        try:
            self.supervisor.check()
        except PartError as error:
            raise LocalStackError(str(error)) from error

    def wait(self) -> None:
        """Block until a process is given up, or Ctrl-C or SIGTERM raises.

        Raises:
            LocalStackError: if a process is given up.
        """
        while True:
            self.check()
            time.sleep(0.5)


@contextmanager
def start_local_stack(settings: Settings, logs: Path | None = None) -> Iterator[LocalStack]:
    """Run the whole service for the block: embedded servers where needed, migration, API and workers.

    Args:
        settings: port 0 selects a free port.
        logs: the folder of the processes' logs; this terminal when absent.

    Raises:
        LocalStackError: if a process does not start.
        EmbeddedError: if a server does not start.
    """
    port = _port(settings)
    with ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor().watching())
        live = stack.enter_context(services(settings.model_copy(update={"port": port}), supervisor))
        migrate(live.required_database_url())
        new_key = first_key(live)
        url = f"http://{_reachable(settings.host)}:{port}"
        if settings.redis_url is None:
            with presence.opened(live.required_redis_url()) as client:
                presence.forget(client)  # presence records of a killed earlier run are outdated
        running = LocalStack(url, live, supervisor, new_key)
        stack.enter_context(supervisor.running(_part("API", API, live, logs)))
        stack.enter_context(supervisor.running(_part("worker", WORKER, live, logs, _WORKER_SECONDS_TO_STOP)))
        _await_ready(running)
        yield running


def run(name: str, command: Sequence[str], settings: Settings) -> int:
    """Run a command in this terminal until it ends, and return its exit code."""
    supervisor = Supervisor()  # it does not watch: when the process ends, so does this command
    with supervisor.running(_part(name, command, settings, None, _WORKER_SECONDS_TO_STOP)) as part:
        return part.process.wait()


def _part(
    name: str, command: Sequence[str], settings: Settings, logs: Path | None, seconds_to_stop: float = SECONDS_TO_STOP
) -> Part:
    """Return the supervised process of a command; a new run replaces the log, a restart appends to it."""
    log = logs / f"{name.lower()}.log" if logs else None
    if log is not None:
        log.unlink(missing_ok=True)
    environment = {**os.environ, **settings.environment()}
    return Part(
        name, partial(launch, tuple(command), environment=environment, log=log), log, seconds_to_stop=seconds_to_stop
    )


def _await_ready(running: LocalStack) -> None:
    """Wait until the API, the database and a consumer of each queue respond.

    Raises:
        LocalStackError: if they do not respond in time, or a process ends: during the start this is an error.
    """
    deadline = time.monotonic() + _SECONDS_TO_START
    missing = "the API does not answer"
    while time.monotonic() < deadline:
        for part in running.parts:
            if part.code is not None and part.code >= 0:
                raise LocalStackError(part.describe_end())
        running.check()
        with suppress(httpx.TransportError):
            answer = httpx.get(f"{running.url}/health/ready", timeout=10, trust_env=False)
            if answer.is_success:
                return
            missing = _detail(answer)
        time.sleep(0.1)
    logs = ", ".join(sorted({str(part.log) for part in running.parts if part.log}))
    raise LocalStackError(
        f"not ready after {_SECONDS_TO_START:.0f} seconds: {missing}{f'; see {logs}' if logs else ''}"
    )


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the API answers {answer.status_code}"


def _port(settings: Settings) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            address = f"{settings.host}:{settings.port}"
            raise LocalStackError(
                f"{address} cannot be used ({error.strerror}); choose another port with --port"
            ) from error
        port: int = probe.getsockname()[1]
        return port


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - only compared
