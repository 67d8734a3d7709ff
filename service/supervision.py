"""Keep processes running: start them, restart them when they end, and let none outlive its parent.

This module does not depend on what the processes do. A process that ends repeatedly soon after its start is
given up, and `check` raises.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, final

import structlog

FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS = 0.2, 30.0
"""The delay doubles with each restart, from the first to the longest delay."""
STEADY_SECONDS = 30.0
"""A process that ran this long has started; one that ends sooner failed fast."""
FAST_FAILURES = 8
"""A process is given up after this number of fast failures in a row."""
SECONDS_TO_STOP = 10.0
"""A process that does not end in this time after its signal is killed."""
_LOOK_SECONDS = 0.1
_LONGEST_LOOK_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_log = structlog.get_logger(__name__)


class PartError(RuntimeError):
    """A process cannot be kept running; the message names it and its log."""


class Child(Protocol):
    """A child process, with the interface of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code if the child has ended; a negative code is the signal that ended it."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal unless the child has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the child to end.

        Raises:
            subprocess.TimeoutExpired: if it does not end in time.
        """


def die_with_parent(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent dies, for whatever reason (Linux only).

    An orphan would keep holding a lease, a port or a folder. The setting survives `exec`. If the parent is
    already dead, the signal comes at once.

    Args:
        parent: the process id of the parent; the kernel watches its thread that started this process.
        how: the signal.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:
            os.kill(os.getpid(), how)


def launch(
    command: tuple[str, ...],
    *,
    environment: dict[str, str] | None = None,
    log: Path | None = None,
    user: str | None = None,
    end: signal.Signals = signal.SIGKILL,
) -> "subprocess.Popen[bytes]":
    """Start a command in its own session, which ends with this process and gets Ctrl-C through it.

    Args:
        command: the program and its arguments.
        environment: all of its variables; this process's when absent.
        log: the file to which its output is appended; this terminal when absent.
        user: the user that runs it; this process's user when absent.
        end: the signal that it gets when this process dies.
    """
    out = log.open("ab") if log else None
    try:
        return subprocess.Popen(  # noqa: S603 - our own commands
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            user=user,
            # Between fork and exec only the C library is called, and no lock is taken that another thread may
            # hold.
            preexec_fn=partial(die_with_parent, os.getpid(), end),  # noqa: PLW1509
        )
    finally:
        if out is not None:
            out.close()


def stop(child: Child, how: signal.Signals = signal.SIGTERM, seconds: float = SECONDS_TO_STOP) -> None:
    """Signal a process, wait for its end, then kill it and its group; a second Ctrl-C skips the wait."""
    try:
        child.send_signal(how)
    finally:
        _await_end(child, seconds)


def _await_end(child: Child, seconds: float) -> None:
    try:
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@final
@dataclass(slots=True)
class Restarts:
    """Count fast failures in a row, and derive the delay before the next start. Without side effects."""

    failures: int = 0

    def after(self, lived_seconds: float) -> float | None:
        """Return the delay in seconds after a process ended, or None if it is given up."""
        self.failures = 0 if lived_seconds >= STEADY_SECONDS else self.failures + 1
        if self.failures >= FAST_FAILURES:
            return None
        return float(min(FIRST_WAIT_SECONDS * 2 ** max(self.failures - 1, 0), LAST_WAIT_SECONDS))


@final
@dataclass(slots=True)
class Watchdog:
    """Measure the silence of a process: `sign` returns a new value with each heartbeat.

    Silence is counted only while this process runs: after a suspended machine wakes up, no process counts as
    silent.
    """

    sign: Callable[[], float]
    timeout_seconds: float
    _last_sign: float = field(default=0.0, init=False)
    _looked: float = field(default_factory=time.monotonic, init=False)
    _silent: float = field(default=0.0, init=False)

    def is_expired(self) -> bool:
        """Return whether the process has been silent for longer than the timeout."""
        now, sign_of_life = time.monotonic(), self.sign()
        since, self._looked = now - self._looked, now
        self._silent = 0.0 if sign_of_life != self._last_sign else self._silent + min(since, _LONGEST_LOOK_SECONDS)
        self._last_sign = sign_of_life
        return self._silent > self.timeout_seconds


@final
@dataclass(slots=True, eq=False)
class Part:
    """One supervised process: restarted when it ends, and killed when its watchdog expires, if it has one.

    `log` is the file of its output, if that is not this terminal.
    """

    name: str
    start: Callable[[], Child]
    log: Path | None = None
    how_to_stop: signal.Signals = signal.SIGTERM
    seconds_to_stop: float = SECONDS_TO_STOP
    watchdog: Watchdog | None = None
    process: Child = field(init=False, repr=False)
    code: int | None = field(default=None, init=False)
    """The last exit code."""
    failure: str | None = field(default=None, init=False)
    """The reason why it was given up."""
    _restarts: Restarts = field(default_factory=Restarts, init=False, repr=False)
    _started: float = field(default=0.0, init=False, repr=False)
    _due: float | None = field(default=None, init=False, repr=False)

    def begin(self) -> None:
        """Start the process."""
        self._due, self._started = None, time.monotonic()
        self.process = self.start()

    def look(self) -> None:
        """Check whether the process has ended, and restart it when its delay is over."""
        if self.failure is not None:
            return
        if self._due is not None:
            if time.monotonic() >= self._due:
                self._restart()
        elif (code := self.process.poll()) is not None:
            self._ended(code)
        elif self.watchdog is not None and self.watchdog.is_expired():
            _log.error("silent part killed", part=self.name, pid=self.process.pid)
            self.process.send_signal(signal.SIGKILL)

    def describe_end(self) -> str:
        """Return how the process ended and where its log is."""
        code = self.code or 0
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"the {self.name} {how}" + (f"; its log is {self.log}" if self.log else "")

    def _restart(self) -> None:
        try:
            self.begin()
        except OSError as error:
            _log.error("part cannot be started", part=self.name, error=str(error))
            self._ended(-signal.SIGKILL)
        else:
            _log.warning("part restarted", part=self.name, pid=self.process.pid)

    def _ended(self, code: int) -> None:
        now = time.monotonic()
        self.code = code
        wait = self._restarts.after(now - self._started)
        if wait is None:
            self.failure = f"{self.describe_end()}; it was started {FAST_FAILURES} times in vain"
            _log.error("part given up", part=self.name, reason=self.failure)
            return
        self._due = now + wait
        _log.warning("part ended", part=self.name, code=code, starts_again_in=wait, log=str(self.log or "here"))


@final
class Supervisor:
    """Supervise parts, in a thread (`watching`) or on each call of `look`."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._broken: BaseException | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The supervised parts, in the order of their starts."""
        with self._lock:
            return tuple(self._parts)

    @contextmanager
    def running(self, part: Part) -> Iterator[Part]:
        """Keep a part running for the block, then stop it."""
        self.add(part)
        try:
            yield part
        finally:
            self.remove(part)

    def add(self, part: Part) -> None:
        """Start a part and supervise it from now on."""
        with self._lock:
            part.begin()
            self._parts.append(part)

    def remove(self, part: Part) -> None:
        """Stop a part and end its supervision."""
        with self._lock:
            self._parts.remove(part)
        stop(part.process, part.how_to_stop, part.seconds_to_stop)

    def stop_all(self) -> None:
        """Stop all parts at the same time, each within its own time limit."""
        with self._lock:
            stopped, self._parts = self._parts, []
        for part in stopped:
            part.process.send_signal(part.how_to_stop)
        for part in stopped:
            _await_end(part.process, part.seconds_to_stop)

    def look(self) -> None:
        """Check every part once."""
        for part in self.parts:
            with self._lock:
                if part in self._parts:
                    part.look()

    def check(self) -> None:
        """Raise if a part was given up.

        Raises:
            PartError: if a part was given up.
        """
        if self._broken is not None:
            raise PartError("the parts are not watched any more") from self._broken
        for part in self.parts:
            if part.failure is not None:
                raise PartError(part.failure)

    @contextmanager
    def watching(self) -> Iterator["Supervisor"]:
        """Check the parts in a thread for the block.

        Restarted parts die with the thread, so blocks of `running` must end inside this block.
        """
        thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        try:
            while not self._over.wait(_LOOK_SECONDS):
                self.look()
        except BaseException as error:
            self._broken = error
            _log.exception("supervisor failed")
            raise
