"""The client of the public HTTP API, synchronous and asynchronous. It imports no code of the service."""

from assayflow.client.client import AsyncClient, Client
from assayflow.client.errors import (
    ApiError,
    AssayflowError,
    ComputationError,
    ConflictError,
    ForbiddenError,
    MissingPackageError,
    NotFoundError,
    PreconditionError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
    UnexpectedAnswerError,
    UnreachableError,
    ValidationFailedError,
    WaitTimeoutError,
)
from assayflow.client.events import Event
from assayflow.client.patience import Patience

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
]
