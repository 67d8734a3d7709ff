"""From pydantic's errors to places in a JSON document. Pure: knows no HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.specs.base import json_pointer


def body_location(error: Mapping[str, Any], path: Sequence[str | int], document: Any) -> dict[str, str]:
    """Return `{pointer, detail}` of one error.

    Args:
        error: an item of `ValidationError.errors()`.
        path: its `loc`, or the part of it that lies inside the document.
        document: what was validated. Steps that do not lead into it are tags of unions, which pydantic puts in
            between, and are left out.

    A model that checks several fields together may name the culprit, relative to itself, as `pointer` in its context.
    """
    steps: list[str | int] = []
    here = document
    for position, step in enumerate(path):
        is_missing_field = error["type"] == "missing" and position == len(path) - 1
        is_inside, below = _step_into(here, step)
        if is_inside or is_missing_field:
            steps.append(step)
            here = below
    return {
        "pointer": json_pointer(*steps) + str(error.get("ctx", {}).get("pointer", "")),
        "detail": error_message(error),
    }


def error_message(error: Mapping[str, Any]) -> str:
    """Return what is wrong, for a person."""
    if error["type"] == "extra_forbidden":
        return "unknown field: check its spelling, or leave it out"
    if error["type"] == "json_invalid":
        return f"not valid JSON: {error['ctx']['error']}"
    return str(error["msg"]).removeprefix("Value error, ")


def _step_into(here: Any, step: str | int) -> tuple[bool, Any]:
    if isinstance(here, Mapping) and step in here:
        return True, here[step]
    if isinstance(here, list) and isinstance(step, int) and 0 <= step < len(here):
        return True, here[step]
    return False, here
