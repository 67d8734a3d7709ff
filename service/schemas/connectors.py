"""Connectors to lab systems: their kinds, what is asked for, and how they are told, without credentials."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service.schemas.base import Answer, Request
from service.schemas.jobs import Job
from service.store.states import LaneState, LaneStatus, OutboxState

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
Url = Annotated[str, StringConstraints(max_length=2000)]
CheckOutcome = Literal["working", "denied", "unreachable", "unusable"]


class Manners(Answer):
    """What a kind of system can do."""

    natural_key: bool = Field(description="writing a record under a known key updates it: no second is made")
    sends_materials: bool = Field(description="candidates become records of their own there")
    sends_orders: bool = Field(description="a released batch becomes a record of its own there")
    materials_per_call: int = Field(description="most candidates in one request")
    is_push: bool = Field(description="the system can tell of news by a hook; else it is polled")
    needs_address: bool = Field(description="a connector of this kind has a `base_url`")


class ConnectorKind(Answer):
    """A kind of system that connectors can be made for."""

    kind: str = Field(description="what a connector's `kind` says")
    title: str = Field(description="the system's name, for people")
    settings_schema: dict[str, Any] = Field(description="JSON Schema of a connector's `settings`")
    credentials_schema: dict[str, Any] = Field(description="JSON Schema of a connector's `credentials`")
    manners: Manners = Field(description="what it can do")


class SecretState(Answer):
    """What is told of credentials: whether there are some, and where they may go."""

    model_config = ConfigDict(serialize_by_alias=True)

    is_set: bool = Field(alias="set", description="whether credentials are stored")
    authority: str | None = Field(description="the only host, or host:port, to which they are sent")
    rotated_at: datetime | None = Field(description="when they were entered last")


class LaneProblem(BaseModel):
    """Why something was not sent, or a connector is broken, in the other system's words where it has some."""

    model_config = ConfigDict(extra="ignore")

    detail: str | None = Field(default=None, description="what is wrong, for a person")
    field: str | None = Field(default=None, description="the field there that is at fault")
    skipped_because: str | None = Field(default=None, description="why a person gave it up")
    skipped_by: str | None = Field(default=None, description="the API key of who did")


class ConnectorStanding(BaseModel):
    """What the last check found."""

    outcome: CheckOutcome = Field(
        description="working; denied: the credentials do not suffice; unreachable: no usable answer; "
        "unusable: the connector or the installation must be changed first"
    )
    detail: str | None = Field(description="why it does not work")
    identity: str | None = Field(description="who we are there")
    server: str | None = Field(description="what answers there, with its version")
    warnings: list[str] = Field(description="rights that are missing, and what else a person should know")
    checked_at: datetime = Field(description="when it was looked")


class Connector(Answer):
    """A workspace's account in another system."""

    id: UUID = Field(description="names the connector in its address")
    name: str = Field(description="what people call it")
    kind: str = Field(description="which kind of system it is, as `/v1/connector-kinds` lists them")
    base_url: str = Field(description="where the system is; empty for a kind without an address")
    settings: dict[str, Any] = Field(description="those of the kind")
    secret: SecretState = Field(description="of its credentials, which are never shown")
    status: LaneStatus = Field(
        description="active; paused by a person; broken: nothing is sent until a person changes something"
    )
    state: LaneState = Field(description="whether a worker has it, or will at once")
    due_at: datetime | None = Field(description="when it has something to do; null for nothing")
    quiet_until: datetime | None = Field(description="until when the other system asked for silence")
    problem: LaneProblem | None = Field(description="why it is broken")
    standing: ConnectorStanding | None = Field(description="what the last check found; null before the first")
    waiting: int = Field(description="messages that are still to be sent")
    needs_attention: int = Field(description="messages that were refused or given up, and wait for a person")
    created_at: datetime = Field(description="when it was made")
    updated_at: datetime = Field(description="when it was changed last")


class ConnectorRequest(Request):
    """A connector to be made."""

    name: Name = Field(description="what people call it", examples=["ELN of the third floor"])
    kind: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="one of `/v1/connector-kinds`"
    )
    base_url: Url = Field(default="", description="where the system is; left out for a kind without one")
    settings: dict[str, Any] = Field(default_factory=dict, description="those of the kind")
    credentials: dict[str, Any] | None = Field(
        default=None, description="those of the kind; sealed at once, and in no answer"
    )


class ConnectorChange(Request):
    """What of a connector is to be otherwise (RFC 7396); what is left out stays."""

    name: Name = Field(default="", description="what people call it")
    base_url: Url = Field(
        default="", description="another host, port or scheme drops the credentials, unless new ones come too"
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="members to change; null for a default"
    )
    credentials: dict[str, Any] | None = Field(
        default=None, description="in place of all that were stored; null drops them"
    )


class RemoteField(BaseModel):
    """A field of the other system that a mapping may name."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    record_schema: str = Field(alias="schema", description="the schema, type or category that has it")
    name: str = Field(description="what a mapping calls it")
    label: str = Field(description="what people call it there")
    type: str = Field(description="what it holds, in the system's own word")
    is_required: bool = Field(description="whether a record needs it")
    options: list[str] = Field(description="the texts that it admits, where it is a choice")


class ConnectorFields(Answer):
    """The fields of the other system that a mapping may name, as the last check found them."""

    checked_at: datetime | None = Field(description="when they were read; null before the first check")
    fields: list[RemoteField] = Field(description="all of them; empty before the first check")


class Check(Job):
    """A look at the other system: sign in, and read which fields there are."""

    connector_id: UUID = Field(description="the connector")
    standing: ConnectorStanding | None = Field(description="what was found; null until the job has ended")
    n_fields: int | None = Field(description="how many fields there are; null likewise")


class OutboxMessage(Answer):
    """Something that a connector has to say to the other system; messages go in their order."""

    id: UUID = Field(description="names the message in its address")
    link_id: UUID | None = Field(description="the link that it belongs to")
    verb: str = Field(description="material: a candidate; order: a batch; notify: what became of something")
    candidate_id: UUID | None = Field(description="the candidate that it is about")
    round_id: UUID | None = Field(description="the round that it is about")
    event: str | None = Field(description="of notify: measured, cancelled, read or refused")
    state: OutboxState = Field(
        description="waiting; done; refused by the other system; dead: given up after a day of retries; "
        "skipped by a person, or because nothing is left to say"
    )
    due_at: datetime = Field(description="when it is tried next, while it waits")
    tries: int = Field(description="how often it failed for the time being")
    problem: LaneProblem | None = Field(description="why it was not sent")
    created_at: datetime = Field(description="when it was caused")
    done_at: datetime | None = Field(description="when it ended, in whatever way")


class Skip(Request):
    """Why a message is given up."""

    reason: Reason = Field(description="kept with the message", examples=["registered by hand"])


class ExchangeEntry(Answer):
    """One request to the other system: neither its query, its headers nor its body is kept."""

    id: int = Field(description="rises with time")
    at: datetime = Field(description="when it was sent")
    method: str = Field(description="of the request")
    path: str = Field(description="without the query")
    status: int | None = Field(description="of the response; null when none came")
    seconds: float = Field(description="how long it took")
    problem: str | None = Field(description="why no response came")
    outbox_id: UUID | None = Field(description="the message that it was sent for")
