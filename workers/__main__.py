"""`python -m workers`: keep a worker of each role running, or run one of them.

See `workers.app` for the roles.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import final

from models.safety.hazard_lists import load_hazard_lists
from service.logs import configure_logs
from service.presence import ROLES, Role
from service.settings import Settings
from service.supervision import Part, PartError, Supervisor, Watchdog, die_with_parent
from workers.app import run_worker
from workers.pulse import Pulse
from workers.termination import SIGNALS, TerminationSignal

OPTIONS = (
    ("--beat", "upkeep", "only requeue lost rounds and jobs"),
    ("--no-beat", "rounds", "only compute rounds and backtests"),
    ("--fast", "fast", "only serve samples and predictions"),
    ("--io", "io", "only talk to other systems: connectors and webhooks"),
)
SILENT_SECONDS = 30.0
"""A role whose process has been frozen for this long is killed and restarted."""
_BEAT_SECONDS = 1.0
_LOOK_SECONDS = 0.2
_SECONDS_TO_STOP = 25.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line's role, or all roles, and return the exit status."""
    signal.signal(signal.SIGTERM, _end_early)  # PID 1 of a container has no default handler for SIGTERM
    parser = argparse.ArgumentParser(
        "python -m workers", description="Compute rounds and jobs; requeue lost ones."
    )
    role = parser.add_mutually_exclusive_group()
    for option, name, help_text in OPTIONS:
        role.add_argument(option, dest="role", action="store_const", const=name, help=help_text)
    parser.add_argument("--loglevel", type=str.lower, choices=["debug", "info", "warning", "error"])
    options = parser.parse_args(arguments)
    settings = Settings()
    if options.loglevel:
        settings = settings.model_copy(update={"log_level": options.loglevel})
    return run_worker(settings, options.role) if options.role else keep_running(settings)


def keep_running(settings: Settings) -> int:
    """Keep one process per role running until a signal ends this one; return the exit status.

    Raises:
        HazardListError: if the operator names a hazard list that cannot be used.
    """
    load_hazard_lists(settings.hazard_lists)
    configure_logs(settings.log_format, settings.log_level)
    ending, supervisor = TerminationSignal(), Supervisor()
    for role in ROLES:
        supervisor.add(_part(settings, role))
    try:
        while not ending.is_requested:
            supervisor.look()
            supervisor.check()
            ending.sleep(_LOOK_SECONDS)
    except PartError as error:
        sys.stderr.write(f"workers: {error}\n")
        return 1
    finally:
        supervisor.stop_all()
    return 0


def _part(settings: Settings, role: Role) -> Part:
    """Return the supervised process of a role."""
    pulse = Pulse()
    watchdog = Watchdog(lambda: pulse.last_beat, SILENT_SECONDS)
    start = partial(_fork, settings, role, pulse)
    return Part(f"{role} worker", start, seconds_to_stop=_SECONDS_TO_STOP, watchdog=watchdog)


@final
class Forked:
    """A forked child of this process; implements `service.supervision.Child`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code if the child has ended."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def send_signal(self, sig: int, /) -> None:
        """Send a signal unless the child has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the child to end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            time.sleep(0.02)
        return code


def _fork(settings: Settings, role: Role, pulse: Pulse) -> Forked:
    """Start a role in a forked child of this process.

    This process has no thread and no connection, so forking is safe; it is also faster than starting a
    program. The child has its own session: it receives Ctrl-C from this process only. It dies with this
    process.
    """
    parent = os.getpid()
    if pid := os.fork():
        return Forked(pid)
    code = 1
    try:
        die_with_parent(parent)
        os.setsid()
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, _end_early)
        threading.Thread(target=_beat, args=(pulse,), name="pulse", daemon=True).start()
        code = run_worker(settings, role)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - nothing may return into the parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _beat(pulse: Pulse) -> None:
    """Record heartbeats for as long as this process runs. Takes no lock, so that forking stays safe."""
    while True:
        pulse.beat()
        time.sleep(_BEAT_SECONDS)


def _end_early(_number: int, _frame: object) -> None:
    """Exit before any work has been claimed."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
