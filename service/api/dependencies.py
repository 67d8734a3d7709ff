"""FastAPI dependencies of routes: the caller with the required scope, and the request's single transaction.

`service.api.admission` identifies the caller before anything else. Dependencies that never block are
coroutines: FastAPI runs all others in a thread.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
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
from service.errors import ForbiddenError, NotFoundError, UnauthorizedError
from service.keys import Scope
from service.settings import Settings
from service.store.session import Sessions

bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="af_<id>_<secret>",
    scheme_name="api_key",
    description="An API key of a workspace.",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request: key, workspace and scopes; `campaign_id` is the only one that it may use."""

    key_id: str
    workspace_id: UUID
    scopes: frozenset[str]
    campaign_id: UUID | None = None


def sessions_of(request: Request) -> Sessions:
    """Return the application's session factory."""
    return cast("Sessions", request.app.state.sessions)


def poller_of(request: Request) -> Poller:
    """Return the application's poller of event streams and long polls."""
    return cast("Poller", request.app.state.poller)


async def settings_of(request: Request) -> Settings:
    """Return the application's settings."""
    return cast("Settings", request.app.state.settings)


def key_of(authorization: str) -> str:
    """Return the key of an `Authorization` header.

    Raises:
        UnauthorizedError: if there is none, or it does not have the form of a key.
    """
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise UnauthorizedError("send an API key as `Authorization: Bearer af_...`")
    keys.check_form(text.strip())
    return text.strip()


async def children_of(request: Request) -> Children:
    """Return the application's child processes, which check user input."""
    return cast("Children", request.app.state.children)


async def reader_of(request: Request) -> reading.Reader:
    """Return the reader of uploaded tables."""
    return reading.Reader(await children_of(request), (await settings_of(request)).child_seconds)


def identify(sessions: Sessions, key: str) -> Caller:
    """Return the caller of a key.

    The transaction is a separate one, so that recording the key's use blocks no other request.

    Raises:
        UnauthorizedError: if the key is not valid.
    """
    with sessions.begin() as session:
        row = keys.authenticate(session, key)
        return Caller(row.id, row.workspace_id, frozenset(row.scopes), row.campaign_id)


async def authenticate(
    request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    """Return the caller that was admitted."""
    return cast("Caller", request.state.caller)


def require(
    scope: Scope, narrow: Scope | None = None, *, is_bounded: bool = True
) -> Callable[[Request, Caller], Awaitable[Caller]]:
    """Return a dependency that accepts only keys with this scope; OpenAPI names it at each route.

    Args:
        scope: what a key needs.
        narrow: another scope that suffices.
        is_bounded: whether a key of one campaign is kept to it here, by the path: other campaigns are not
            found, and what belongs to no campaign is refused. Otherwise the route heeds
            `Caller.campaign_id`.
    """

    async def check(
        request: Request, caller: Annotated[Caller, Security(authenticate, scopes=[scope])]
    ) -> Caller:
        if caller.scopes.isdisjoint((scope, narrow)):
            raise ForbiddenError(
                f"this needs the scope {scope}; the key has {', '.join(sorted(caller.scopes))}"
            )
        if is_bounded and caller.campaign_id is not None:
            _check_bound(caller.campaign_id, request.path_params.get("campaign_id"))
        return caller

    return check


def _check_bound(own: UUID, given: str | None) -> None:
    if given is None:
        raise ForbiddenError(f"the key is bound to the campaign {own}, and this is not of one campaign")
    with suppress(ValueError):  # what is no id is refused as such
        if (wanted := UUID(given)) != own:
            raise NotFoundError(f"no campaign {wanted}")


def open_transaction(request: Request) -> Iterator[Session]:
    """Yield the request's session; it commits when the route returns and rolls back when it raises."""
    with sessions_of(request).begin() as session:
        yield session


# With scope "function" the commit precedes the response, so that a failed commit is never reported as a
# success.
Transaction = Annotated[Session, Depends(open_transaction, scope="function")]
Reader = Annotated[Caller, Depends(require("read"))]
Writer = Annotated[Caller, Depends(require("write"))]
Admin = Annotated[Caller, Depends(require("admin"))]
Sender = Annotated[Caller, Depends(require("write", "results"))]
"""Who may post results; `results` is the scope of instruments."""
ReportReader = Annotated[Caller, Depends(require("read", "results"))]
"""Who may read reports of uploads: with `results` alone only of their own."""
AnyReader = Annotated[Caller, Depends(require("read", "results", is_bounded=False))]
"""For routes about the key itself."""
UnboundedReader = Annotated[Caller, Depends(require("read", is_bounded=False))]
UnboundedWriter = Annotated[Caller, Depends(require("write", is_bounded=False))]
UnboundedAdmin = Annotated[Caller, Depends(require("admin", is_bounded=False))]
"""For routes without a campaign in their path that heed `Caller.campaign_id` themselves."""
Checkers = Annotated[Children, Depends(children_of)]
TableReader = Annotated[reading.Reader, Depends(reader_of)]
Operators = Annotated[Settings, Depends(settings_of)]
RoundNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="the round's number, from 1")]
CampaignId = Annotated[
    UUID, Path(description="the campaign's id", examples=["5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31"])
]
CandidateId = Annotated[
    UUID, Path(description="the candidate's id", examples=["1c9e4d70-3b6a-4f0e-9a53-6d2f8b7c4e90"])
]
PlateId = Annotated[
    UUID, Path(description="the plate's id", examples=["7e1a9c35-4d2b-4f6e-8b07-3c5d1e9f2a64"])
]
JobId = Annotated[UUID, Path(description="the job's id", examples=["e2b8f6a1-7c3d-4e5f-8a9b-0c1d2e3f4a5b"])]
KeyId = Annotated[str, Path(description="the part of the key that is no secret", examples=["k3v9x2"])]
