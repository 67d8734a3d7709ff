"""Read request bodies: strict JSON for models, raw bytes for tables. Depends on no resource."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, final

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute

from service.errors import TooLargeError, UnsupportedMediaTypeError
from service.strict_json import MAX_MODEL_BYTES, parse_json

JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})


@final
class StrictRequest(Request):
    """A request whose JSON must conform to RFC 8259 and be storable in PostgreSQL."""

    async def json(self) -> Any:
        """Return the parsed body.

        Raises:
            json.JSONDecodeError: if the body is not UTF-8, not JSON, nested too deeply, or holds a number or
                a character that cannot be stored.
        """
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json


@final
class StrictRoute(APIRoute):
    """A route that reads its model from `StrictRequest` and rejects other media types with 415."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler with the two checks in front."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            if self.body_field is not None and await strict.body():
                media_type = media_type_of(strict)
                if media_type not in JSON_TYPES:
                    given = media_type or "an untyped body"
                    raise UnsupportedMediaTypeError(f"application/json is read here, not {given}")
                if len(await strict.body()) > MAX_MODEL_BYTES:
                    raise TooLargeError(f"at most {MAX_MODEL_BYTES} bytes of JSON are read here")
            return await handle(strict)

        return handle_strictly


def media_type_of(request: Request) -> str:
    """Return the Content-Type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def raw_body(request: Request) -> bytes:
    """Return the unparsed body; its size was limited before any route."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
SheetQuery = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=255,
        description="the sheet of a workbook to read, by its name; the first visible one when absent",
    ),
]
