"""What a connector to a laboratory's system is: records that cross the border, and the interface.

A kind of system is one module of `service.lims.kinds`, or a package's entry point in the group
`assayflow.connectors`, with a class that derives from `Connector`. It translates between these records and
the system's own HTTP calls or files. It has no database, keeps nothing between two runs but what it returns,
retries nothing by itself, and is called by one worker at a time.

Delivery is at least once. A caller that lost an answer calls `find` with the same keys before it writes
again, unless the system has natural keys (`Manners.natural_key`), where writing twice changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from service.outbound.pinned_http import Http

Cursor = dict[str, Any]
"""How far changes were read, as the kind itself wrote it: JSON."""
FieldValue = str | int | float | bool | None
"""A value of a remote field; numbers of measurements are texts with the digits of the system."""
Standing = Literal["final", "preliminary", "withdrawn"]
"""Whether a measurement counts: a preliminary one is not read, a withdrawn one counts no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRecord:
    """A record of the other system.

    Attributes:
        type: the system's own word: `molecule`, `experiment`, `sample`.
        id: its identifier there.
        key: the key that we chose and sent with it, where the system keeps one.
        version: changes whenever the record does.
        url: where a person looks at it.
        state: its state there, in the system's own word.
    """

    type: str
    id: str
    key: str | None = None
    version: str | None = None
    url: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What an object is: `text` in a format such as `smiles`, `helm`, `sequence` or `formula`."""

    format: Literal["smiles", "helm", "sequence", "formula", "mixture"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A candidate to be registered; `schema` and the names of `fields` are the other system's."""

    key: str
    name: str
    schema: str | None = None
    structure: Structure | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file: of a batch to be sent, or with results that was found."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A released batch: what is to be made and measured. `folder` and `schema` are the other system's."""

    key: str
    name: str
    materials: Sequence[RemoteRecord] = ()
    schema: str | None = None
    folder: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    files: Sequence[File] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRecord:
    """One measurement as the other system has it; a mapping reads `fields`.

    Attributes:
        id: the measurement's identifier, the same after a correction.
        source: the schema, assay or sheet that it is from; a mapping names it.
        about: the material that was measured.
        fields: name -> text, with digits, signs and units as they are written there.
        version: changes whenever the measurement does.
        standing: see `Standing`.
        measured_at: when, if the system says so.
    """

    id: str
    source: str
    about: RemoteRecord
    fields: Mapping[str, str]
    version: str | None = None
    standing: Standing = "final"
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A table of results that was found as a file; it is read like an upload.

    `record` is what `notify` is told of after the file was read.
    """

    file: File
    record: RemoteRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of changes.

    Attributes:
        measurements: in the order of the system.
        files: tables of results.
        cursor: where the next call goes on; stored in the transaction that stores the page.
        more: whether the next page is there already.
        content: the page as it came, kept as the original of its results.
    """

    measurements: Sequence[MeasuredRecord] = ()
    files: Sequence[ResultFile] = ()
    cursor: Cursor | None = None
    more: bool = False
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is waited for.

    Attributes:
        materials: the records of candidates whose results are open, or that had results before and may be
            corrected.
        orders: the records of the orders that hold them.
        sources: the schemas or assays that the mapping reads.
        since: changes before this time were read.
        folder: where the link looks, if the system has folders.
    """

    materials: Sequence[RemoteRecord] = ()
    orders: Sequence[RemoteRecord] = ()
    sources: Sequence[str] = ()
    since: datetime | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What happened to a record that the other system holds.

    Attributes:
        event: `measured` and `cancelled` are of a material or an order, `read` and `refused` of a file.
        comment: one sentence for people.
        report: what became of the rows of a file, as JSON.
    """

    event: Literal["measured", "cancelled", "read", "refused"]
    comment: str = ""
    report: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An asynchronous task of the other system: ask `task(ticket)` again after some seconds."""

    ticket: str
    seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The other system refused a record, in its own words; `field` is the field at fault."""

    detail: str
    field: str | None = None


Answer = RemoteRecord | Pending | Refused
"""What became of a record that was written; of records written together, all may be the same `Pending`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteField:
    """A field of the other system that a mapping may name.

    `schema` is the type of record that has it; `options` are the texts that it admits, if it is a choice.
    """

    schema: str
    name: str
    label: str = ""
    type: str = "text"
    is_required: bool = False
    options: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a check found: who we are there, which server it is, and what a person should know."""

    identity: str
    server: str
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A hook that was verified: look now. `event_id` tells deliveries of one event apart from others."""

    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What a kind of system can do.

    Attributes:
        natural_key: writing a record with a known key updates it and makes no second one.
        sends_materials: candidates are records of their own there; else only orders are written.
        sends_orders: a batch is a record of its own there.
        materials_per_call: most materials that `put_materials` is given at once.
        is_push: whether the system sends hooks that `verify_hook` understands.
        needs_address: whether a connector has a `base_url`.
    """

    natural_key: bool = False
    sends_materials: bool = True
    sends_orders: bool = True
    materials_per_call: int = 100
    is_push: bool = False
    needs_address: bool = True


class RetryLaterError(Exception):
    """The system cannot answer now.

    Args:
        reason: one sentence for people, without secrets and bodies.
        seconds: how long the system asked to wait; None lets the caller choose.
        whole_connector: whether nothing else may be sent meanwhile, as after status 429.
    """

    def __init__(self, reason: str, seconds: float | None = None, *, whole_connector: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
        self.whole_connector = whole_connector


class AccessDeniedError(Exception):
    """The credentials are not accepted, or do not suffice; nothing is sent until a person changes them."""


class RecordGoneError(Exception):
    """A record that we wrote is no longer there."""


class StrictModel(BaseModel):
    """Base of settings and credentials: unknown members are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorEnvironment:
    """What a connector is given besides its settings.

    Attributes:
        http: requests to the connector's `base_url` alone, judged and pinned; None for a kind without one.
        folders: name -> URL of the folders that the operator allows, as `fsspec` understands them.
        now: the time, replaced by tests.
    """

    http: Http | None = None
    folders: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Connector(ABC):
    """One lab system behind a fixed set of calls; each may raise the three errors of this module.

    Anything else that a call raises is a bug and ends the run with `failed`.
    """

    kind: ClassVar[str]
    """The name in the API, in small letters: `benchling`."""
    title: ClassVar[str]
    """The name for people: `Benchling`."""
    Settings: ClassVar[type[StrictModel]]
    Credentials: ClassVar[type[StrictModel]]
    manners: ClassVar[Manners]

    def __init__(self, settings: Any, credentials: Any, environment: ConnectorEnvironment) -> None:
        self.settings = settings
        self.credentials = credentials
        self.environment = environment

    @property
    def http(self) -> Http:
        """The connection to the system's address."""
        assert self.environment.http is not None, "the kind needs an address"
        return self.environment.http

    @classmethod
    def is_question(cls, method: str, path: str, content: bytes) -> bool:  # noqa: ARG003 - a default
        """Return whether a request changes nothing there; a preview sends such requests and no other.

        A system that is asked or signed in to by POST says so here.
        """
        return method in ("GET", "HEAD", "OPTIONS")

    @abstractmethod
    def check(self) -> Status:
        """Sign in and return who we are; warnings name rights that are missing."""

    @abstractmethod
    def describe(self) -> Sequence[RemoteField]:
        """Return the fields that a mapping may name."""

    @abstractmethod
    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return the records of `type_` (`material` or `order`) that were written under our keys, by key."""

    @abstractmethod
    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Write materials and return what became of each, in the same order."""

    @abstractmethod
    def put_order(self, order: Order) -> Answer:
        """Write an order for materials that are known there."""

    @abstractmethod
    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return the next page of measurements that are new, corrected or withdrawn; each at least once."""

    def task(self, ticket: str) -> Pending | Sequence[Answer]:
        """Return what became of the records of an asynchronous task, in the order in which they were put."""
        raise NotImplementedError(f"{self.kind} has no asynchronous tasks: {ticket}")

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:  # noqa: ARG002 - a default
        """Write what happened to a record; None also where the system has no place for it."""
        return None

    def verify_hook(self, headers: Mapping[str, str], body: bytes) -> Hint | None:  # noqa: ARG002 - a default
        """Verify a hook's raw bytes; None if it is not genuine. It never carries data."""
        return None
