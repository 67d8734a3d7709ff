"""What the API says of connectors, links, what they send and what they receive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from assayflow.client.shapes.base import Job

if TYPE_CHECKING:
    from assayflow.client.shapes.results import UploadReport


class Manners(TypedDict):
    """What a kind of system can do."""

    natural_key: bool
    sends_materials: bool
    sends_orders: bool
    materials_per_call: int
    is_push: bool
    needs_address: bool


class ConnectorKind(TypedDict):
    """A kind of system that connectors can be made for."""

    kind: str
    title: str
    settings_schema: dict[str, Any]
    credentials_schema: dict[str, Any]
    manners: Manners


class ConnectorStanding(TypedDict):
    """What the last check found."""

    outcome: str
    detail: str | None
    identity: str | None
    server: str | None
    warnings: list[str]
    checked_at: str


class LaneProblem(TypedDict):
    """Why something was not sent, or a connector is broken, in the other system's words where it has some."""

    detail: str | None
    field: str | None
    skipped_because: str | None
    skipped_by: str | None


class Connector(TypedDict):
    """A workspace's account in another system."""

    id: str
    name: str
    kind: str
    base_url: str
    settings: dict[str, Any]
    secret: dict[str, Any]
    status: str
    state: str
    due_at: str | None
    quiet_until: str | None
    problem: LaneProblem | None
    standing: ConnectorStanding | None
    waiting: int
    needs_attention: int
    created_at: str
    updated_at: str


class RemoteField(TypedDict):
    """A field of the other system that a mapping may name."""

    schema: str
    name: str
    label: str
    type: str
    is_required: bool
    options: list[str]


class ConnectorFields(TypedDict):
    """The fields of the other system that a mapping may name, as the last check found them."""

    checked_at: str | None
    fields: list[RemoteField]


class ConnectorCheck(Job):
    """A look at the other system: sign in, and read which fields there are."""

    connector_id: str
    standing: ConnectorStanding | None
    n_fields: int | None


class Link(TypedDict):
    """A campaign's use of a connector."""

    id: str
    connector_id: str
    campaign_id: str
    mapping: dict[str, Any]
    mapping_version: int
    push: str
    pull: str
    every_seconds: int
    pull_due_at: str | None
    last_pull_at: str | None
    created_by: str | None
    created_at: str
    updated_at: str


class RemoteRecord(TypedDict):
    """A record of the other system."""

    type: str
    id: str
    key: str | None
    version: str | None
    url: str | None
    state: str | None


class Measurement(TypedDict):
    """One measurement as the other system has it."""

    id: str
    source: str
    about: RemoteRecord
    fields: dict[str, str]
    version: str | None
    standing: str
    measured_at: str | None


class ReceiptReport(TypedDict):
    """What became of what came in."""

    problem: str | None
    withdrawn: int
    notes: list[str]
    measured: list[str]
    upload: UploadReport | None


class SentRequest(TypedDict):
    """One request as it would be sent, or a file as it would be written; secrets are left out."""

    keys: list[str]
    method: str
    path: str
    media_type: str | None
    body: str | None
    size: int


class PreviewAnswer(Job):
    """What a link would send, and what its mapping makes of what is there."""

    connector_id: str
    link_id: str
    campaign_id: str
    round: int | None
    materials: list[SentRequest] | None
    order: list[SentRequest] | None
    notes: list[str] | None
    measurements: list[Measurement] | None
    report: ReceiptReport | None


class Pushed(TypedDict):
    """What a round that is sent again adds to the outbox."""

    round: int
    new_messages: int


class ExternalRecord(TypedDict):
    """What a candidate, or a batch, is in the other system."""

    entity: str
    entity_id: str
    type: str
    key: str
    external_id: str
    external_version: str | None
    url: str | None
    state: str | None
    created_at: str
    updated_at: str


class OutboxMessage(TypedDict):
    """Something that a connector has to say to the other system; messages go in their order."""

    id: str
    link_id: str | None
    verb: str
    candidate_id: str | None
    round_id: str | None
    event: str | None
    state: str
    due_at: str
    tries: int
    problem: LaneProblem | None
    created_at: str
    done_at: str | None


class ExchangeEntry(TypedDict):
    """One request to the other system: neither its query, its headers nor its body is kept."""

    id: int
    at: str
    method: str
    path: str
    status: int | None
    seconds: float
    problem: str | None
    outbox_id: str | None


class Receipt(TypedDict):
    """What came in from the other system, as it came."""

    id: str
    connector_id: str
    link_id: str
    campaign_id: str
    state: str
    media_type: str
    filename: str | None
    record: RemoteRecord | None
    sha256: str
    mapping_version: int
    upload_id: str | None
    received_at: str
    applied_at: str | None


class ReceiptAnswer(Receipt):
    """A receipt with what it says, and what became of it."""

    records: list[Measurement] | None
    report: ReceiptReport | None
