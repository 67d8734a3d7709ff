"""See what a kind would send without sending it: questions go out, and the first write ends the attempt.

Nothing that changes the other system leaves. What is told of a write is its body as it would have been sent,
without headers; whatever signed us in, or came back from signing in, is left out.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, final
from urllib.parse import quote_plus

import httpx

from service.outbound.deadlines import Deadline, TimedTransport
from service.outbound.trust import trusted_context

LONGEST_BODY = 200_000
"""Most characters of a body that are shown."""
HIDDEN = "•••"
_SHORTEST_SECRET = 4
_SHORTEST_TOKEN = 12
"""A system answers a sign-in with other words besides the token, which are shorter."""
_USUAL_SECONDS = 60.0


@final
@dataclass(frozen=True, slots=True)
class CapturedRequest:
    """A request that was not sent; `path` has its query."""

    method: str
    path: str
    media_type: str | None
    content: bytes

    def as_json(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return it as it is told, with the keys of what it writes; a body that is no text is not shown."""
        try:
            body: str | None = self.content.decode()[:LONGEST_BODY] if self.content else None
        except UnicodeDecodeError:
            body = None
        return {
            "keys": list(keys),
            "method": self.method,
            "path": self.path,
            "media_type": self.media_type,
            "body": body,
            "size": len(self.content),
        }


@final
class WriteHeldBack(BaseException):
    """A kind was about to write; nothing was sent. No kind may take it for an error of its own."""

    def __init__(self, request: CapturedRequest) -> None:
        super().__init__(f"{request.method} {request.path}")
        self.request = request


@final
class CapturingTransport(httpx.BaseTransport):
    """Send questions, and hold back writes once `is_armed`.

    Args:
        is_question: tells by method, path and body whether a request only asks, or signs in.
        secrets: texts that no captured body shows.
        inner: sends questions; the usual one when absent.
    """

    def __init__(
        self,
        is_question: Callable[[str, str, bytes], bool],
        secrets: Iterable[str],
        inner: httpx.BaseTransport | None = None,
    ) -> None:
        self.is_armed = False
        self._is_question = is_question
        self._secrets = {text for text in secrets if len(text) >= _SHORTEST_SECRET}
        self._deadline = Deadline()
        self._inner = inner or TimedTransport(trusted_context(), self._deadline)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a question; hold back a write.

        Raises:
            WriteHeldBack: if it is a write.
        """
        content = request.read()
        method, path = request.method, request.url.raw_path.decode("ascii", "replace")
        if self.is_armed and not self._is_question(method, path, content):
            media_type = request.headers.get("content-type")
            raise WriteHeldBack(
                CapturedRequest(method, self._hide(path), media_type, self._hide_bytes(content))
            )
        self._deadline.start(float(request.extensions.get("timeout", {}).get("read") or _USUAL_SECONDS))
        response = self._inner.handle_request(request)
        return self._remembered(response) if self._shows_secret(request, content) else response

    def close(self) -> None:
        """Give the connection back."""
        self._inner.close()

    def _shows_secret(self, request: httpx.Request, content: bytes) -> bool:
        """Return whether a request signs in: what comes back may then be a secret as well."""
        text = (
            f"{request.url}\n{content.decode('utf-8', 'replace')}\n{request.headers.get('authorization', '')}"
        )
        return request.method != "GET" and any(secret in text for secret in self._spelled())

    def _remembered(self, response: httpx.Response) -> httpx.Response:
        content = b"".join(response.iter_raw())
        self._secrets |= {text for text in _texts(content) if len(text) >= _SHORTEST_TOKEN}
        stream = httpx.ByteStream(content)
        return httpx.Response(response.status_code, headers=response.headers, stream=stream)

    def _hide(self, text: str) -> str:
        for secret in sorted(self._spelled(), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def _hide_bytes(self, content: bytes) -> bytes:
        for secret in sorted(self._spelled(), key=len, reverse=True):
            content = content.replace(secret.encode(), HIDDEN.encode())
        return content

    def _spelled(self) -> set[str]:
        """Return the secrets as they may stand in a URL, in JSON or in a form."""
        return {
            spelled for text in self._secrets for spelled in (text, quote_plus(text), json.dumps(text)[1:-1])
        }


def secret_texts(credentials: str | None) -> Iterator[str]:
    """Yield the texts of a connector's credentials, which are JSON."""
    yield from _texts((credentials or "null").encode())


def _texts(content: bytes) -> Iterator[str]:
    """Yield the texts within JSON; the whole of what is no JSON."""
    try:
        found = [json.loads(content)]
    except ValueError:
        yield content.decode("utf-8", "replace").strip()
        return
    while found:
        item = found.pop()
        if isinstance(item, dict):
            found += item.values()
        elif isinstance(item, list):
            found += item
        elif isinstance(item, str):
            yield item
