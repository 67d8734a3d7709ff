"""Refuse unknown query parameters, so that a misspelt one is never ignored.

The known names are those of the route's own signature, including its dependencies. Depends on no resource.
"""

from collections import Counter
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from models.specs.base import json_pointer
from service.errors import UnprocessableError


async def refuse_unknown_query(request: Request) -> None:
    """Check that the route accepts each query parameter, and its number of occurrences.

    Raises:
        UnprocessableError: naming the refused parameters and the accepted ones.
    """
    given = Counter(name for name, _ in request.query_params.multi_items())
    if not given:
        return
    known = query_parameters(request.scope["route"])
    expected = f"this takes {', '.join(sorted(known))}" if known else "this takes no query parameters"
    errors = [
        {"in": "query", "pointer": json_pointer(name), "detail": detail}
        for name, times in given.items()
        if (detail := _wrong(name, times, known, expected))
    ]
    if errors:
        raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors=errors)


def query_parameters(route: APIRoute) -> Mapping[str, bool]:
    """Return the names of a route's query parameters, and whether each one may be repeated."""
    fields = [field for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query)]
    return {field.alias: _is_list(field.field_info.annotation) for field in fields}


def _wrong(name: str, times: int, known: Mapping[str, bool], expected: str) -> str | None:
    if name not in known:
        return f"unknown query parameter; {expected}"
    if times > 1 and not known[name]:
        return f"given {times} times; send it once"
    return None


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return any(_is_list(part) for part in get_args(annotation))
    return get_origin(annotation) in (list, set, tuple)
