"""Call the public HTTP API, for the command line and the demonstration.

This client imports no service code: any client can be written in the same way.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final
from uuid import uuid4

import httpx

from service.client.problem_text import format_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

ACTIVE_STATES = ("queued", "running", "fitting", "training", "sampling", "selecting")
"""States of rounds and jobs that are not finished."""
_LISTEN_SECONDS = 20.0
"""Seconds after which a silent event stream is reopened."""
_POLL_SECONDS = 0.3
"""Seconds between two polls when there is no event stream."""
_WAIT = {"Prefer": "wait=2"}
_EXTENSION = re.compile(r'filename="[^"]*(\.\w+)"')
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ClientError(RuntimeError):
    """A call failed; the message is one line for the user."""


@final
class RefusedError(ClientError):
    """The service responded with a problem (RFC 9457); the message is the problem's."""


@final
class UnreachableError(ClientError):
    """No service responds at the address."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a round or a job."""

    id: str
    state: str
    progress: float
    message: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its URL and its last known representation."""

    url: str
    data: dict[str, Any]

    @property
    def is_finished(self) -> bool:
        """Whether the job is finished."""
        return self.data["state"] not in ACTIVE_STATES

    @property
    def event(self) -> Event:
        """The job's current progress."""
        return Event(str(self.data["id"]), self.data["state"], self.data["progress"], self.data["message"])


@final
class Client:
    """A client with an API key, used as a context manager.

    Args:
        url: the address of the service, without `/v1`.
        key: sent with every call and never shown.

    Raises:
        ClientError: if this is no valid address, or the key has invalid characters.
    """

    def __init__(self, url: str, key: str) -> None:
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise ClientError("the API key has characters that no key has")
        try:
            address = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise ClientError(f"{url}: {error}") from error
        if address.scheme not in ("http", "https") or not address.host:
            raise ClientError(f"{url}: no address of a service, which looks like http://127.0.0.1:8000")
        self._url = str(address)
        # proxies of the environment are not used for this machine
        is_elsewhere = address.host not in _LOOPBACK
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=120, trust_env=is_elsewhere)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def formats(self, kind: str) -> list[str]:
        """Return the formats in which a batch of this kind can be downloaded."""
        domains = self.decoded(self.send("GET", "/domains"))["items"]
        return [item["name"] for domain in domains if domain["kind"] == kind for item in domain["formats"]]

    def create_campaign(self, spec: dict[str, Any]) -> str:
        """Create a campaign and return its id."""
        return str(self.decoded(self.send("POST", "/campaigns", json=spec))["id"])

    def upload(self, campaign: str, path: Path, check: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Upload a CSV file of results, store its accepted rows, and return the report.

        A long file is read as a job, which is followed to its end; `check` is called meanwhile and may raise.

        Raises:
            RefusedError: if the file is refused, or its job did not succeed.
        """
        query = {"mode": "partial", "filename": path.name}
        headers = {"Content-Type": "text/csv", "Idempotency-Key": uuid4().hex}
        url = f"/campaigns/{campaign}/results"
        answered = self.send("POST", url, params=query, headers=headers, content=path.read_bytes())
        data = self.decoded(answered)
        if answered.status_code != httpx.codes.ACCEPTED:
            return data
        job = self._ended(Job(f"/campaigns/{campaign}/uploads/{data['id']}", data), check)
        if job.data["state"] != "succeeded":
            raise RefusedError(format_problem(job.data["failure"]) if job.data["failure"] else job.data["message"])
        report: dict[str, Any] = job.data["report"]
        return report

    def _ended(self, job: Job, check: Callable[[], None]) -> Job:
        """Follow a job and return it when it is finished."""
        following = self.follow_job(job, check)
        while True:
            try:
                next(following)
            except StopIteration as end:
                finished: Job = end.value
                return finished

    def results(self, campaign: str) -> list[dict[str, Any]]:
        """Return every stored result."""
        results: list[dict[str, Any]] = []
        cursor = None
        while True:
            query = {"limit": 500} | ({"cursor": cursor} if cursor else {})
            page = self.decoded(self.send("GET", f"/campaigns/{campaign}/results", params=query))
            results += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return results

    def correct_result(self, campaign: str, result: str, row: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """Put another result in the place of one, by the columns that are otherwise, and return it."""
        body = {"row": dict(row), "reason": reason}
        return self.decoded(self._send_once(f"/campaigns/{campaign}/results/{result}/correction", json=body))

    def withdraw_result(self, campaign: str, result: str, reason: str) -> dict[str, Any]:
        """Let a result count no more, and return it."""
        url = f"/campaigns/{campaign}/results/{result}/withdrawal"
        return self.decoded(self._send_once(url, json={"reason": reason}))

    def withdraw_upload(self, campaign: str, upload: str, reason: str) -> int:
        """Let all results of an upload count no more, and return how many did until now."""
        url = f"/campaigns/{campaign}/uploads/{upload}/withdrawal"
        return int(self.decoded(self._send_once(url, json={"reason": reason}))["withdrawn"])

    def sent_file(self, campaign: str, upload: str) -> bytes:
        """Return a file of results as it was sent."""
        return self.send("GET", f"/campaigns/{campaign}/uploads/{upload}/file").content

    def start_round(self, campaign: str) -> int:
        """Start the next round and return its number."""
        return int(self.decoded(self.send("POST", f"/campaigns/{campaign}/rounds"))["number"])

    def round(self, campaign: str, number: int) -> dict[str, Any]:
        """Return a round."""
        return self.decoded(self.send("GET", f"/campaigns/{campaign}/rounds/{number}"))

    def follow(self, campaign: str, number: int, check: Callable[[], None]) -> Iterator[Event]:
        """Yield a round's events until it is finished; `check` is called between events and may raise."""
        yield from self._follow(f"/campaigns/{campaign}/rounds/{number}", check)

    def batch(self, campaign: str, number: int) -> list[dict[str, Any]]:
        """Return a round's candidates by rank."""
        candidates: list[dict[str, Any]] = self.decoded(self.send("GET", self._batch(campaign, number)))["candidates"]
        return candidates

    def download(self, campaign: str, number: int, file_format: str, path: Path) -> Path:
        """Download a round's batch as a file, and return where it is: a format may have another extension."""
        answer = self.send("GET", self._batch(campaign, number), params={"format": file_format})
        extension = _EXTENSION.search(answer.headers.get("Content-Disposition", ""))
        if extension is not None and path.suffix != extension[1]:
            path = path.with_name(f"{path.name}{extension[1]}")
        path.write_bytes(answer.content)
        return path

    def decide(
        self,
        candidate: str,
        status: str,
        reason: str | None = None,
        *,
        analogues: bool = False,
        similarity: float | None = None,
    ) -> dict[str, Any]:
        """Approve, reject or withdraw a candidate, or undo that (`proposed`), and return it."""
        location = f"/candidates/{candidate}"
        tag = self.send("GET", location).headers["ETag"]
        decision = {"status": status, "reason": reason, "analogues": analogues, "similarity": similarity}
        return self.decoded(self.send("PATCH", location, json=decision, headers={"If-Match": tag}))

    def replace(self, candidate: str) -> dict[str, Any]:
        """Replace a rejected or withdrawn candidate by the next best one, and return that one."""
        once = {"Idempotency-Key": uuid4().hex}
        return self.decoded(self.send("POST", f"/candidates/{candidate}/replace", headers=once))

    def release(self, campaign: str, number: int) -> str:
        """Release a batch to the lab, which freezes it, and return its SHA-256."""
        return str(self.decoded(self.send("POST", f"/campaigns/{campaign}/rounds/{number}/release"))["batch_sha256"])

    def campaign(self, campaign: str) -> dict[str, Any]:
        """Return a campaign."""
        return self.decoded(self.send("GET", f"/campaigns/{campaign}"))

    def request_samples(self, campaign: str, request: Mapping[str, Any]) -> Job:
        """Request more candidates from a trained policy."""
        return self._post_job(f"/campaigns/{campaign}/samples", json=request)

    def request_predictions(
        self, campaign: str, table: bytes, media_type: str, filename: str | None = None, sheet: str | None = None
    ) -> Job:
        """Request predictions for the accepted rows of a table; `sheet` names a workbook's sheet."""
        named = {"filename": filename, "sheet": sheet}
        query = {"mode": "partial"} | {name: text for name, text in named.items() if text is not None}
        return self._post_job(
            f"/campaigns/{campaign}/predictions", params=query, content=table, headers={"Content-Type": media_type}
        )

    def follow_job(self, job: Job, check: Callable[[], None] = lambda: None) -> Generator[Event, None, Job]:
        """Yield a job's events and return the finished job; `check` may raise in between."""
        yield job.event
        if not job.is_finished:
            job = Job(job.url, (yield from self._follow(job.url, check)))
            yield job.event
        return job

    def cancel(self, job: Job) -> None:
        """Request cancellation of a job; a finished job does not change."""
        with suppress(RefusedError):
            self.send("POST", f"{job.url}/cancel")

    def answer(self, job: Job, file_format: str) -> bytes:
        """Return the result of a job as a file."""
        return self.send("GET", job.url, params={"format": file_format}).content

    def insights(self, campaign: str, thresholds: Mapping[str, float] | None = None) -> dict[str, Any]:
        """Return the insights of a campaign; `thresholds` define a hit."""
        return self.decoded(self.send("GET", f"/campaigns/{campaign}/insights", params=_hits(thresholds)))

    def figure(
        self, campaign: str, name: str, file_format: str, thresholds: Mapping[str, float] | None = None
    ) -> bytes:
        """Return a figure of the insights as SVG or PNG."""
        query = {**_hits(thresholds), "format": file_format}
        return self.send("GET", f"/campaigns/{campaign}/insights/{name}", params=query).content

    def send(self, method: str, url: str, **sent: Any) -> httpx.Response:
        """Send one request below `/v1` and return its successful response.

        Raises:
            RefusedError: if the service responds with a problem.
            UnreachableError: if there is no response.
        """
        try:
            return self._checked(self._http.request(method, url, **sent))
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise UnreachableError(f"no answer from {self._url} ({reason}); is the service running there?") from error

    def decoded(self, answer: httpx.Response) -> dict[str, Any]:
        """Return the JSON object of a response.

        Raises:
            ClientError: if the response is no JSON object.
        """
        try:
            body = answer.json()
        except ValueError as error:
            raise ClientError(f"{self._url} answers, but not as Assayflow does") from error
        if not isinstance(body, dict):
            raise ClientError(f"{self._url} answers, but not as Assayflow does")
        return body

    def _post_job(self, url: str, headers: Mapping[str, str] | None = None, **sent: Any) -> Job:
        once = {"Idempotency-Key": uuid4().hex, **(headers or {})}
        try:
            data = self.decoded(self.send("POST", url, headers={**once, **_WAIT}, **sent))
        except KeyboardInterrupt:
            # after an interrupt, the same key returns the job that was accepted meanwhile, so that it can be
            # cancelled
            with suppress(ClientError):
                data = self.decoded(self.send("POST", url, headers=once, **sent))
                self.cancel(Job(f"{url}/{data['id']}", data))
            raise
        return Job(f"{url}/{data['id']}", data)

    def _follow(self, url: str, check: Callable[[], None]) -> Generator[Event, None, dict[str, Any]]:
        """Yield the events of a round or a job and return it when finished; poll without an event stream."""
        last, has_events = "", True
        while (data := self.decoded(self.send("GET", url)))["state"] in ACTIVE_STATES:
            check()
            seen = last
            try:
                for event in self._stream(url, last, check) if has_events else ():
                    last = event.id
                    yield event
            except RefusedError:
                has_events = False
            except httpx.TransportError:
                pass  # resume a silent or broken stream after its last event
            if last == seen:
                yield Event(last, data["state"], data["progress"], data["message"])
                time.sleep(_POLL_SECONDS)
        return data

    def _stream(self, url: str, last: str, check: Callable[[], None]) -> Iterator[Event]:
        headers = {"Last-Event-ID": last} if last else {}
        timeout = httpx.Timeout(10, read=_LISTEN_SECONDS)
        with self._http.stream("GET", f"{url}/events", headers=headers, timeout=timeout) as answer:
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
                elif line and not field:
                    check()  # a keep-alive comment of the service

    def _batch(self, campaign: str, number: int) -> str:
        return f"/campaigns/{campaign}/rounds/{number}/batch"

    def _send_once(self, url: str, **sent: Any) -> httpx.Response:
        """Send what is done once, however often it arrives."""
        return self.send("POST", url, headers={"Idempotency-Key": uuid4().hex}, **sent)

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            problem = answer.json()
        except ValueError:
            problem = None
        if not isinstance(problem, dict) or "title" not in problem:
            raise RefusedError(f"{answer.request.url} answers {answer.status_code} {answer.reason_phrase}")
        raise RefusedError(format_problem(problem))


def _hits(thresholds: Mapping[str, float] | None) -> dict[str, Any]:
    return {"threshold": [f"{name}:{value:.15g}" for name, value in thresholds.items()]} if thresholds else {}
