"""A loopback HTTP server that stands for another system: routes, a log of requests, and faults on demand."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return {
            name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()
        }

    def first(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, slots=True)
class Answered:
    """A response; `body` is sent as JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


Handler = Callable[..., Answered]


class LoopbackServer:
    """Serves a fake's routes on a free port of 127.0.0.1 until it is closed.

    A subclass calls `route(method, pattern, handler)`: groups of the pattern are handed over after the
    request. Faults are armed by a test: `lose_answers(n, skip=k)` carries out n writes after the next k and
    closes the connection without a word; `answer_instead(answer, skip=k)` answers the (k+1)th request from
    now without carrying it out.
    """

    def __init__(self) -> None:
        self.requests: list[Sent] = []
        self.lock = threading.RLock()
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.n_writes = 0
        self._lost: set[int] = set()
        self._instead: list[tuple[int, Answered]] = []
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        self._routes.append((method, re.compile(pattern), handler))

    def lose_answers(self, n: int = 1, *, skip: int = 0) -> None:
        self._lost |= set(range(self.n_writes + skip, self.n_writes + skip + n))

    def answer_instead(self, answer: Answered, *, skip: int = 0) -> None:
        self._instead.append((len(self.requests) + skip + 1, answer))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def handle(self, sent: Sent) -> Answered | None:
        """Return the response to a request, or None where its answer is lost."""
        with self.lock:
            self.requests.append(sent)
            for item in self._instead:
                if item[0] == len(self.requests):
                    self._instead.remove(item)
                    return item[1]
            answer = self._answer(sent)
            if sent.method == "GET" or not self.is_write(sent):
                return answer
            self.n_writes += 1
            return None if self.n_writes - 1 in self._lost else answer

    def is_write(self, sent: Sent) -> bool:  # noqa: ARG002 - a default
        """Return whether a request changes something; some systems read by POST."""
        return True

    def before(self, sent: Sent) -> Answered | None:  # noqa: ARG002 - a default
        """Return a refusal before any route, such as that of a missing key."""
        return None

    def _answer(self, sent: Sent) -> Answered:
        refused = self.before(sent)
        if refused is not None:
            return refused
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(sent.path)
            if method == sent.method and match:
                return handler(sent, *match.groups())
        return self.unknown(sent)

    def unknown(self, sent: Sent) -> Answered:
        return Answered(404, {"message": f"no route {sent.method} {sent.path}"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: LoopbackServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two packets, and the second would wait 40 ms
    server: _Server

    def _do(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(parts.query, keep_blank_values=True)
        answer = self.server.owner.handle(Sent(self.command, parts.path, query, headers, body))
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = answer.content()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815 - names of the library

    def log_message(self, *_: object) -> None:
        return
