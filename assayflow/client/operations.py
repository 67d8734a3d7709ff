"""Turn descriptions into methods: the same resource answers a synchronous and an asynchronous client.

A method of a resource describes what is done. The decorators make the description callable: on a resource of
`Client` it returns the result, and on one of `AsyncClient` a coroutine of it.
"""

from __future__ import annotations

import functools
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeAlias,
    TypedDict,
    TypeVar,
    final,
    overload,
)

from assayflow.client.calls import get
from assayflow.client.frames import Rows
from assayflow.client.transport import AsyncTransport, SyncTransport, Transport

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Coroutine,
        Generator,
        Iterator,
        Mapping,
    )
    from typing import Self

    import pandas as pd

    from assayflow.client.calls import Call, Operation
    from assayflow.client.events import Event

P = ParamSpec("P")
T = TypeVar("T")
Transport_co = TypeVar("Transport_co", bound=Transport, covariant=True)
PAGE = 200
"""Items of one page."""


class Page(TypedDict, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None


PageOf: TypeAlias = "Callable[[str | None], Call[Page[T]]]"
"""The call of the page at a cursor."""


def listed(path: str, query: Mapping[str, Any] | None = None) -> PageOf[Any]:
    """Describe a list, from a cursor to the call of a page."""
    return lambda cursor: get(path, {"limit": PAGE, "cursor": cursor, **(query or {})})


class Resource(Generic[Transport_co]):
    """A family of calls.

    Args:
        transport: carries the calls out.
    """

    def __init__(self, transport: Transport_co) -> None:
        self.transport = transport


class _Method(Generic[P]):
    """A description that is bound to a resource when it is looked up."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Any]) -> None:
        self._describe = describe
        functools.update_wrapper(self, describe)  # for its name, text and signature

    def __call__(self, owner: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call it as a function of the class, with a resource in front."""
        bound = type(self).__get__(self, owner, type(owner))  # type: ignore[attr-defined] # of each subclass
        return bound(*args, **kwargs)

    def _bound(self, run: Callable[[Any], Any], owner: Any) -> Callable[..., Any]:
        @functools.wraps(self._describe)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return run(self._describe(owner, *args, **kwargs))

        return method


@final
class operation(_Method[P], Generic[P, T]):  # noqa: N801 - a decorator
    """A method whose description is a call, or a generator of calls."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Operation[T]]) -> None:
        super().__init__(describe)

    @overload
    def __get__(self, owner: None, kind: type[Any]) -> Self: ...
    @overload
    def __get__(self, owner: Resource[SyncTransport], kind: type[Any]) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, owner: Resource[AsyncTransport], kind: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, owner: Any, kind: type[Any]) -> Any:
        """Bind the description."""
        return self if owner is None else self._bound(owner.transport.run, owner)


@final
class events_of(_Method[P]):  # noqa: N801 - a decorator
    """A method whose description emits events; it is iterated."""

    @overload
    def __get__(self, owner: None, kind: type[Any]) -> Self: ...
    @overload
    def __get__(
        self, owner: Resource[SyncTransport], kind: type[Any]
    ) -> Callable[P, Generator[Event, None, Any]]: ...
    @overload
    def __get__(
        self, owner: Resource[AsyncTransport], kind: type[Any]
    ) -> Callable[P, AsyncGenerator[Event]]: ...
    def __get__(self, owner: Any, kind: type[Any]) -> Any:
        """Bind the description."""
        return self if owner is None else self._bound(owner.transport.iterate, owner)


@final
class pages_of(_Method[P], Generic[P, T]):  # noqa: N801 - a decorator
    """A method whose description is a function from a cursor to the call of a page."""

    def __init__(self, describe: Callable[Concatenate[Any, P], PageOf[T]]) -> None:
        super().__init__(describe)

    @overload
    def __get__(self, owner: None, kind: type[Any]) -> Self: ...
    @overload
    def __get__(self, owner: Resource[SyncTransport], kind: type[Any]) -> Callable[P, Pages[T]]: ...
    @overload
    def __get__(self, owner: Resource[AsyncTransport], kind: type[Any]) -> Callable[P, AsyncPages[T]]: ...
    def __get__(self, owner: Any, kind: type[Any]) -> Any:
        """Bind the description."""
        if owner is None:
            return self
        transport = owner.transport
        pages: Any = Pages if isinstance(transport, SyncTransport) else AsyncPages
        return self._bound(lambda page: pages(transport, page), owner)


@final
class Pages(Generic[T]):
    """All items of a list, read page by page while they are iterated."""

    def __init__(self, transport: SyncTransport, page: PageOf[T]) -> None:
        self._transport = transport
        self._page = page

    def __iter__(self) -> Iterator[T]:
        cursor = None
        while True:
            page = self._transport.run(self._page(cursor))
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def all(self) -> Rows[T]:
        """Return every item."""
        return Rows(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return every item as a DataFrame."""
        return self.all().to_pandas()


@final
class AsyncPages(Generic[T]):
    """All items of a list, read page by page while they are iterated asynchronously."""

    def __init__(self, transport: AsyncTransport, page: PageOf[T]) -> None:
        self._transport = transport
        self._page = page

    async def __aiter__(self) -> AsyncIterator[T]:
        cursor = None
        while True:
            page = await self._transport.run(self._page(cursor))
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def all(self) -> Rows[T]:
        """Return every item."""
        return Rows([item async for item in self])

    async def to_pandas(self) -> pd.DataFrame:
        """Return every item as a DataFrame."""
        return (await self.all()).to_pandas()
