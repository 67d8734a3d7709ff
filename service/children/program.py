"""Run a child process: `python -m service.children.program FD MEMORY` runs tasks and ends with its parent.

A task is a function with its arguments. The child starts no thread and loads no torch; imported modules stay
loaded for later tasks.
"""

import os
import pickle
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, final

from models.domains.collections import CollectionMissingError, set_source

_PAGE = os.sysconf("SC_PAGE_SIZE")


@final
class PipeChannel:
    """The child's end of the channel; see `service.children.channel.ParentChannel`."""

    def __init__(self, connection: "Connection[Any, Any]", seconds: float, is_followed: bool) -> None:  # noqa: FBT001 - as it was sent
        self._connection = connection
        self._seconds = seconds
        self._is_followed = is_followed
        _allow_cpu(seconds)

    def report_progress(self, share: float) -> None:
        """Report the share (0-1) that is done; for a followed task, its time limit starts again."""
        self._connection.send(("progress", share))
        if self._is_followed:
            _allow_cpu(self._seconds)

    def request(self, question: Any) -> Any:
        """Return the parent's response."""
        self._connection.send(("request", question))
        return self._connection.recv()

    def content(self, digest: str) -> bytes:
        """Return the content of a collection from the parent."""
        self._connection.send(("content", digest))
        found: bytes | None = self._connection.recv()
        if found is None:
            raise CollectionMissingError(digest)
        return found


def main(descriptor: int, memory_bytes: int) -> None:
    """Run tasks until the parent closes the connection, or a task has used much memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    os.nice(2)  # requests that take milliseconds have priority
    connection: Connection[Any, Any] = Connection(descriptor)
    _preload()
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # other systems neither enforce this limit nor report mapped memory
        _limit(resource.RLIMIT_AS, _mapped_bytes() + memory_bytes)
    while True:
        try:
            function, arguments, *limits = connection.recv()
        except EOFError:
            return
        kind, value = _done(function, arguments, PipeChannel(connection, *limits))
        is_leaving = kind == "memory" or _peak_bytes() > memory_bytes // 2
        _send(connection, (kind, value, is_leaving))
        if is_leaving:  # only the end of the process returns its memory
            return


def _done(function: Callable[..., Any], arguments: tuple[Any, ...], line: PipeChannel) -> tuple[str, Any]:
    set_source(line.content)
    try:
        return "done", function(line, *arguments)
    except MemoryError:
        return "memory", None
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent raises it
        return "raised", (type(error), error.args, vars(error))


def _send(connection: "Connection[Any, Any]", message: tuple[str, Any, bool]) -> None:
    """Send a response; an exception that cannot be pickled is replaced by its name."""
    kind, value, is_leaving = message
    try:
        pickle.loads(pickle.dumps(value)) if kind == "raised" else None  # noqa: S301 - its own error
        connection.send(message)
    except MemoryError:
        connection.send(("memory", None, True))
    except Exception as error:  # noqa: BLE001 - whatever refuses to be pickled
        raised, arguments, _ = value if kind == "raised" else (type(error), error.args, {})
        text = f"{raised.__name__}: {' '.join(str(part) for part in arguments)}"[:500]
        connection.send(("raised", (RuntimeError, (text,), {}), is_leaving))


def _preload() -> None:
    """Import the modules of nearly every task before the memory limit is set."""
    warnings.simplefilter("ignore")
    import rdkit.Chem  # noqa: F401 - for its memory

    import models.campaign.spec  # noqa: F401 - likewise
    import service.exchange  # noqa: F401 - likewise


def _peak_bytes() -> int:
    """Return the peak memory of this program.

    On Linux `ru_maxrss` includes the parent's memory at the start, so the program's own peak is read instead.
    """
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _mapped_bytes() -> int:
    """Return the address space in use, which RLIMIT_AS limits; most of it is libraries."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * _PAGE


def _limit(what: int, amount: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))


def _allow_cpu(seconds: float) -> None:
    """Set the CPU limit to this many seconds from now; the kernel enforces it even without the parent."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + seconds) + 1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
