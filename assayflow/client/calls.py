"""One call of the API as a description, and the steps that a transport carries out.

A description holds no connection. An operation of the client is a call, or a generator of calls: it yields
what is to be done and receives what came of it. `transport` carries both out, in a thread or as a coroutine,
so that every operation is written once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, final
from uuid import uuid4

from assayflow.client.errors import UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    import httpx

    from assayflow.client.events import Event

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Steps = Any
"""What an operation yields: a `Call`, `Exchange`, `Pause`, `Listen` or `Emit`."""
ONCE = "Idempotency-Key"


class Operation(Protocol[T_co]):
    """A call, or a generator of calls; it returns what the operation returns."""

    def __iter__(self) -> Generator[Steps, Any, T_co]:
        """Yield the steps."""


def read_object(answer: httpx.Response) -> Any:
    """Return the JSON object of a response.

    Raises:
        UnexpectedAnswerError: if the response is no JSON object.
    """
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        where = answer.request.url.copy_with(path="", query=None)
        raise UnexpectedAnswerError(f"{where} answers, but not as Assayflow does")
    return body


def read_nothing(_answer: httpx.Response) -> None:
    """Return nothing: the response has no body."""


def read_bytes(answer: httpx.Response) -> bytes:
    """Return a file."""
    return answer.content


@final
@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request below `/v1`, and how its successful response is read."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None

    @property
    def is_repeatable(self) -> bool:
        """Whether the request has one effect, however often it arrives."""
        return self.method in ("GET", "PUT") or ONCE in self.headers

    def __iter__(self) -> Generator[Steps, Any, T]:
        answer: T = yield self
        return answer


@final
@dataclass(frozen=True, slots=True)
class Exchange:
    """Send a call once; the transport answers with the response, or raises its own error."""

    call: Call[Any]


@final
@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for some seconds."""

    seconds: float


@final
@dataclass(frozen=True, slots=True)
class Emit:
    """Hand an event to whoever iterates."""

    event: Event


@final
@dataclass(frozen=True, slots=True)
class Listen:
    """Hand on the events of a stream until it ends; the transport answers with a `Heard`.

    Args:
        path: of the stream.
        last: the id of the last known event.
        hear: called with each event before it is handed on; may raise.
        check: called when the stream opens, and at each of its keep-alives; may raise.
        seconds: after which a silent stream ends.
    """

    path: str
    last: str
    hear: Callable[[Event], None]
    check: Callable[[], None]
    seconds: float


@final
@dataclass(slots=True)
class Heard:
    """The last event of a stream; `is_refused` if there is no stream at this address."""

    event: Event | None = None
    is_refused: bool = False


def get(path: str, query: Mapping[str, Any] | None = None) -> Call[Any]:
    """Describe a GET of a JSON object."""
    return Call("GET", path, read_object, _given(query))


def get_file(path: str, query: Mapping[str, Any] | None = None) -> Call[bytes]:
    """Describe a GET of a file."""
    return Call("GET", path, read_bytes, _given(query))


def post(
    path: str,
    json: Any = None,
    *,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Call[Any]:
    """Describe a POST that takes effect once, however often it arrives."""
    once = {ONCE: uuid4().hex, **(headers or {})}
    return Call("POST", path, read_object, _given(query), once, json, content)


def put(path: str, json: Any) -> Call[Any]:
    """Describe a PUT of a JSON object."""
    return Call("PUT", path, read_object, json=json)


def delete(path: str, headers: Mapping[str, str] | None = None) -> Call[None]:
    """Describe a DELETE."""
    return Call("DELETE", path, read_nothing, headers=headers or {})


def patched(path: str, changes: Any) -> Generator[Steps, Any, Any]:
    """Read a resource and change it, if nobody changed it in between.

    Raises:
        PreconditionError: if somebody did.
    """
    tag = yield from _tag(path)
    return (yield from Call("PATCH", path, read_object, headers={"If-Match": tag}, json=changes))


def deleted(path: str) -> Generator[Steps, Any, None]:
    """Read a resource and delete it, if nobody changed it in between.

    Raises:
        PreconditionError: if somebody did.
    """
    tag = yield from _tag(path)
    yield from delete(path, {"If-Match": tag})


def _tag(path: str) -> Generator[Steps, Any, str]:
    return (yield from Call("GET", path, lambda answer: str(answer.headers["ETag"])))


def _given(query: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the query without absent values; booleans as the API writes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (query or {}).items()
        if value is not None
    }
