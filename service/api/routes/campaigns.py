"""Routes of campaigns."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from fastapi.exceptions import RequestValidationError

from models.campaign.spec import CampaignSpec
from service.api.body import StrictRoute
from service.api.conventions import IfMatch, PageQuery, answer, etag, require_match
from service.api.dependencies import (
    CampaignId,
    Checkers,
    Operators,
    Reader,
    Transaction,
    UnboundedReader,
    Writer,
)
from service.api.documentation import ETAG, LINK, Responses, guarded, header
from service.api.idempotency import Once
from service.campaigns import commands, queries
from service.campaigns.checking import InvalidDocumentError, check_spec
from service.children import Children
from service.outbound.scorers import check_scorers
from service.schemas.base import Page
from service.schemas.campaigns import Campaign, CampaignSummary
from service.store import tables

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=StrictRoute)

Changes = Annotated[
    dict[str, Any],
    Body(
        description="members of the CampaignSpec to change", examples=[{"batch": {"size": 48}, "seed": None}]
    ),
]
Document = Annotated[dict[str, Any], Body(description="a CampaignSpec")]
CREATED: Responses = {201: {"description": "The campaign", **header("Location", "its address")}}


@router.post("", status_code=201, response_model=Campaign, responses={**CREATED, **guarded(409, 415)})
def create_campaign(
    document: Document,
    caller: Writer,
    session: Transaction,
    once: Once,
    settings: Operators,
    children: Checkers,
) -> Response:
    """Describe what may be built and what is wanted; computing starts with the first round."""

    def create() -> Response:
        spec = accepted_spec(children, document)
        check_scorers(spec.scorers, settings)
        row = commands.create_campaign(session, caller.workspace_id, spec)
        return _answer(row, 201, {"Location": f"/v1/campaigns/{row.id}"})

    return once(create)


@router.get("", responses={200: LINK, **guarded()})
def list_campaigns(caller: UnboundedReader, session: Transaction, query: PageQuery) -> Page[CampaignSummary]:
    """List the campaigns that the key may see, newest first; a single one also tells its specification."""
    page = queries.list_campaigns(session, caller.workspace_id, query.limit, query.cursor, caller.campaign_id)
    return query.answer(page, CampaignSummary)


@router.get("/{campaign_id}", response_model=Campaign, responses={200: ETAG, **guarded(404)})
def get_campaign(campaign_id: CampaignId, caller: Reader, session: Transaction) -> Response:
    """Return one campaign."""
    return _answer(queries.get_campaign(session, caller.workspace_id, campaign_id))


@router.patch(
    "/{campaign_id}", response_model=Campaign, responses={200: ETAG, **guarded(404, 409, 412, 415, 428)}
)
def patch_campaign(  # noqa: PLR0913, PLR0917 - FastAPI passes each dependency as an argument
    campaign_id: CampaignId,
    changes: Changes,
    caller: Writer,
    session: Transaction,
    settings: Operators,
    children: Checkers,
    if_match: IfMatch = None,
) -> Response:
    """Change the specification by a JSON merge patch (RFC 7396); rounds that were started keep theirs."""
    current = queries.get_campaign(session, caller.workspace_id, campaign_id)
    require_match(if_match, etag(current.version))
    changed = commands.patch_campaign(
        session,
        caller.workspace_id,
        campaign_id,
        current.version,
        changes,
        partial(check_spec, children),
        bound_to=caller.campaign_id,
    )
    if "scorers" in changes:
        check_scorers(CampaignSpec.from_stored(changed.spec).scorers, settings)
    return _answer(changed)


@router.post("/{campaign_id}/archive", response_model=Campaign, responses={200: ETAG, **guarded(404, 409)})
def archive_campaign(campaign_id: CampaignId, caller: Writer, session: Transaction, once: Once) -> Response:
    """Close a campaign: from then on it can only be read."""
    return once(lambda: _answer(commands.archive_campaign(session, caller.workspace_id, campaign_id)))


def accepted_spec(children: Children, document: Any) -> CampaignSpec:
    """Return the specification in a body.

    Raises:
        RequestValidationError: as FastAPI raises it for a body that is no such model.
    """
    try:
        return check_spec(children, document)
    except InvalidDocumentError as error:
        errors = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(errors, body=document) from error


def _answer(row: tables.Campaign, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return answer(Campaign.model_validate(row), status, {"ETag": etag(row.version), **(headers or {})})
