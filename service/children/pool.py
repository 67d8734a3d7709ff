"""Manage a pool of child processes: a bounded queue of tasks, and limits on each task.

A child is started by `subprocess`, never forked from this process and its threads. Its environment holds no
secrets, and it is reused. Its responses are unpickled: the child runs only this project's code, though on
foreign data.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, final

import structlog

from service.errors import UnavailableError, UnprocessableError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

POLL_SECONDS = 0.2
WALL = 5
"""Wall-clock time of a task, as a multiple of its computing time, for busy machines."""
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the pool: the number of children, the memory of each, and the number of waiting tasks.

    A waiting request may hold a database connection, so fewer requests may wait than there are connections.
    """

    processes: int = 2
    memory_bytes: int = 2 * 2**30
    waiting: int = 8
    waiting_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class ChildTask:
    """Describe a task of a child and its limit.

    `seconds` is the computing time that the task may take, in all or, if `is_followed`, between two progress
    reports. `subject` and `pointer` name the checked input in the error; `advice` says how to stay below the
    limit.
    """

    subject: str
    seconds: float
    pointer: str = ""
    advice: str = "send less at once"
    is_followed: bool = False


def _ignore(_share: float | None) -> None:
    return None


def _refuse_request(_question: Any) -> Any:
    raise RuntimeError("this task may not send requests to its parent")


def _no_contents(_digest: str) -> bytes | None:
    return None


@final
class Children:
    """Run functions in child processes; thread-safe. Children are started on demand.

    A function is called as `function(channel, *arguments)` (see `service.children.channel`). The function,
    its arguments and its result must be picklable.

    Args:
        limits: of the pool.
        contents: returns the content of the collection with a digest, None without one.
    """

    def __init__(
        self, limits: Limits | None = None, contents: Callable[[str], bytes | None] = _no_contents
    ) -> None:
        self.limits = limits or Limits()
        # last in, first out: the child used last has warm caches
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        self._all = [_Child(self.limits.memory_bytes, contents) for _ in range(self.limits.processes)]
        for child in self._all:
            self._idle.put(child)
        self._lock = threading.Lock()
        self._n_waiting = 0

    def __call__(
        self,
        task: ChildTask,
        function: Callable[..., Any],
        *arguments: Any,
        answer: Callable[[Any], Any] = _refuse_request,
        on_progress: Callable[[float | None], None] = _ignore,
    ) -> Any:
        """Run a function in a child and return its result, or raise its exception.

        Args:
            task: the subject and the limit.
            function: called with the channel and the arguments.
            arguments: passed to the function.
            answer: responds to the child's requests.
            on_progress: called several times a second, with the share done if the child reported one; an
                exception from it kills the child.

        Raises:
            UnprocessableError: if the task exceeds its time or memory; the error names the limit.
            UnavailableError: if too many tasks are waiting for a child.
        """
        with self._child() as child:
            return child.run(task, (function, arguments), answer, on_progress)

    def warm(self) -> None:
        """Start a child in advance, so that the first task need not wait for it."""
        with suppress(queue.Empty):
            child = self._idle.get_nowait()
            child.start()
            self._idle.put(child)

    def close(self) -> None:
        """Kill all children."""
        for child in self._all:
            child.kill()

    @contextmanager
    def _child(self) -> Iterator["_Child"]:
        child = self._next()
        try:
            yield child
        finally:
            self._idle.put(child)

    def _next(self) -> "_Child":
        with suppress(queue.Empty):
            return self._idle.get_nowait()
        with self._lock:
            if self._n_waiting >= self.limits.waiting:
                raise UnavailableError(
                    f"{self._n_waiting} requests wait to be checked already; try again in a minute"
                )
            self._n_waiting += 1
        try:
            return self._idle.get(timeout=self.limits.waiting_seconds)
        except queue.Empty:
            raise UnavailableError("other requests are being checked; try again in a minute") from None
        finally:
            with self._lock:
                self._n_waiting -= 1


@final
class _Child:
    """One child process, restarted after it ends. Used by one thread at a time."""

    def __init__(self, memory_bytes: int, contents: Callable[[str], bytes | None]) -> None:
        self._memory_bytes = memory_bytes
        self._contents = contents
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection[Any, Any] | None = None

    def run(
        self,
        task: ChildTask,
        call: tuple[Callable[..., Any], tuple[Any, ...]],
        answer: Callable[[Any], Any],
        on_progress: Callable[[float | None], None],
    ) -> Any:
        """Return the result of the call in the child, or raise its exception."""
        try:
            line = self.start()
            line.send((*call, task.seconds, task.is_followed))
            kind, value = self._listen(line, task, answer, on_progress)
        except (EOFError, ConnectionError) as error:
            raise self._lost(task) from error
        except BaseException:
            self.kill()
            raise
        if kind == "memory":
            raise self._too_much(task, f"{self._memory_bytes >> 20} MiB of memory")
        if kind == "raised":
            raise _remade(*value)
        return value

    def start(self) -> "Connection[Any, Any]":
        """Return the connection to the child, starting the child if needed."""
        if self._line is None or self._process is None or self._process.poll() is not None:
            self.kill()
            self._line, theirs = Pipe()
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    [
                        sys.executable,
                        "-m",
                        "service.children.program",
                        str(theirs.fileno()),
                        str(self._memory_bytes),
                    ],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,
                )
        return self._line

    def kill(self) -> None:
        """Kill the child."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._line is not None:
            self._line.close()
        self._process = self._line = None

    def __del__(self) -> None:
        self.kill()

    def _listen(
        self,
        line: "Connection[Any, Any]",
        task: ChildTask,
        answer: Callable[[Any], Any],
        on_progress: Callable[[float | None], None],
    ) -> tuple[str, Any]:
        deadline = time.monotonic() + WALL * task.seconds
        while True:
            if time.monotonic() > deadline:
                self.kill()
                raise self._too_slow(task)
            if not line.poll(POLL_SECONDS):
                on_progress(None)
                continue
            kind, value, *rest = line.recv()
            if kind == "progress":
                on_progress(value)
                if task.is_followed:
                    deadline = time.monotonic() + WALL * task.seconds
            elif kind in {"request", "content"}:
                requested_at = time.monotonic()
                line.send((answer if kind == "request" else self._contents)(value))
                deadline += time.monotonic() - requested_at
            else:
                if rest and rest[0]:
                    self.kill()
                return kind, value

    def _lost(self, task: ChildTask) -> UnprocessableError:
        """Return why the connection broke: the kernel killed the child at its limit, or it crashed."""
        code = self._process.wait() if self._process is not None else 0
        self.kill()
        if code == -signal.SIGXCPU:
            return self._too_slow(task)
        _log.error("a child died", subject=task.subject, code=code)
        return self._too_much(task, f"a process of {self._memory_bytes >> 20} MiB can bear")

    def _too_slow(self, task: ChildTask) -> UnprocessableError:
        return self._too_much(task, f"{task.seconds:g} s of computing time")

    def _too_much(self, task: ChildTask, limit: str) -> UnprocessableError:
        detail = f"checking {task.subject} takes more than {limit}: {task.advice}"
        return UnprocessableError(detail, [{"pointer": task.pointer, "detail": detail}])


def _remade(kind: type[Exception], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> Exception:
    """Rebuild an exception as it was raised, whatever arguments its constructor takes."""
    error = kind.__new__(kind, *arguments)
    vars(error).update(attributes)
    return error


def _environment() -> dict[str, str]:
    """Return the child's environment: no addresses or secrets of the service, one thread per library."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
