"""What of a receipt is to be read, and how: everything that reading needs, without a connection."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns.readings import resolved
from service.campaigns.uploads import Owner, ResultsFile
from service.errors import UnprocessableError
from service.exchange import NOTHING_SAID, ReadingOptions
from service.integrations.external_ids import external_id, origin_of
from service.lims.contract import MeasuredRecord, RemoteRecord
from service.lims.mapping import candidate_id_of, rows_of, rule_for
from service.lims.mapping_specs import LinkMapping
from service.lims.record_json import measured_from_json, remote_from_json
from service.store import blobs, campaigns, candidates, receipts
from service.store.tables import Connector, ConnectorLink, Receipt

JSON = "application/json"
SENT_BY = "sent by the connector"
"""How the reason of a correction by another system begins."""
_OF_VALUES = ("decimal", "date_order", "words", "limits")
"""What a reading says of values; the rest is about files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPlan:
    """A receipt that is to be read.

    Attributes:
        receipt_id: the receipt.
        owner: in whose name results are stored.
        campaign_id: which campaign has them.
        spec: the campaign's.
        sender: the connector's name.
        mapping_version: of the mapping by which it is read.
        file: what is read; None if nothing of it is a row.
        measured: the external ids of the rows, in order.
        withdrawn: the external ids of measurements that count no more.
        silent: those of measurements that say nothing (any more), or nothing that the mapping reads.
        notes: sentences that need nobody.
        record: that of a file.
        problem: why it cannot be read at all.
    """

    receipt_id: UUID
    owner: Owner
    campaign_id: UUID
    spec: CampaignSpec
    sender: str
    mapping_version: int
    file: ResultsFile | None = None
    measured: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    record: RemoteRecord | None = None
    problem: str | None = None


def plan_reading(session: Session, receipt: Receipt) -> ReadingPlan:
    """Return how a receipt is read by its link's present mapping."""
    link = session.get_one(ConnectorLink, receipt.link_id)
    connector = session.get_one(Connector, receipt.connector_id)
    campaign = campaigns.get(session, receipt.campaign_id)
    mapping = LinkMapping.model_validate(link.mapping)
    plan = ReadingPlan(
        receipt_id=receipt.id,
        owner=Owner(campaign.workspace_id, link.created_by),
        campaign_id=campaign.id,
        spec=CampaignSpec.from_stored(campaign.spec),
        sender=connector.name,
        mapping_version=link.mapping_version,
        record=None if receipt.record is None else remote_from_json(receipt.record),
    )
    if campaign.state == "archived":
        return replace(plan, problem="the campaign is archived and takes no results")
    try:
        said = resolved(session, campaign.id, mapping.reading, NOTHING_SAID)
    except UnprocessableError as error:
        return replace(plan, problem=error.detail)
    content = blobs.load(session, receipt.blob)
    if receipt.records is None:
        file = _file(plan, content, receipt.media_type, said)
        return replace(plan, file=replace(file, filename=receipt.filename))
    records = [measured_from_json(stored) for stored in receipt.records]
    of_record = candidate_finder(session, connector.id, campaign.id, records)
    plan = with_rows(plan, mapping, (origin_of(connector.kind, connector.base_url), records), of_record, said)
    if plan.file is None:
        return plan
    return replace(plan, file=replace(plan.file, original=(content, receipt.media_type)))


def with_rows(
    plan: ReadingPlan,
    mapping: LinkMapping,
    measured: tuple[str, Sequence[MeasuredRecord]],
    candidate_of: Callable[[RemoteRecord], str | None],
    said: ReadingOptions,
) -> ReadingPlan:
    """Return a plan with the rows that a mapping makes of measurements.

    Args:
        plan: of a receipt, or of a preview.
        mapping: the link's.
        measured: the measurements, after the origin of their external ids.
        candidate_of: says which candidate of the campaign a material is.
        said: what the campaign keeps of how values are read.
    """
    origin, records = measured
    named = [replace(record, id=external_id(origin, record)) for record in records]
    rows, withdrawn, notes = rows_of(mapping, named, candidate_of)
    measured_ids = tuple(row["external_id"] for row in rows)
    told = {*measured_ids, *withdrawn}
    silent = tuple(record.id for record in named if record.id not in told)
    notes = (*notes, *_absent_fields(mapping, records))
    plan = replace(plan, measured=measured_ids, withdrawn=tuple(withdrawn), silent=silent, notes=tuple(notes))
    if not rows:
        return plan
    of_values = {name: value for name, value in said.stated().items() if name in _OF_VALUES}
    file = _file(plan, json.dumps(rows).encode(), JSON, ReadingOptions.model_validate(of_values))
    return replace(plan, file=file)


def _absent_fields(mapping: LinkMapping, records: Sequence[MeasuredRecord]) -> Iterator[str]:
    """Yield which fields a mapping reads that no measurement of their source has."""
    for source in dict.fromkeys(record.source for record in records):
        rule = rule_for(mapping, source)
        there = {name for record in records if record.source == source for name in record.fields}
        for name, wanted in (rule.row if rule else {}).items():
            if not wanted.startswith("=") and wanted not in there:
                yield (
                    f"{source} has no field {wanted!r}, of which the mapping makes the {name}; "
                    f"it has {', '.join(sorted(there)) or 'none'}"
                )


def candidate_finder(
    session: Session, connector_id: UUID, campaign_id: UUID, records: Sequence[MeasuredRecord]
) -> Callable[[RemoteRecord], str | None]:
    """Return what says which of a campaign's candidates a material is, by what it is there or by our key."""
    ids = {record.about.id for record in records}
    keys = {record.about.key for record in records if record.about.key}
    found = receipts.candidate_records(session, connector_id, ids, keys)
    by_record = {(row.type, row.external_id): row.entity_id for row in found}
    by_key = {key: named for key in keys if (named := candidate_id_of(key))}
    by_key |= {row.key: row.entity_id for row in found}
    wanted = {UUID(text) for text in (*by_record.values(), *by_key.values())}
    ours = {str(key) for key in candidates.by_id(session, campaign_id, wanted)}

    def candidate_of(about: RemoteRecord) -> str | None:
        named = by_record.get((about.type, about.id)) or by_key.get(about.key or "")
        return named if named in ours else None

    return candidate_of


def _file(plan: ReadingPlan, content: bytes, media_type: str, reading: ReadingOptions) -> ResultsFile:
    return ResultsFile(
        content=content,
        media_type=media_type,
        filename=plan.sender,
        reading=reading,
        mode="partial",
        on_conflict="correct",
        reason=f"{SENT_BY} {plan.sender}",
    )
