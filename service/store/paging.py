"""Keyset paging: opaque cursors and one page of rows. Knows no table."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from service.errors import UnprocessableError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows in order; `next_cursor` is None on the last page."""

    items: Sequence[Item]
    next_cursor: str | None


def cut(rows: Sequence[Item], limit: int, key: Callable[[Item], list[Any]]) -> Page[Item]:
    """Return the first `limit` of `limit + 1` rows asked for, with a cursor when there are more."""
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], _encode(key(rows[limit - 1])))


def read_cursor(cursor: str, *types: Callable[[Any], Any]) -> list[Any]:
    """Return the key that a cursor holds, each part read by its type.

    Raises:
        UnprocessableError: if this service did not write it.
    """
    try:
        parts = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        return [read(part) for read, part in zip(types, parts, strict=True)]
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        detail = "not a cursor of this list; start without one"
        raise UnprocessableError(detail, [{"pointer": "/cursor", "detail": detail}]) from error


def _encode(parts: list[Any]) -> str:
    return urlsafe_b64encode(json.dumps([str(part) for part in parts]).encode()).decode()
