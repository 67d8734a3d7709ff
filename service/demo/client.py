"""The few calls of the public HTTP API that a campaign needs. Knows no service code: any client could be written so."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMPUTING = ("queued", "fitting", "training", "sampling", "selecting")
_LISTEN_SECONDS = 20.0
"""How long a silent stream of events is trusted before asking again."""


class RefusedError(RuntimeError):
    """The service answered with a problem; the message is its own."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a round."""

    id: str
    state: str
    progress: float
    message: str


@final
class Client:
    """A client with a key. Use it as a context."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=120, trust_env=False
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def formats(self, kind: str) -> list[str]:
        """Return the formats in which a batch of this kind can be downloaded."""
        domains = self._json(self._http.get("/domains"))["items"]
        return [item["name"] for domain in domains if domain["kind"] == kind for item in domain["formats"]]

    def create_campaign(self, spec: dict[str, Any]) -> str:
        """Create a campaign and return its id."""
        return str(self._json(self._http.post("/campaigns", json=spec))["id"])

    def upload(self, campaign: str, path: Path) -> dict[str, Any]:
        """Upload a CSV file of results, keep its good rows, and return the report."""
        query = {"mode": "partial", "filename": path.name}
        headers = {"Content-Type": "text/csv"}
        url = f"/campaigns/{campaign}/results"
        return self._json(self._http.post(url, params=query, headers=headers, content=path.read_bytes()))

    def results(self, campaign: str) -> list[dict[str, Any]]:
        """Return every stored result."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            query = {"limit": 500} | ({"cursor": cursor} if cursor else {})
            page = self._json(self._http.get(f"/campaigns/{campaign}/results", params=query))
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def start_round(self, campaign: str) -> int:
        """Start the next round and return its number."""
        return int(self._json(self._http.post(f"/campaigns/{campaign}/rounds"))["number"])

    def round(self, campaign: str, number: int) -> dict[str, Any]:
        """Return a round."""
        return self._json(self._http.get(f"/campaigns/{campaign}/rounds/{number}"))

    def follow(self, campaign: str, number: int, check: Callable[[], None]) -> Iterator[Event]:
        """Yield a round's events until it rests; `check` is called in silence and may raise."""
        last = "0"
        while self.round(campaign, number)["state"] in COMPUTING:
            # A stream that was silent for long, or broke, is taken up again after its last event.
            with suppress(httpx.TransportError):
                for event in self._stream(campaign, number, last):
                    last = event.id
                    yield event
            check()

    def batch(self, campaign: str, number: int) -> list[dict[str, Any]]:
        """Return a round's candidates by rank."""
        candidates: list[dict[str, Any]] = self._json(self._http.get(self._batch(campaign, number)))["candidates"]
        return candidates

    def download(self, campaign: str, number: int, file_format: str, path: Path) -> Path:
        """Download a round's batch as a file."""
        answer = self._http.get(self._batch(campaign, number), params={"format": file_format})
        path.write_bytes(self._checked(answer).content)
        return path

    def release(self, campaign: str, number: int) -> None:
        """Release a batch to the lab."""
        self._checked(self._http.post(f"/campaigns/{campaign}/rounds/{number}/release"))

    def _stream(self, campaign: str, number: int, last: str) -> Iterator[Event]:
        url = f"/campaigns/{campaign}/rounds/{number}/events"
        timeout = httpx.Timeout(10, read=_LISTEN_SECONDS)
        with self._http.stream("GET", url, headers={"Last-Event-ID": last}, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
                self._checked(answer)
            event_id = last
            for line in answer.iter_lines():
                field, _, value = line.partition(":")
                if field == "id":
                    event_id = value.strip()
                elif field == "data":
                    data = json.loads(value)
                    yield Event(event_id, data["state"], data["progress"], data["message"])

    def _batch(self, campaign: str, number: int) -> str:
        return f"/campaigns/{campaign}/rounds/{number}/batch"

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        body: dict[str, Any] = self._checked(answer).json()
        return body

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise RefusedError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
        return answer
