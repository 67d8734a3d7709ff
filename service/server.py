"""The HTTP server: uvicorn with time-outs for what it waits for without end.

uvicorn closes a connection that is idle between two requests. It waits for ever for the first byte, for the
end of a request's head and for a client that does not read its answer; here each of them has its time. How
long a body may take is decided by `service.api.admission`.
"""

import asyncio
from contextlib import suppress
from typing import Any, final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from service.settings import Settings

MAX_HEAD_BYTES = 16 * 1024
KEEP_ALIVE_SECONDS = 5


@final
class ServerConfig(uvicorn.Config):
    """How the server runs.

    Args:
        app: what is served.
        settings: names the address and the time-outs.
        options: of `uvicorn.Config`, to be changed.
    """

    def __init__(self, app: ASGIApp, settings: Settings, **options: Any) -> None:
        given = {"host": settings.host, "port": settings.port, "timeout_graceful_shutdown": 3, **options}
        super().__init__(
            app,
            http=TimedProtocol,
            ws="none",
            log_config=None,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            **given,
        )
        self.head_seconds = settings.head_seconds
        self.stalled_seconds = settings.stalled_seconds


@final
class TimedProtocol(H11Protocol):
    """uvicorn's protocol that hangs up on clients who neither finish a head nor read an answer.

    A body that is still coming after its request was answered (no key, too large) is thrown away by uvicorn;
    its sender has the time of one head to end it, so that a client that sends first and reads then sees the
    answer.
    """

    config: ServerConfig

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._cancel(self._head_timer)
        self._cancel(self._write_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Begin to wait for the next head with its first byte.

        Between two requests uvicorn's own timer runs.
        """
        if self._head_timer is None and self._is_between_requests():
            self._await_head()
        super().data_received(data)

    def handle_events(self) -> None:
        """Wait no more for a head that is there."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._cancel(self._head_timer)
            self._head_timer = None

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.config.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no more for it."""
        self._cancel(self._write_timer)
        super().resume_writing()

    def _is_between_requests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn declares less than it does
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.config.head_seconds, self.transport.close)

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def serve(app: ASGIApp, settings: Settings) -> None:
    """Serve an application until a signal ends it.

    Raises:
        SystemExit: if it cannot start.
    """
    server = uvicorn.Server(ServerConfig(app, settings))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(STARTUP_FAILURE)
