"""A real HTTP server on this machine that acts as a user's scorer, good or bad, and records its requests."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One response."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass
class Scorer:
    """The server's address and its requests: headers and JSON."""

    url: str = ""
    port: int = 0
    requests: list[tuple[dict[str, str], Any]] = field(default_factory=list)

    @property
    def n_objects(self) -> int:
        return sum(len(body["objects"]) for _, body in self.requests)


def values(*numbers: float | None) -> Reply:
    """Return a good response."""
    return Reply(json.dumps({"values": numbers}).encode())


@contextmanager
def scorer_server(answer: Callable[[Any, int], Reply]) -> Iterator[Scorer]:
    """Serve `answer(body, number of the request)` on 127.0.0.1."""
    scorer = Scorer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            scorer.requests.append((dict(self.headers), body))
            reply = answer(body, len(scorer.requests) - 1)
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # the client closed the connection
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    scorer.port = server.server_address[1]
    scorer.url = f"http://127.0.0.1:{scorer.port}/score"
    try:
        yield scorer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
