"""JSON as RFC 8259 allows it and PostgreSQL can keep it, no deeper than code can follow. Knows no HTTP."""

import json
import math
import re
from typing import Any, NoReturn

from service.errors import UnprocessableError

MAX_MODEL_BYTES = 2**20
"""Largest document that becomes a model; tables are limited by the settings."""
MAX_DEPTH = 32

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(r"\\u[dD][89abcdefABCDEF]")


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


def _is_deep(parsed: Any) -> bool:
    """Tell whether something is nested deeper than any model is: code that recurses must not meet it."""
    level = [parsed]
    for _ in range(MAX_DEPTH):
        inside = [
            item.values() if isinstance(item, dict) else item
            for item in level
            if isinstance(item, dict | list)
        ]
        level = [item for items in inside for item in items]
    return bool(level)


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
