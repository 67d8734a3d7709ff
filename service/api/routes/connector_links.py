"""Routes of links: campaigns that use a connector."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from service.api.body import StrictRoute
from service.api.connectors import LinkId, Readable, Writable
from service.api.conventions import IfMatch, PageQuery, answer, etag, require_match
from service.api.dependencies import Transaction, Writer
from service.api.documentation import ETAG, LINK, Responses, guarded, header
from service.api.idempotency import Once
from service.integrations import links
from service.integrations.links import LinkTerms
from service.schemas.base import Page
from service.schemas.links import ExternalRecord, Link, LinkChange, LinkRequest, Pushed, RoundPush
from service.store import tables

router = APIRouter(prefix="/v1/connectors/{connector_id}/links", tags=["connectors"], route_class=StrictRoute)

CREATED: Responses = {201: {"description": "The link", **header("Location", "its address")}}
DELETED: Responses = {204: {"description": "The link is gone; what is known of its candidates there stays"}}
OfCampaign = Annotated[UUID | None, Query(description="only this campaign's")]
Entity = Annotated[Literal["candidate", "round"] | None, Query(description="only what of ours is this")]
OfEntity = Annotated[UUID | None, Query(description="only the record of this candidate or round")]


@router.post("", status_code=201, response_model=Link, responses={**CREATED, **guarded(404, 409, 415)})
def create_link(
    wanted: LinkRequest, caller: Writer, connector: Writable, session: Transaction, once: Once
) -> Response:
    """Link a campaign: what is released from now on is sent there, and what is measured there is read."""

    def make() -> Response:
        terms = LinkTerms(
            **{name: getattr(wanted, name) for name in ("mapping", "push", "pull", "every_seconds")}
        )
        row = links.create(session, connector, wanted.campaign_id, terms, caller.key_id)
        return _told(row, 201, {"Location": f"/v1/connectors/{connector.id}/links/{row.id}"})

    return once(make)


@router.get("", responses={200: LINK, **guarded(404)})
def list_links(
    connector: Readable, session: Transaction, query: PageQuery, campaign_id: OfCampaign = None
) -> Page[Link]:
    """List the campaigns that use a connector, newest first."""
    return query.answer(links.list_links(session, connector, query.limit, query.cursor, campaign_id), Link)


@router.get("/{link_id}", response_model=Link, responses={200: ETAG, **guarded(404)})
def get_link(link_id: LinkId, connector: Readable, session: Transaction) -> Response:
    """Return a link with its mapping."""
    return _told(links.get(session, connector, link_id))


@router.patch("/{link_id}", response_model=Link, responses={200: ETAG, **guarded(404, 409, 412, 415, 428)})
def patch_link(
    link_id: LinkId,
    changes: LinkChange,
    connector: Writable,
    session: Transaction,
    if_match: IfMatch = None,
) -> Response:
    """Change a link by a JSON merge patch (RFC 7396); preview a mapping first.

    When the mapping reads otherwise than before, everything that is there is read again with it.
    """
    current = links.get(session, connector, link_id)
    require_match(if_match, etag(current.version))
    given = changes.model_dump(exclude_unset=True)
    return _told(links.change(session, connector, link_id, current.version, given))


@router.delete("/{link_id}", status_code=204, responses={**DELETED, **guarded(404, 412, 428)})
def delete_link(link_id: LinkId, connector: Writable, session: Transaction, if_match: IfMatch = None) -> None:
    """Delete a link with its receipts and the messages that wait; results stay."""
    require_match(if_match, etag(links.get(session, connector, link_id).version))
    links.delete(session, connector, link_id)


@router.post("/{link_id}/push", response_model=Pushed, responses=guarded(404, 409, 415))
def push_round(
    link_id: LinkId, wanted: RoundPush, connector: Writable, session: Transaction, once: Once
) -> Response:
    """Send a released round to the other system, as one that was released before the link was made.

    What is there already is not sent again, however often this is asked for.
    """

    def push() -> Response:
        link = links.get(session, connector, link_id)
        return answer(Pushed(round=wanted.round, new_messages=links.push_round(session, link, wanted.round)))

    return once(push)


@router.post("/{link_id}/pull", response_model=Link, responses={200: ETAG, **guarded(404, 409)})
def pull_link(link_id: LinkId, connector: Writable, session: Transaction, once: Once) -> Response:
    """Look for changes of this campaign's results now."""

    def pull() -> Response:
        link = links.get(session, connector, link_id)
        links.pull_now(session, connector, link)
        return _told(link)

    return once(pull)


@router.get("/{link_id}/records", responses={200: LINK, **guarded(404)})
def list_link_records(
    link_id: LinkId,
    connector: Readable,
    session: Transaction,
    query: PageQuery,
    entity: Entity = None,
    entity_id: OfEntity = None,
) -> Page[ExternalRecord]:
    """List what the campaign's candidates and batches are in the other system, with links to look at them."""
    link = links.get(session, connector, link_id)
    about = {"entity": entity, "entity_id": str(entity_id) if entity_id else None}
    return query.answer(links.list_records(session, link, query.limit, query.cursor, **about), ExternalRecord)


def _told(row: tables.ConnectorLink, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return answer(Link.model_validate(row), status, {"ETag": etag(row.version), **(headers or {})})
