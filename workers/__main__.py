"""`python -m workers`: a round worker, a fast worker and upkeep, kept running, or one of them. See `workers.app`."""

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
    ("--beat", "upkeep", "only look after lost rounds and jobs"),
    ("--no-beat", "rounds", "only compute rounds and backtests"),
    ("--fast", "fast", "only answer samples and predictions"),
)
SILENT_SECONDS = 30.0
"""A role whose process is frozen for so long is killed and started anew."""
_BEAT_SECONDS = 1.0
_LOOK_SECONDS = 0.2
_SECONDS_TO_STOP = 25.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit status."""
    signal.signal(signal.SIGTERM, _end_early)  # the first process of a container has no default for it
    parser = argparse.ArgumentParser(prog="python -m workers", description="Do rounds and jobs, and find lost ones.")
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
    """Keep a process of every role running until a signal ends it; return the exit status.

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
    """Return how a role is kept running."""
    pulse = Pulse()
    watchdog = Watchdog(lambda: pulse.last_beat, SILENT_SECONDS)
    start = partial(_fork, settings, role, pulse)
    return Part(f"{role} worker", start, seconds_to_stop=_SECONDS_TO_STOP, watchdog=watchdog)


@final
class Forked:
    """A child of this process, as `service.supervision.Child` wants it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code if it has ended."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def send_signal(self, sig: int, /) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            time.sleep(0.02)
        return code


def _fork(settings: Settings, role: Role, pulse: Pulse) -> Forked:
    """Start a role in a child of this process, which has no thread and no connection: that is quick, and no program.

    The child has a session of its own, so that Ctrl-C reaches it through us, and dies with us.
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
    """Give signs of life for as long as this process runs; it takes no lock, so forks of this process are safe."""
    while True:
        pulse.beat()
        time.sleep(_BEAT_SECONDS)


def _end_early(_number: int, _frame: object) -> None:
    """End before there is anything to give back."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
