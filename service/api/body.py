"""How request bodies are read: strict JSON for models, raw bytes for tables. It knows no resource."""

import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, NoReturn, final

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute

from service.errors import TooLargeError, UnprocessableError, UnsupportedMediaTypeError

MAX_MODEL_BYTES = 2**20
"""Largest body that becomes a model; tables are limited by the settings."""
MAX_DEPTH = 32
JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(r"\\u[dD][89abcdefABCDEF]")


@final
class StrictRequest(Request):
    """A request whose JSON is what RFC 8259 allows and PostgreSQL can store."""

    async def json(self) -> Any:
        """Return the parsed body.

        Raises:
            json.JSONDecodeError: if the body is not UTF-8, not JSON, nested too deeply, or holds a number or a
                character that cannot be stored.
        """
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json


@final
class StrictRoute(APIRoute):
    """A route that reads its model from `StrictRequest` and answers other media types with 415."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind the two checks."""
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


def parse_json(content: bytes) -> Any:
    """Parse strict JSON.

    Raises:
        json.JSONDecodeError: see `StrictRequest.json`.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("the body is not UTF-8", "", error.start) from error
    try:
        parsed = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deeply", "", 0) from error
    except ValueError as error:
        raise json.JSONDecodeError("a number is out of range", "", 0) from error
    _refuse_unstorable(text, parsed)
    return parsed


def parse_body(content: bytes, pointer: str = "") -> Any:
    """Parse strict JSON that no model reads directly.

    Raises:
        UnprocessableError: naming the place, if it is none.
    """
    try:
        return parse_json(content)
    except json.JSONDecodeError as error:
        detail = f"not valid JSON: {error.msg}"
        raise UnprocessableError(detail, [{"pointer": pointer, "detail": detail}]) from error


def _refuse_unstorable(text: str, parsed: Any) -> None:
    """Refuse valid JSON that PostgreSQL cannot keep, or that is nested deeper than code can follow."""
    if _is_deep(parsed):
        raise json.JSONDecodeError("nested too deeply", "", 0)
    if nul := _NUL.search(text):
        raise json.JSONDecodeError("the character U+0000 cannot be stored", "", nul.start())
    if _SURROGATE.search(text):
        try:
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as error:
            raise json.JSONDecodeError("half of a surrogate pair is not a character", "", 0) from error


def media_type_of(request: Request) -> str:
    """Return the Content-Type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def raw_body(request: Request) -> bytes:
    """Return the body as it came; its size is limited before any route sees it."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
AskedSheet = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=255,
        description="the sheet of a workbook to read, by its name; the first visible one when absent",
    ),
]


def _is_deep(parsed: Any) -> bool:
    """Tell whether something is nested deeper than any model is: code that recurses must not meet it."""
    level = [parsed]
    for _ in range(MAX_DEPTH):
        inside = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in inside for item in items]
    return bool(level)


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
