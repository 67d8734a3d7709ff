"""What a route asks for: the caller with the scope it needs, and the request's one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from service import keys
from service.campaigns import reading
from service.children import Children
from service.errors import ForbiddenError, UnauthorizedError
from service.keys import Scope
from service.settings import Settings
from service.store.session import Sessions

bearer = HTTPBearer(
    auto_error=False, bearerFormat="af_<id>_<secret>", scheme_name="api_key", description="An API key of a workspace."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a key, its workspace and what it may do."""

    key_id: str
    workspace_id: UUID
    scopes: frozenset[str]


def sessions_of(request: Request) -> Sessions:
    """Return the application's maker of sessions."""
    return cast("Sessions", request.app.state.sessions)


def settings_of(request: Request) -> Settings:
    """Return the application's settings."""
    return cast("Settings", request.app.state.settings)


def children_of(request: Request) -> Children:
    """Return the application's children, which check what callers send."""
    return cast("Children", request.app.state.children)


def reader_of(request: Request) -> reading.Reader:
    """Return who reads the tables that callers send."""
    return reading.Reader(children_of(request), settings_of(request).child_seconds)


def authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    """Return the caller, looked up in a transaction of its own so that noting the use of a key holds nobody up.

    Raises:
        UnauthorizedError: without a valid key.
    """
    if credentials is None:
        raise UnauthorizedError("send an API key as `Authorization: Bearer af_...`")
    with sessions_of(request).begin() as session:
        key = keys.authenticate(session, credentials.credentials)
        return Caller(key.id, key.workspace_id, frozenset(key.scopes))


def require(scope: Scope) -> Callable[[Caller], Caller]:
    """Return a dependency that lets only keys with this scope pass."""

    def check(caller: Annotated[Caller, Depends(authenticate)]) -> Caller:
        if scope not in caller.scopes:
            raise ForbiddenError(f"this needs the scope {scope}; the key has {', '.join(sorted(caller.scopes))}")
        return caller

    return check


def open_transaction(request: Request) -> Iterator[Session]:
    """Yield the request's session; it commits when the route returns and rolls back when it raises."""
    with sessions_of(request).begin() as session:
        yield session


# Scope "function": the commit happens before the answer is sent, so that a failing commit is not answered as success.
Transaction = Annotated[Session, Depends(open_transaction, scope="function")]
Reader = Annotated[Caller, Depends(require("read"))]
Writer = Annotated[Caller, Depends(require("write"))]
Admin = Annotated[Caller, Depends(require("admin"))]
Checkers = Annotated[Children, Depends(children_of)]
TableReader = Annotated[reading.Reader, Depends(reader_of)]
Operators = Annotated[Settings, Depends(settings_of)]
RoundNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="the round's number, from 1")]
