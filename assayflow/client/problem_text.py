"""Format a problem of the HTTP API (RFC 9457) as one line. Depends on neither client nor service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_PRINTED_ERRORS = 5


def format_problem(problem: Mapping[str, Any]) -> str:
    """Return a problem (RFC 9457) as one line: the error and its location."""
    detail = str(problem.get("detail") or "")
    errors = problem.get("errors") or []
    messages = [f"{_location(item)}: {item['detail']}" for item in errors]
    said = [*messages, *(str(item["detail"]) for item in errors)]
    if any(detail.startswith(text) for text in said):
        detail = ""  # it repeats a place
    else:
        messages = [
            message
            for item, message in zip(errors, messages, strict=True)
            if item["detail"] not in detail or ("row" in item and f"row {item['row']}" not in detail)
        ]
    more = len(messages) - _MAX_PRINTED_ERRORS
    parts = [*([detail] if detail else []), *messages[:_MAX_PRINTED_ERRORS]]
    parts += [f"and {more} more"] if more > 0 else []
    return " ".join(f"{problem['title']}{': ' if parts else ''}{'; '.join(parts)}".split())


def _location(error: Mapping[str, Any]) -> str:
    if "row" in error:
        return f"row {error['row']}" + (f", column {error['column']}" if error.get("column") else "")
    return str(error.get("pointer") or "the body")
