"""What can go wrong for a caller of the API, as one small tree.

AssayflowError
├── ApiError                   the service responded with a problem (RFC 9457)
│   ├── UnauthorizedError      401  no key, or one that is not valid
│   ├── ForbiddenError         403  the key lacks the scope
│   ├── NotFoundError          404  no such thing in this workspace
│   ├── ConflictError          409  the state does not allow it
│   ├── PreconditionError      412, 428  the resource changed since it was read
│   ├── ValidationFailedError  422  the payload is wrong; `errors` and `rows` name the places
│   ├── TooManyRequestsError   429  more requests than are answered in time
│   └── ServerError            5xx  the service or what it needs does not answer
├── UnexpectedAnswerError      something answers, and it is not Assayflow
├── UnreachableError           nothing answers at the address
├── ComputationError           a round or a job failed or was cancelled
├── WaitTimeoutError           a round or a job was not finished in time
└── MissingPackageError        an optional package is not installed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from assayflow.client.problem_text import format_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    import pandas as pd

_SERVER_ERRORS = 500


class AssayflowError(Exception):
    """Base of every error of the client; the message is one line for the user."""


class ApiError(AssayflowError):
    """The service responded with a problem.

    Args:
        status: the HTTP status.
        problem: the members of the problem (RFC 9457); `title` is required.
        request_id: the id under which the service's log has this request.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], request_id: str | None = None) -> None:
        super().__init__(format_problem(problem))
        self.status = status
        self.problem = dict(problem)
        self.request_id = request_id

    @property
    def title(self) -> str:
        """The kind of problem in a few words."""
        return str(self.problem["title"])

    @property
    def detail(self) -> str:
        """What is wrong and how to mend it."""
        return str(self.problem.get("detail") or "")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Every place that is wrong: a JSON pointer, or a row and column of a table."""
        return [dict(item) for item in self.problem.get("errors") or ()]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What became of every row of a refused table; empty if the problem is not about a table."""
        return rows_of(self.problem)

    def rows_to_pandas(self) -> pd.DataFrame:
        """Return the rows as a DataFrame."""
        from assayflow.client.frames import to_frame

        return to_frame(self.rows)


@final
class UnauthorizedError(ApiError):
    """The API key is missing, unknown, expired or revoked."""


@final
class ForbiddenError(ApiError):
    """The API key lacks the scope."""


@final
class NotFoundError(ApiError):
    """The workspace has no such thing."""


@final
class ConflictError(ApiError):
    """The state does not allow the request."""


@final
class PreconditionError(ApiError):
    """The resource has changed since it was read."""


@final
class ValidationFailedError(ApiError):
    """The payload is wrong; `errors` names the places, and `rows` those of a table."""


@final
class TooManyRequestsError(ApiError):
    """The service asks for fewer requests."""


@final
class ServerError(ApiError):
    """The service, or something that it needs, does not answer as it should."""


@final
class UnexpectedAnswerError(AssayflowError):
    """Something answers at the address, and it is not Assayflow."""


@final
class UnreachableError(AssayflowError):
    """Nothing answers at the address."""


@final
class ComputationError(AssayflowError):
    """A round or a job failed or was cancelled; `resource` is what the API says of it."""

    def __init__(self, noun: str, resource: Mapping[str, Any]) -> None:
        failure = resource.get("failure")
        why = format_problem(failure) if failure else resource["message"]
        super().__init__(f"{noun} {resource['state']}: {why}")
        self.resource = dict(resource)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What became of every row of a refused table; empty if no table was refused."""
        return rows_of(self.resource.get("failure") or {}) or rows_of(self.resource.get("report") or {})


@final
class WaitTimeoutError(AssayflowError, TimeoutError):
    """A round or a job was not finished in time; it goes on."""


@final
class MissingPackageError(AssayflowError, ImportError):
    """A package of an optional extra is not installed."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: PreconditionError,
    422: ValidationFailedError,
    428: PreconditionError,
    429: TooManyRequestsError,
}


def rows_of(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that a problem or a report names: its report, or the errors that have a row."""
    rows = problem.get("rows")
    if rows is None:
        rows = [item for item in problem.get("errors") or () if "row" in item]
    return [dict(row) for row in rows]


def error_of(answer: httpx.Response) -> AssayflowError:
    """Return the error that an unsuccessful response stands for."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "title" not in problem:
        text = f"{answer.request.url} answers {answer.status_code} {answer.reason_phrase}"
        problem = {"title": text, "status": answer.status_code}
    fallback = ServerError if answer.status_code >= _SERVER_ERRORS else ApiError
    kind = _BY_STATUS.get(answer.status_code, fallback)
    return kind(answer.status_code, problem, answer.headers.get("X-Request-ID"))
