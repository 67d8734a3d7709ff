"""What can go wrong for a caller, as one small tree.

It knows no HTTP library: `service.api.problems` renders it.
AssayflowError
├── UnauthorizedError          401  no key, or one that is not valid
├── ForbiddenError             403  the key lacks the scope
├── NotFoundError              404  no such thing in this workspace
├── NotAcceptableError         406  no such representation
├── RequestTimeoutError        408  the body did not come in time
├── ConflictError              409  the state does not allow it
├── PreconditionFailedError    412  If-Match is stale
├── TooLargeError              413  the body is over the limit
├── UnsupportedMediaTypeError  415  the body's format is not read
├── UnprocessableError         422  the payload is wrong; `errors` names the places
├── PreconditionRequiredError  428  If-Match is missing
└── UnavailableError           503  something this service needs does not answer, or too many ask at once
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final


class AssayflowError(Exception):
    """Base of everything that is answered as a problem (RFC 9457).

    Args:
        detail: one sentence for the caller.
        errors: the places, `{"pointer", "detail"}` or, for tables, `{"row", "column", "detail"}`.
        extensions: further members of the problem, such as the report of a refused table.
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.extensions = dict(extensions or {})


@final
class UnauthorizedError(AssayflowError):
    """No key was sent, or it is unknown, expired or revoked."""

    status = 401
    slug = "unauthorized"
    title = "A valid API key is required"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


@final
class ForbiddenError(AssayflowError):
    """The key is valid but lacks the scope."""

    status = 403
    slug = "forbidden"
    title = "The API key lacks the scope"


@final
class NotFoundError(AssayflowError):
    """The workspace has no such thing; another workspace's rows look the same."""

    status = 404
    slug = "not-found"
    title = "Not found"


@final
class NotAcceptableError(AssayflowError):
    """No representation of the resource matches what was asked for."""

    status = 406
    slug = "not-acceptable"
    title = "No such representation"


@final
class RequestTimeoutError(AssayflowError):
    """The body was announced and did not come in time; the connection is closed."""

    status = 408
    slug = "request-timeout"
    title = "The request did not come in time"
    headers: ClassVar[Mapping[str, str]] = {"Connection": "close"}


@final
class ConflictError(AssayflowError):
    """The request is well formed but the state does not allow it."""

    status = 409
    slug = "conflict"
    title = "The state does not allow it"


@final
class PreconditionFailedError(AssayflowError):
    """The resource changed since the caller read it."""

    status = 412
    slug = "precondition-failed"
    title = "The resource has changed"


@final
class TooLargeError(AssayflowError):
    """The body is larger than the server reads."""

    status = 413
    slug = "too-large"
    title = "The body is too large"


@final
class UnsupportedMediaTypeError(AssayflowError):
    """The body's format is not one that this resource reads."""

    status = 415
    slug = "unsupported-media-type"
    title = "The body's format is not supported"


@final
class UnprocessableError(AssayflowError):
    """The payload is wrong; `errors` names the places."""

    status = 422
    slug = "unprocessable"
    title = "The payload is not valid"


@final
class PreconditionRequiredError(AssayflowError):
    """The change needs an If-Match header."""

    status = 428
    slug = "precondition-required"
    title = "If-Match is required"


class UnavailableError(AssayflowError):
    """The database or the broker does not answer, or more ask at once than are answered in time."""

    status = 503
    slug = "unavailable"
    title = "The service is not ready"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}
