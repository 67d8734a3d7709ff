"""Render errors as `application/problem+json` (RFC 9457). Depends on HTTP, not on campaigns."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from models.specs.base import json_pointer
from service.errors import AssayflowError, NotFoundError, UnavailableError, UnprocessableError
from service.json_pointers import body_location, error_message

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:assayflow:problem:"

log = structlog.get_logger("assayflow.api")


def install_problem_handlers(app: FastAPI) -> None:
    """Make the application render every error as a problem."""
    app.add_exception_handler(AssayflowError, _on_assayflow_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DataError, _on_unstorable)
    app.add_exception_handler(OperationalError, _on_unavailable)
    app.add_exception_handler(PoolTimeoutError, _on_unavailable)


def problem_response(error: AssayflowError, instance: str) -> JSONResponse:
    """Render an error of this project."""
    body = problem(error.status, error.slug, error.title, error.detail, instance)
    if error.errors:
        body["errors"] = [dict(error_item) for error_item in error.errors]
    return _respond(body | error.extensions, error.headers)


def internal_problem(instance: str, request_id: str) -> JSONResponse:
    """Render an unexpected error: it contains only the id under which the log has the details."""
    body = problem(500, "internal", "Internal error", "Something unexpected happened; the log has the cause.", instance)
    return _respond(body | {"request_id": request_id})


def problem(status: int, slug: str, title: str, detail: str, instance: str) -> dict[str, Any]:
    """Return the members of every problem."""
    return {"type": TYPE_PREFIX + slug, "title": title, "status": status, "detail": detail, "instance": instance}


def unavailable(error: Exception, path: str) -> UnavailableError:
    """Log why the database does not respond, and return the error for the client."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    log.error("database_unavailable", path=path, cause=str(cause))
    return UnavailableError("the database does not answer; try again")


def field_errors(errors: Iterable[Mapping[str, Any]], body: Any) -> list[dict[str, Any]]:
    """Turn pydantic's errors into `{pointer, detail}`; `in` locates errors outside the body."""
    errors_found: list[dict[str, Any]] = []
    for error in errors:
        source, *path = error["loc"]
        if source == "body":
            inside = [] if error["type"] == "json_invalid" else path
            errors_found.append(body_location(error, inside, body))
        else:
            errors_found.append({"in": source, "pointer": json_pointer(*path), "detail": error_message(error)})
    return [error_item for error_item in errors_found if not _is_consequence(error_item, errors_found)]


def _is_consequence(error_item: Mapping[str, Any], errors_found: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a list is too short only because one of its items is wrong: pydantic reports both."""
    inside = error_item["pointer"] + "/"
    return "should have at least" in error_item["detail"] and any(
        item["pointer"].startswith(inside) for item in errors_found
    )


def _on_assayflow_error(request: Request, error: Exception) -> JSONResponse:
    return problem_response(cast("AssayflowError", error), request.url.path)


def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    invalid = cast("RequestValidationError", error)
    raw = invalid.errors()
    if any(item["loc"][0] == "path" for item in raw):
        return problem_response(NotFoundError("no resource has this address"), request.url.path)
    errors_found = field_errors(raw, invalid.body)
    first = errors_found[0]
    where = first["pointer"] or "the body"
    detail = f"{where}: {first['detail']}" + (f" (and {len(errors_found) - 1} more)" if len(errors_found) > 1 else "")
    return problem_response(UnprocessableError(detail, errors=errors_found), request.url.path)


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    raised = cast("HTTPException", error)
    phrase = HTTPStatus(raised.status_code).phrase
    details = {
        404: "no resource has this address",
        405: f"this resource does not answer {request.method}",
    }
    detail = details.get(raised.status_code, str(raised.detail))
    slug = phrase.lower().replace(" ", "-")
    headers = dict(raised.headers or {})
    if raised.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    return _respond(problem(raised.status_code, slug, phrase, detail, request.url.path), headers)


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods of all routes at this path (RFC 9110, 15.5.6); the router names one route's."""
    candidates = {method: dict(request.scope, method=method) for method in ("GET", "POST", "PATCH", "PUT", "DELETE")}
    routes = request.app.router.routes
    return [
        method for method, scope in candidates.items() if any(route.matches(scope)[0] == Match.FULL for route in routes)
    ]


def _on_unstorable(request: Request, error: Exception) -> JSONResponse:
    """Respond to a value that its type allows but the database does not, such as a number beyond 64 bits."""
    log.warning("value_not_storable", path=request.url.path, cause=type(error.__cause__).__name__)
    detail = "a value is outside of what can be stored"
    error_item = {"pointer": "", "detail": detail}
    if "cursor" in request.query_params:  # only the database parses the content of a cursor
        error_item = {"in": "query", "pointer": "/cursor", "detail": "not a cursor of this list; start without one"}
    return problem_response(UnprocessableError(detail, errors=[error_item]), request.url.path)


def _on_unavailable(request: Request, error: Exception) -> JSONResponse:
    return problem_response(unavailable(error, request.url.path), request.url.path)


def _respond(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body, status_code=int(body["status"]), headers=dict(headers or {}), media_type=MEDIA_TYPE)
