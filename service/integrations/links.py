"""A campaign's use of a connector: what it sends there, how, and how what comes back is read.

Each command runs in the caller's transaction and commits nothing. A link that is deleted and made again
orders nothing twice: who is who in the other system stays known with the connector.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.specs.base import json_pointer
from service.campaigns import queries
from service.campaigns.lifecycle import GIVEN_UP
from service.campaigns.locking import check_active, locked_campaign
from service.campaigns.patching import merge
from service.errors import ConflictError, NotFoundError, PreconditionFailedError, UnprocessableError
from service.integrations.connector_settings import kind_named, wrong
from service.integrations.mapping_checks import mapping_problems
from service.json_pointers import body_location
from service.lims.mapping_specs import LinkMapping
from service.outbox import pushes
from service.outbox.waking import wake
from service.store import candidates, lims, readings, rounds
from service.store.paging import Page
from service.store.states import Pull, Push
from service.store.tables import Campaign, Connector, ConnectorLink, ExternalRecord

_READ_BY = ("results", "reading", "folder")
"""Parts of a mapping by which what comes in is read; when they change, everything is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTerms:
    """What a link does, and when."""

    mapping: LinkMapping
    push: Push = "on_release"
    pull: Pull = "poll"
    every_seconds: int = 300


def create(
    session: Session, connector: Connector, campaign_id: UUID, terms: LinkTerms, by: str | None
) -> ConnectorLink:
    """Link a campaign to a connector; results are stored in the name of the key that made the link.

    Raises:
        NotFoundError: if the workspace has no such campaign.
        ConflictError: if the campaign is archived, or is linked already.
        UnprocessableError: naming the places of the mapping that do not fit.
    """
    campaign = queries.get_campaign(session, connector.workspace_id, campaign_id)
    check_active(campaign)
    lims.lock(session, connector.workspace_id, connector.id)
    if (other := lims.link_of(session, connector.id, campaign_id)) is not None:
        raise ConflictError(f"the campaign is linked to this connector already, by link {other.id}")
    _check(session, connector, campaign, terms)
    row = ConnectorLink(connector_id=connector.id, campaign_id=campaign_id, created_by=by)
    _write(row, terms)
    session.add(row)
    session.flush()
    wake(session, Connector, connector.id)
    session.refresh(row)
    return row


def change(
    session: Session, connector: Connector, link_id: UUID, version: int, changes: Mapping[str, Any]
) -> ConnectorLink:
    """Change a link by a JSON merge patch (RFC 7396) of mapping, push, pull and every_seconds.

    Each change of the mapping is a new version of it. When it reads otherwise, everything is read again.

    Raises:
        NotFoundError: if there is no such link.
        PreconditionFailedError: if it changed since it was read.
        UnprocessableError: naming the places that are wrong.
    """
    lims.lock(session, connector.workspace_id, connector.id)
    row = lims.lock_link(session, connector.id, link_id)
    if row is None:
        raise NotFoundError(f"no link {link_id}")
    if row.version != version:
        raise PreconditionFailedError("the link changed since it was read; read it again")
    document = merge(_document(row), changes)
    terms = LinkTerms(**{**document, "mapping": mapping_of(document.get("mapping", {}))})
    campaign = queries.get_campaign(session, connector.workspace_id, row.campaign_id)
    _check(session, connector, campaign, terms, row)
    before = row.mapping
    _write(row, terms)
    if row.mapping != before:
        row.mapping_version += 1
        if any(row.mapping.get(name) != before.get(name) for name in _READ_BY):
            row.cursor = None
    row.version += 1
    row.updated_at = func.now()
    session.flush()
    wake(session, Connector, connector.id)
    session.refresh(row)
    return row


def get(session: Session, connector: Connector, link_id: UUID) -> ConnectorLink:
    """Return a link.

    Raises:
        NotFoundError: if the connector has none with this id.
    """
    row = lims.find_link(session, connector.id, link_id)
    if row is None:
        raise NotFoundError(f"no link {link_id}")
    return row


def list_links(
    session: Session, connector: Connector, limit: int, cursor: str | None, campaign_id: UUID | None = None
) -> Page[ConnectorLink]:
    """Return one page of a connector's links, newest first."""
    return lims.links(session, connector.id, limit, cursor, campaign_id)


def delete(session: Session, connector: Connector, link_id: UUID) -> None:
    """Delete a link with its receipts and the messages that wait; raises as `get`.

    Results stay, and so does what is known of the campaign's candidates there.
    """
    found = get(session, connector, link_id)
    locked_campaign(session, connector.workspace_id, found.campaign_id)
    lims.lock(session, connector.workspace_id, connector.id)
    session.delete(get(session, connector, link_id))
    session.flush()


def push_round(session: Session, link: ConnectorLink, number: int) -> int:
    """Send a released round to the other system; what is there already is not sent again.

    Returns:
        How many messages are new.

    Raises:
        NotFoundError: if the campaign has no such round.
        ConflictError: if its batch was not released.
    """
    row = rounds.find(session, link.campaign_id, number)
    if row is None:
        raise NotFoundError(f"the campaign has no round {number}")
    if row.released_at is None:
        raise ConflictError(f"the batch of round {number} was not released: release it first")
    released = [
        item
        for item in candidates.of_round(session, row.id)
        if item.status not in (*GIVEN_UP, "proposed", "approved")
    ]
    return pushes.push(session, link, row, released)


def pull_now(session: Session, connector: Connector, link: ConnectorLink) -> None:
    """Let a link look for changes now.

    Raises:
        ConflictError: if it never pulls, its campaign is archived, or the connector is paused or broken.
    """
    check_active(queries.get_campaign(session, connector.workspace_id, link.campaign_id))
    lims.lock(session, connector.workspace_id, connector.id)
    if connector.status != "active":
        raise ConflictError(f"the connector is {connector.status}: resume it first")
    if not lims.pull_now(session, connector.id, link.id):
        raise ConflictError("this link never pulls: change `pull` first")
    wake(session, Connector, connector.id)
    session.refresh(link)


def list_records(
    session: Session, link: ConnectorLink, limit: int, cursor: str | None, **about: str | None
) -> Page[ExternalRecord]:
    """Return one page of what the campaign's candidates and batches are there; `about` narrows it."""
    return lims.records(session, link, limit, cursor, **about)


def mapping_of(document: Any) -> LinkMapping:
    """Return the mapping that stands in a body as its member `mapping`.

    Raises:
        UnprocessableError: naming the places that are wrong.
    """
    try:
        return LinkMapping.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        places = [body_location(item, item["loc"], document) for item in found]
        errors = [{**place, "pointer": json_pointer("mapping") + place["pointer"]} for place in places]
        raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors) from None


def check_mapping(session: Session, connector: Connector, campaign: Campaign, mapping: LinkMapping) -> None:
    """Check that a mapping fits a campaign and a connector.

    Raises:
        UnprocessableError: naming the places of the mapping that do not fit.
    """
    kind, spec = kind_named(connector.kind), CampaignSpec.from_stored(campaign.spec)
    newest = rounds.newest(session, campaign.id)
    batch = candidates.of_round(session, newest.id) if newest else ()
    columns = frozenset(name for item in batch for name in item.columns)
    problems = list(mapping_problems(mapping, spec, kind, columns))
    if mapping.reading is not None and readings.find(session, campaign.id, mapping.reading) is None:
        kept = ", ".join(item.name for item in readings.all_of(session, campaign.id)) or "none"
        problems.append(("/reading", f"the campaign keeps no reading {mapping.reading!r}; it has {kept}"))
    if problems:
        errors = [{"pointer": f"/mapping{pointer}", "detail": detail} for pointer, detail in problems]
        raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors)


def _check(
    session: Session,
    connector: Connector,
    campaign: Campaign,
    terms: LinkTerms,
    own: ConnectorLink | None = None,
) -> None:
    kind = kind_named(connector.kind)
    if terms.pull == "hook" and not kind.manners.is_push:
        raise wrong("/pull", f"{kind.title} sends no hooks: poll it")
    if terms.push != "never" and not (kind.manners.sends_materials or kind.manners.sends_orders):
        raise wrong("/push", f"{kind.title} takes no batches: push never")
    check_mapping(session, connector, campaign, terms.mapping)
    if not kind.manners.needs_address and terms.pull != "never":
        folders = lims.folders_of(session, connector.id, except_for=own.id if own else None)
        if any(_overlap(terms.mapping.folder, folder) for folder in folders):
            detail = (
                "another link reads this folder, and each would take the other's files: name one of its own"
            )
            raise wrong("/mapping/folder", detail)


def _overlap(mine: str | None, others: str | None) -> bool:
    return (mine or "").strip("/") == (others or "").strip("/")


def _write(row: ConnectorLink, terms: LinkTerms) -> None:
    row.mapping = terms.mapping.model_dump(mode="json", by_alias=True)
    row.push, row.pull, row.every_seconds = terms.push, terms.pull, terms.every_seconds
    row.pull_due_at = None if terms.pull == "never" else func.clock_timestamp()


def _document(row: ConnectorLink) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("mapping", "push", "pull", "every_seconds")}
