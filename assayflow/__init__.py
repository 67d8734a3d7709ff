"""The name that is surely Assayflow's.

The command, the version, a check that the packages beside it are ours, and the client of the HTTP API, which
is loaded when it is first used.
"""

from typing import TYPE_CHECKING, Any

from assayflow.installation import installed_version

if TYPE_CHECKING:
    from assayflow.client import (
        ApiError,
        AssayflowError,
        AsyncClient,
        Client,
        ComputationError,
        ConflictError,
        Event,
        ForbiddenError,
        MissingPackageError,
        NotFoundError,
        Patience,
        PreconditionError,
        ServerError,
        TooManyRequestsError,
        UnauthorizedError,
        UnexpectedAnswerError,
        UnreachableError,
        ValidationFailedError,
        WaitTimeoutError,
    )

__all__ = [
    "ApiError",
    "AssayflowError",
    "AsyncClient",
    "Client",
    "ComputationError",
    "ConflictError",
    "Event",
    "ForbiddenError",
    "MissingPackageError",
    "NotFoundError",
    "Patience",
    "PreconditionError",
    "ServerError",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnexpectedAnswerError",
    "UnreachableError",
    "ValidationFailedError",
    "WaitTimeoutError",
    "__version__",
]
__version__ = installed_version()


def __getattr__(name: str) -> Any:
    """Load the client when it is first used (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from assayflow import client

    return getattr(client, name)
