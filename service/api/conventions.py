"""Shared conventions of all resources: JSON responses, entity tags, pages and content negotiation."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, final

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from service.errors import NotAcceptableError, PreconditionFailedError, PreconditionRequiredError
from service.schemas.base import Answer, Page
from service.store import paging

MAX_LIMIT = 500
Item = TypeVar("Item", bound=Answer)

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="items in one page")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that was read; required")]


def answer(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a model as JSON."""
    return Response(body.model_dump_json(by_alias=True), status, dict(headers or {}), media_type="application/json")


def etag(version: object) -> str:
    """Return the strong entity tag of a version (RFC 9110, section 8.8.3)."""
    return f'"{version}"'


def content_tag(body: BaseModel) -> str:
    """Return an entity tag derived from the content, for resources without version numbers."""
    return etag(hashlib.sha256(body.model_dump_json().encode()).hexdigest()[:32])


def require_match(if_match: str | None, current: str) -> None:
    """Check that the caller has seen the current version (RFC 9110, section 13.1.1).

    Raises:
        PreconditionRequiredError: without If-Match.
        PreconditionFailedError: if none of its tags is the current one.
    """
    if if_match is None:
        raise PreconditionRequiredError("read the resource first and send its ETag as If-Match")
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and current not in tags:
        raise PreconditionFailedError("the resource has changed since it was read; read it again")


@final
class Paging:
    """The requested page of a list, and its response."""

    def __init__(self, request: Request, response: Response, limit: int, cursor: str | None) -> None:
        self.limit = limit
        self.cursor = cursor
        self._url = request.url
        self._headers = response.headers

    def answer(self, page: paging.Page[Any], view: type[Item]) -> Page[Item]:
        """Return a page of rows as views, and add the `Link` to the next page (RFC 8288) if there is one."""
        if page.next_cursor is not None:
            following = self._url.include_query_params(cursor=page.next_cursor)
            self._headers["Link"] = f'<{following}>; rel="next"'
        return Page(items=[view.model_validate(row) for row in page.items], next_cursor=page.next_cursor)


async def paging_of(request: Request, response: Response, limit: Limit = 50, cursor: Cursor = None) -> Paging:
    """Return the requested page."""
    return Paging(request, response, limit, cursor)


PageQuery = Annotated[Paging, Depends(paging_of)]


def negotiate(
    offered: Mapping[str, str], wanted: str | None, accept: str | None, missing: Mapping[str, str] | None = None
) -> str:
    """Choose a format by name (`?format=`) or else by the `Accept` header; the first offered is the default.

    Args:
        offered: name -> media type, in order of preference.
        wanted: the name in the query.
        accept: the header (RFC 9110, section 12.5.1).
        missing: name -> reason of formats that may be expected and are not offered.

    Raises:
        NotAcceptableError: if neither leads to an offered format.
    """
    if wanted is not None:
        if wanted.lower() in offered:
            return wanted.lower()
        if reason := (missing or {}).get(wanted.lower()):
            raise NotAcceptableError(f"no {wanted.lower()} here: {reason}; there is {', '.join(offered)}")
        raise NotAcceptableError(f"no format {wanted!r} here; there is {', '.join(offered)}")
    ranges = _media_ranges(accept or "*/*")
    best = max(offered, key=lambda name: _quality(ranges, offered[name]))
    if _quality(ranges, offered[best]) == 0:
        raise NotAcceptableError(f"nothing here is {accept}; there is {', '.join(dict.fromkeys(offered.values()))}")
    return best


def _media_ranges(accept: str) -> dict[str, float]:
    ranges = {}
    for part in accept.split(","):
        media, *parameters = (text.strip().lower() for text in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        ranges[media] = float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0
    return ranges


def _quality(ranges: Mapping[str, float], media_type: str) -> float:
    plain = media_type.partition(";")[0].strip()
    family = plain.partition("/")[0] + "/*"
    return next((ranges[key] for key in (plain, family, "*/*") if key in ranges), 0.0)
