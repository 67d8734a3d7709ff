"""Previews as jobs: what of the database they need, and what their rows would become. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import jobs, queries, uploads
from service.campaigns.jobs import ClaimedJob, JobScope, NewJob
from service.campaigns.lifecycle import GIVEN_UP
from service.campaigns.readings import resolved
from service.campaigns.uploads import Owner
from service.errors import AssayflowError, ConflictError, NotFoundError
from service.exchange import NOTHING_SAID, ReadingOptions, Report
from service.integrations.external_ids import origin_of
from service.integrations.opening import ConnectorAccount, account_of
from service.integrations.previews import MOST_MATERIALS, Wanted, unknown_record
from service.integrations.pulling import scope_of
from service.integrations.receipt_plans import ReadingPlan, candidate_finder, with_rows
from service.integrations.sending import batch_context, order_files, remote, view
from service.lims.contract import Material, MeasuredRecord, Order
from service.lims.mapping import material_of, order_of
from service.lims.mapping_specs import LinkMapping
from service.sealing import open_sealer
from service.settings import Settings
from service.store import external_records, lims, rounds
from service.store.external_records import CANDIDATE
from service.store.tables import Campaign, Connector, ConnectorLink, Job, Json, Round

PREVIEWS = "link_previews"
"""The kind of the jobs, and the module that handles them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a preview needs of the database, without a connection."""

    connector_id: UUID
    campaign_id: UUID
    mapping: LinkMapping
    said: ReadingOptions
    spec: CampaignSpec
    sender: str
    owner: Owner
    origin: str
    round: int | None
    wanted: Wanted


class _Batch(NamedTuple):
    materials: Sequence[Material]
    order: Order | None


def enqueue_preview(
    session: Session,
    connector: Connector,
    link: ConnectorLink,
    mapping: LinkMapping | None,
    number: int | None,
) -> Job:
    """Queue a preview of a link, by its own mapping or one that is tried.

    Raises:
        NotFoundError: if the campaign has no such round.
        ConflictError: if the round has no batch.
    """
    row = _round(session, link.campaign_id, number)
    request = {
        "connector_id": str(connector.id),
        "link_id": str(link.id),
        "mapping": link.mapping if mapping is None else mapping.model_dump(mode="json", by_alias=True),
        "round": None if row is None else row.number,
    }
    context = {"workspace_id": str(connector.workspace_id)}
    scope = JobScope(PREVIEWS, connector.workspace_id, link.campaign_id)
    return jobs.enqueue(session, scope, NewJob(queue="io", request=request, context=context))


def prepare(session: Session, job: ClaimedJob, settings: Settings) -> Prepared:
    """Return what a preview needs.

    Raises:
        ConflictError: if the link was deleted meanwhile.
        UnusableConnectorError: if the connector's credentials cannot be unsealed.
    """
    connector = lims.find(session, UUID(job.context["workspace_id"]), UUID(job.request["connector_id"]))
    found = lims.find_link(session, connector.id, UUID(job.request["link_id"])) if connector else None
    if connector is None or found is None:
        raise ConflictError("the link was deleted")
    link: ConnectorLink = found
    mapping = LinkMapping.model_validate(job.request["mapping"])
    campaign = session.get_one(Campaign, link.campaign_id)
    row = _round(session, campaign.id, job.request["round"])
    batch = _batch(session, connector, campaign, row, mapping)
    scope = replace(
        scope_of(session, link),
        since=None,
        folder=mapping.folder,
        sources=[rule.source for rule in mapping.results],
    )
    account: ConnectorAccount = account_of(session, connector, open_sealer(settings), settings)
    return Prepared(
        connector_id=connector.id,
        campaign_id=campaign.id,
        mapping=mapping,
        said=resolved(session, campaign.id, mapping.reading, NOTHING_SAID),
        spec=CampaignSpec.from_stored(campaign.spec),
        sender=connector.name,
        owner=Owner(connector.workspace_id, link.created_by),
        origin=origin_of(connector.kind, connector.base_url),
        round=None if row is None else row.number,
        wanted=Wanted(
            account=account,
            settings=settings,
            materials=batch.materials[:MOST_MATERIALS],
            order=batch.order,
            scope=scope,
        ),
    )


def plan_rows(session: Session, prepared: Prepared, records: Sequence[MeasuredRecord]) -> ReadingPlan:
    """Return how measurements would be read, as a dry run."""
    plan = ReadingPlan(
        receipt_id=prepared.connector_id,
        owner=prepared.owner,
        campaign_id=prepared.campaign_id,
        spec=prepared.spec,
        sender=prepared.sender,
        mapping_version=0,
    )
    found = candidate_finder(session, prepared.connector_id, prepared.campaign_id, records)
    plan = with_rows(plan, prepared.mapping, (prepared.origin, records), found, prepared.said)
    return plan if plan.file is None else replace(plan, file=replace(plan.file, dry_run=True))


def reported(session: Session, plan: ReadingPlan, read: tuple[Report | None, str | None]) -> Json:
    """Return what would become of the rows, as a receipt tells it."""
    report, problem = read
    if report is not None and plan.file is not None:
        try:
            report = uploads.settle(session, plan.owner, plan.campaign_id, plan.file, report)
        except AssayflowError as error:
            report, problem = None, error.detail
    return {
        "problem": problem,
        "withdrawn": len(plan.withdrawn),
        "notes": list(plan.notes),
        "measured": list(plan.measured),
        "upload": None if report is None else report.as_json(),
    }


def _round(session: Session, campaign_id: UUID, number: int | None) -> Round | None:
    """Return the round whose batch is shown; None if the campaign has no batch yet."""
    if number is None:
        return rounds.newest_in(session, campaign_id, ("awaiting_results", "completed"))
    row = rounds.find(session, campaign_id, number)
    if row is None:
        raise NotFoundError(f"the campaign has no round {number}")
    if row.state not in ("awaiting_results", "completed"):
        raise ConflictError(f"round {number} is {row.state} and has no batch")
    return row


def _batch(
    session: Session, connector: Connector, campaign: Campaign, row: Round | None, mapping: LinkMapping
) -> _Batch:
    if row is None:
        return _Batch([], None)
    batch = [item for item in queries.batch(session, row.id) if item.status not in GIVEN_UP]
    context = batch_context(campaign, row)
    materials = [material_of(mapping, view(item), context) for item in batch]
    known = external_records.known(session, connector.id, CANDIDATE, [item.id for item in batch])
    records = [known.get(str(item.id)) for item in batch]
    there = [
        unknown_record(material) if record is None else remote(record)
        for material, record in zip(materials, records, strict=True)
    ]
    return _Batch(materials, order_of(mapping, context, there, order_files(session, row.id, mapping)))


def as_result(
    prepared: Prepared, shown: tuple[list[Json], list[Json], list[str]], seen: Sequence[Any], report: Json
) -> Json:
    """Return a preview as its job keeps it."""
    materials, order, notes = shown
    return {
        "round": prepared.round,
        "materials": materials,
        "order": order,
        "notes": notes,
        "measurements": list(seen),
        "report": report,
    }
