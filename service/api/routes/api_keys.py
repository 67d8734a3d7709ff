"""Routes of API keys."""

import hashlib
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from service import keys
from service.api.body import StrictRoute
from service.api.conventions import IfMatch, PageQuery, answer, etag, require_match
from service.api.dependencies import AnyReader, Caller, KeyId, Transaction, UnboundedAdmin
from service.api.documentation import ETAG, LINK, Responses, guarded, header
from service.api.idempotency import Once
from service.campaigns import queries
from service.errors import ForbiddenError, NotFoundError
from service.schemas.api_keys import ApiKey, ApiKeyRequest, NewApiKey
from service.schemas.base import Page
from service.store import tables

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"], route_class=StrictRoute)

CREATED: Responses = {201: {"description": "The key with its secret", **header("Location", "its address")}}
DELETED: Responses = {204: {"description": "The key does not work any more"}}


@router.post("", status_code=201, response_model=NewApiKey, responses={**CREATED, **guarded(404, 409, 415)})
def create_api_key(
    wanted: ApiKeyRequest, caller: UnboundedAdmin, session: Transaction, once: Once
) -> Response:
    """Make a key. The secret is in this answer only; a replay by Idempotency-Key has null in its place.

    A key of one campaign makes keys of that campaign.
    """
    _check_reach(session, caller, wanted.campaign_id)

    def make() -> Response:
        issued = keys.issue(
            session,
            caller.workspace_id,
            wanted.name,
            wanted.scopes,
            wanted.expires_at,
            wanted.campaign_id,
        )
        return _created(issued)

    return once(make, forget={"secret"})


@router.get("", responses={200: LINK, **guarded()})
def list_api_keys(caller: UnboundedAdmin, session: Transaction, query: PageQuery) -> Page[ApiKey]:
    """List the workspace's keys, or those of the caller's campaign; revoked ones included."""
    page = keys.list_keys(session, caller.workspace_id, query.limit, query.cursor, caller.campaign_id)
    return query.answer(page, ApiKey)


@router.get("/current", response_model=ApiKey, responses={200: ETAG, **guarded()})
def get_current_api_key(caller: AnyReader, session: Transaction) -> Response:
    """Return the key of this request: its name, scopes and end."""
    row = keys.get(session, caller.workspace_id, caller.key_id)
    return answer(ApiKey.model_validate(row), headers={"ETag": _tag(row)})


@router.get("/{key_id}", response_model=ApiKey, responses={200: ETAG, **guarded(404)})
def get_api_key(key_id: KeyId, caller: UnboundedAdmin, session: Transaction) -> Response:
    """Return a key without its secret."""
    row = keys.get(session, caller.workspace_id, key_id, caller.campaign_id)
    return answer(ApiKey.model_validate(row), headers={"ETag": _tag(row)})


@router.delete("/{key_id}", status_code=204, responses={**DELETED, **guarded(404, 412, 428)})
def revoke_api_key(
    key_id: KeyId, caller: UnboundedAdmin, session: Transaction, if_match: IfMatch = None
) -> None:
    """Revoke a key: it stops working at once and stays in the list."""
    reach = (caller.workspace_id, key_id, caller.campaign_id)
    require_match(if_match, _tag(keys.get(session, *reach)))
    keys.revoke(session, *reach)


def _check_reach(session: Session, caller: Caller, campaign_id: UUID | None) -> None:
    """Check that a caller may make a key with this reach.

    Raises:
        NotFoundError: if the caller knows no such campaign.
        ForbiddenError: if a key of one campaign would make one of the whole workspace.
    """
    if campaign_id is not None:
        if caller.campaign_id not in (None, campaign_id):
            raise NotFoundError(f"no campaign {campaign_id}")
        queries.check_campaign(session, caller.workspace_id, campaign_id)
    elif caller.campaign_id is not None:
        raise ForbiddenError(
            f"this key makes keys of its own campaign: give campaign_id {caller.campaign_id}"
        )


def _created(issued: keys.IssuedKey) -> Response:
    shown = ApiKey.model_validate(issued.row).model_dump()
    headers = {"Location": f"/v1/api-keys/{issued.row.id}", "ETag": _tag(issued.row)}
    return answer(NewApiKey(**shown, secret=issued.text), 201, headers)


def _tag(row: tables.ApiKey) -> str:
    """Return a tag that changes when the key is revoked, not when it is used."""
    return etag(hashlib.sha256(f"{row.id}:{row.revoked_at}".encode()).hexdigest()[:32])
