"""What a route asks for: the caller with the scope it needs, and the request's one transaction.

Who is calling is found out by `service.api.admission`, before anything else. What does not wait is a coroutine: FastAPI
takes a thread for everything else.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from service import keys
from service.api.polling import Poller
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


def poller_of(request: Request) -> Poller:
    """Return what looks for those who follow something."""
    return cast("Poller", request.app.state.poller)


async def settings_of(request: Request) -> Settings:
    """Return the application's settings."""
    return cast("Settings", request.app.state.settings)


def key_of(authorization: str) -> str:
    """Return the key in an `Authorization` header.

    Raises:
        UnauthorizedError: if there is none, or it has not the form of a key.
    """
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise UnauthorizedError("send an API key as `Authorization: Bearer af_...`")
    keys.check_form(text.strip())
    return text.strip()


async def children_of(request: Request) -> Children:
    """Return the application's children, which check what callers send."""
    return cast("Children", request.app.state.children)


async def reader_of(request: Request) -> reading.Reader:
    """Return who reads the tables that callers send."""
    return reading.Reader(await children_of(request), (await settings_of(request)).child_seconds)


def identify(sessions: Sessions, key: str) -> Caller:
    """Return the caller, looked up in a transaction of its own so that noting the use of a key holds nobody up.

    Raises:
        UnauthorizedError: if the key is not valid.
    """
    with sessions.begin() as session:
        row = keys.authenticate(session, key)
        return Caller(row.id, row.workspace_id, frozenset(row.scopes))


async def authenticate(
    request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    """Return the caller that was let in."""
    return cast("Caller", request.state.caller)


def require(scope: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that lets only keys with this scope pass; OpenAPI says so at each route."""

    async def check(caller: Annotated[Caller, Security(authenticate, scopes=[scope])]) -> Caller:
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
CampaignId = Annotated[UUID, Path(description="the campaign's id", examples=["5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31"])]
CandidateId = Annotated[UUID, Path(description="the candidate's id", examples=["1c9e4d70-3b6a-4f0e-9a53-6d2f8b7c4e90"])]
PlateId = Annotated[UUID, Path(description="the plate's id", examples=["7e1a9c35-4d2b-4f6e-8b07-3c5d1e9f2a64"])]
JobId = Annotated[UUID, Path(description="the job's id", examples=["e2b8f6a1-7c3d-4e5f-8a9b-0c1d2e3f4a5b"])]
KeyId = Annotated[str, Path(description="the part of the key that is no secret", examples=["k3v9x2"])]
