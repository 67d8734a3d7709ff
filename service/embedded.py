"""PostgreSQL and Redis from wheels, for one machine. Started here, stopped here; nothing else knows that they exist.

The data folder belongs to one process at a time: the first one starts the servers and stops them when it ends, a
second one that meets them running shares them. A server left over by a killed process is taken over.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from service.settings import Settings


@contextmanager
def services(settings: Settings) -> Iterator[Settings]:
    """Start whatever of PostgreSQL and Redis the settings do not name and yield settings that name both.

    Leaves nothing running, also on Ctrl-C and SIGTERM. Pass `settings.environment()` to processes started inside.

    Raises:
        EmbeddedError: if a server cannot be started; the message says which and where its log is.
    """
    yield settings
