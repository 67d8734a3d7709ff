"""A campaign's use of a connector, what came in by it, and what would be sent. Knows no table."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from service.lims.mapping_specs import LinkMapping
from service.schemas.base import Answer, Request
from service.schemas.jobs import Job
from service.schemas.results import UploadReport
from service.store.states import Pull, Push, ReceiptState

MOST_SECONDS = 7 * 86_400
Every = Annotated[int, Field(ge=5, le=MOST_SECONDS)]
PUSH = "never; on_release: when a batch is released, its candidates and their order are written there"
PULL = "never; poll: look every so often; hook: when the system says so, and every hour"


class LinkRequest(Request):
    """A link to be made."""

    campaign_id: UUID = Field(description="the campaign")
    mapping: LinkMapping = Field(default_factory=LinkMapping, description="how records translate")
    push: Push = Field(default="on_release", description=PUSH)
    pull: Pull = Field(default="poll", description=PULL)
    every_seconds: Every = Field(default=300, description="how often it is looked for changes")


class LinkChange(Request):
    """What of a link is to be otherwise (RFC 7396); what is left out stays."""

    mapping: dict[str, Any] = Field(default_factory=dict, description="members of the mapping to change")
    push: Push = Field(default="on_release", description=PUSH)
    pull: Pull = Field(default="poll", description=PULL)
    every_seconds: Every = Field(default=300, description="how often it is looked for changes")


class Link(Answer):
    """A campaign's use of a connector."""

    id: UUID = Field(description="names the link in its address")
    connector_id: UUID = Field(description="the connector")
    campaign_id: UUID = Field(description="the campaign")
    mapping: LinkMapping = Field(description="how records translate")
    mapping_version: int = Field(description="rises with each change of the mapping; receipts name it")
    push: Push = Field(description=PUSH)
    pull: Pull = Field(description=PULL)
    every_seconds: int = Field(description="how often it is looked for changes")
    pull_due_at: datetime | None = Field(description="when it is looked for changes next")
    last_pull_at: datetime | None = Field(description="when all changes were read last")
    created_by: str | None = Field(description="the API key in whose name results are stored")
    created_at: datetime = Field(description="when it was made")
    updated_at: datetime = Field(description="when it was changed last")


class RoundPush(Request):
    """A released round to be sent again."""

    round: Annotated[int, Field(ge=1)] = Field(description="its number; what is there already stays single")


class Pushed(Answer):
    """What a round that is sent again adds to the outbox."""

    round: int = Field(description="its number")
    new_messages: int = Field(description="what had not been written before; 0 when all had")


class RemoteRecord(BaseModel):
    """A record of the other system."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(description="in the system's own word")
    id: str = Field(description="its identifier there")
    key: str | None = Field(description="what we chose and sent")
    version: str | None = Field(description="changes whenever the record does")
    url: str | None = Field(description="where a person looks at it")
    state: str | None = Field(description="in the system's own word")


class ExternalRecord(Answer):
    """What a candidate, or a batch, is in the other system."""

    entity: Literal["candidate", "round"] = Field(description="what of ours it is")
    entity_id: UUID = Field(description="of the candidate or the round")
    type: str = Field(description="what it is there, in the system's own word")
    key: str = Field(description="the key that we chose and sent")
    external_id: str = Field(description="its identifier there")
    external_version: str | None = Field(description="changes whenever the record does")
    url: str | None = Field(description="where a person looks at it")
    state: str | None = Field(description="its state there, in the system's own word")
    created_at: datetime = Field(description="when it was written there, or found")
    updated_at: datetime = Field(description="when it was heard of last")


class ReceiptReport(BaseModel):
    """What became of what came in."""

    problem: str | None = Field(description="why nothing could be read; null otherwise")
    withdrawn: int = Field(description="results that count no more, because the system says so")
    notes: list[str] = Field(description="what was passed over, in sentences that need nobody")
    measured: list[str] = Field(
        description="the external ids of measurements, in the order of rows 1, 2, 3 of the upload"
    )
    upload: UploadReport | None = Field(description="every row, as an upload is answered")


class Receipt(Answer):
    """What came in from the other system, as it came."""

    id: UUID = Field(description="names the receipt in its address")
    connector_id: UUID = Field(description="the connector")
    link_id: UUID = Field(description="the link by which it came")
    campaign_id: UUID = Field(description="the campaign whose results it brings")
    state: ReceiptState = Field(
        description="stored: not read yet; applied; needs_attention: rows were rejected, or none could be "
        "read; ignored: it says nothing new"
    )
    media_type: str = Field(description="of its bytes")
    filename: str | None = Field(description="of a file; null for a page of measurements")
    record: RemoteRecord | None = Field(description="the record there that holds the file; null likewise")
    sha256: str = Field(validation_alias="blob", description="of its bytes")
    mapping_version: int = Field(description="of the mapping by which it was read last")
    upload_id: UUID | None = Field(description="the upload that stored its results")
    received_at: datetime = Field(description="when it came in")
    applied_at: datetime | None = Field(description="when it was read last")


class Measurement(BaseModel):
    """One measurement as the other system has it."""

    id: str = Field(description="its identifier there, the same after a correction")
    source: str = Field(description="the schema, assay or sheet that it is from; a mapping names it")
    about: RemoteRecord = Field(description="the material that was measured")
    fields: dict[str, str] = Field(description="with digits, signs and units as they are written there")
    version: str | None = Field(description="changes whenever the measurement does")
    standing: Literal["final", "preliminary", "withdrawn"] = Field(
        description="whether it counts, before the mapping has its say"
    )
    measured_at: datetime | None = Field(description="when it was measured, if the system says so")


class ReceiptAnswer(Receipt):
    """A receipt with what it says, and what became of it."""

    records: list[Measurement] | None = Field(description="the measurements of a page; null for a file")
    report: ReceiptReport | None = Field(description="null until it was read")


class PreviewRequest(Request):
    """What to preview."""

    mapping: LinkMapping | None = Field(
        default=None, description="a mapping to try; the link's own when absent. Nothing is changed"
    )
    round: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="whose batch; the newest that has one when absent"
    )


class SentRequest(BaseModel):
    """One request as it would be sent, or a file as it would be written; secrets are left out."""

    keys: list[str] = Field(description="of the candidates, or the order, that it writes")
    method: str = Field(description="of the request; WRITE for a file in a folder")
    path: str = Field(description="with the query; below the folder for a file")
    media_type: str | None = Field(description="of the body")
    body: str | None = Field(description="the body as text; null where it is none")
    size: int = Field(description="bytes of the body")


class Preview(Job):
    """What a link would send and read, as a job that sends nothing but questions."""

    connector_id: UUID = Field(description="the connector")
    link_id: UUID = Field(description="the link")
    campaign_id: UUID = Field(description="the campaign")


class PreviewAnswer(Preview):
    """What a link would send, and what its mapping makes of what is there."""

    round: int | None = Field(description="whose batch was looked at; null when there is none")
    materials: list[SentRequest] | None = Field(
        description="what would be sent for the first five candidates; null until the job has ended"
    )
    order: list[SentRequest] | None = Field(description="what would be sent for the batch; null likewise")
    notes: list[str] | None = Field(description="what could not be shown, and why; null likewise")
    measurements: list[Measurement] | None = Field(
        description="the last twenty measurements there; null likewise"
    )
    report: ReceiptReport | None = Field(description="what the mapping would make of these measurements")
