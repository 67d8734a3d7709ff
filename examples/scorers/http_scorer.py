"""Serve a scorer over HTTP: one POST per batch, one number or null per object (docs/scorers.md)."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Score = Callable[[str], float | None]
    """Returns the value of a SMILES, or None where there is none."""

MOST_BYTES = 4_000_000


def server(score: Score, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return a server that answers batches of molecules; `serve_forever` starts it."""

    class Scorer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer one batch; what cannot be read is 400, so that the round fails and says so."""
            try:
                size = min(int(self.headers.get("Content-Length", 0)), MOST_BYTES)
                objects = json.loads(self.rfile.read(size))["objects"]
                smiles = [str(item["smiles"]) for item in objects]
            except (ValueError, KeyError, TypeError) as error:
                self.send_error(400, f"no batch of molecules: {type(error).__name__}")
                return
            content = json.dumps({"values": [score(text) for text in smiles]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent: designs are confidential."""

    return ThreadingHTTPServer((host, port), Scorer)
