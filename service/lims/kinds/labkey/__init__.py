"""LabKey Server: candidates are samples, a batch is a row of a list, results are rows of assays.

A sample is found and updated by its `Name`, which is our key (`insertOption=MERGE`). Dates come without a
zone, in the time of the server, whose zone is a setting. A limit is a number with `<` or `>` in a column
beside it, and a run that was imported again stays, marked as replaced.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator

from service.lims.contract import (
    Connector,
    Manners,
    Refused,
    RemoteField,
    RemoteRecord,
    RetryLaterError,
    Status,
    StrictModel,
)
from service.lims.kinds.labkey.answers import faults, one_of, refused, value
from service.lims.kinds.labkey.results import AssayReader
from service.lims.kinds.labkey.samples import SampleWriter, command_of, unknown_column
from service.lims.kinds.labkey.session import BAD, QUESTIONS, Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import Answer, Cursor, Material, News, Order, Page, Scope

_REPORTING_VERSION = 13.2
"""From here on a refusal of `saveRows` is a status of 200 with `committed: false`."""
_DUPLICATE = re.compile(r"duplicate key|already exists", re.IGNORECASE)


class LabkeySettings(StrictModel):
    """Where a LabKey server keeps samples, orders and results."""

    container: str = Field(min_length=1, max_length=500, description="path of the folder: MyLab/Screening")
    time_zone: str = Field(max_length=100, description="zone of the server's clock, as in Europe/Berlin")
    sample_column: str = Field(
        "SampleID", min_length=1, max_length=200, description="column of assays that names the sample"
    )
    date_column: str | None = Field(
        "Date", max_length=200, description="column of assays that says when it was measured, if any"
    )
    name_column: str | None = Field(
        None, max_length=200, description="text column of samples that takes the readable name, if any"
    )
    status_column: str | None = Field(
        None, max_length=200, description="text column of samples and orders that takes what happened, if any"
    )
    orders_list: str = Field(
        "AssayflowOrders", min_length=1, max_length=200, description="list that takes batches"
    )
    orders_key: str = Field(
        "Key", min_length=1, max_length=200, description="text column that is the key of that list"
    )
    order_column: str = Field(
        "AssayflowOrder",
        min_length=1,
        max_length=200,
        description="text column of samples for the batch's key",
    )
    page_size: int = Field(1000, ge=1, le=10_000, description="rows of results that are read at once")

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            message = f"{value[:60]!r} is no zone of the IANA database, such as Europe/Berlin"
            raise ValueError(message) from error
        return value


class LabkeyCredentials(StrictModel):
    """An API key of a LabKey account."""

    api_key: SecretStr = Field(description="API key of an account with the role Editor in the folder")


class LabkeyConnector(Connector):
    """LabKey Server over its HTTP API of queries."""

    kind: ClassVar[str] = "labkey"
    title: ClassVar[str] = "LabKey Server"
    Settings: ClassVar[type[StrictModel]] = LabkeySettings
    Credentials: ClassVar[type[StrictModel]] = LabkeyCredentials
    manners: ClassVar[Manners] = Manners(natural_key=True, materials_per_call=500)

    @cached_property
    def _session(self) -> Session:
        return Session(self.http, self.settings.container, self.credentials.api_key.get_secret_value())

    @cached_property
    def _samples(self) -> SampleWriter:
        return SampleWriter(self._session, self.settings)

    @classmethod
    def is_question(cls, method: str, path: str, content: bytes) -> bool:
        """Return whether a request changes nothing: queries are sent by POST, but by their names."""
        return (
            super().is_question(method, path, content)
            or path.partition("?")[0].rpartition("/")[2] in QUESTIONS
        )

    def check(self) -> Status:
        """Sign in; warn where the list of orders is missing."""
        who = self._session.sign_in()
        name, key = self.settings.orders_list, self.settings.orders_key
        columns = self._session.columns("lists", name)
        warnings = []
        if columns is None:
            warnings.append(f"there is no list {name!r}, or it cannot be read: batches are written there")
        elif key not in columns:
            warnings.append(f"the list {name!r} has no column {key!r}, which is to be its key")
        return Status(
            identity=str(who.get("email") or who.get("displayName")),
            server=f"LabKey Server, folder {self.settings.container}",
            warnings=warnings,
        )

    def describe(self) -> Sequence[RemoteField]:
        """Return the columns of the folder's sample types, of the list of orders and of its assays."""
        places = [("samples", name, name) for name in self._session.sample_types()]
        places.append(("lists", self.settings.orders_list, self.settings.orders_list))
        places += [(name, "Data", name) for name in self._session.assays()]
        return [
            RemoteField(
                schema=title,
                name=column["name"],
                label=column.get("caption", ""),
                type=column.get("jsonType") or column.get("type") or "text",
                is_required=bool(column.get("required")),
            )
            for schema, query, title in places
            for column in (self._session.columns(schema, query) or {}).values()
        ]

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return samples by name or rows of the list of orders by key, whatever their case."""
        if not keys:
            return {}
        if type_ == "order":
            schema, query, columns = "lists", self.settings.orders_list, [self.settings.orders_key]
        else:
            schema, query, columns = "exp", "Materials", ["RowId", "Name"]
        filters = {f"query.{columns[-1]}~in": one_of(keys)}
        rows = self._session.rows(schema, query, columns, filters).rows
        ours = {key.casefold(): key for key in keys}
        found = {ours.get(value(row, columns[-1]).casefold()): value(row, columns[0]) for row in rows}
        return {key: self._record(type_, id_, key) for key, id_ in found.items() if key is not None}

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Merge samples by their names; one that LabKey refuses does not hold up the others."""
        answers = self._samples.merge(materials)
        answers |= self.find("material", [item.key for item in materials if item.key not in answers])
        if missing := [item.key for item in materials if item.key not in answers]:
            raise RetryLaterError(f"LabKey took {missing[0]} and does not show it", whole_connector=False)
        return [answers[item.key] for item in materials]

    def put_order(self, order: Order) -> Answer:
        """Write the row of the list and the batch's key into its samples, in one transaction."""
        target = self.settings.orders_list
        if order.schema not in (None, target):
            detail = f"batches go to the list {target!r} of the settings, not to {order.schema!r}"
            return Refused(detail=detail, field="schema")
        fields = {name: text for name, text in order.fields.items() if text is not None}
        row = {**fields, self.settings.orders_key: order.key}
        of_samples = self._samples.commands(order.materials, {self.settings.order_column: order.key})
        commands = [command_of("insert", "lists", target, [row]), *of_samples]
        why = self._unknown(commands) or self._save_order(order, commands)
        if why is not None and _DUPLICATE.search(why.detail):
            # somebody inserted it after we had looked
            why = self._save_order(order, commands)
        return why or self._record("order", order.key, order.key)

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Read the rows of assays for the samples of the scope, in the order of their ids."""
        return AssayReader(self._session, self.settings).page(scope, cursor)

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:
        """Write the event into the status column, with the comment in the audit log."""
        if self.settings.status_column is None:
            return None
        status = {self.settings.status_column: news.event}
        if record.type == "order":
            row = {self.settings.orders_key: record.id, **status}
            commands = [command_of("update", "lists", self.settings.orders_list, [row])]
        else:
            commands = self._samples.commands([record], status)
        return self._unknown(commands) or self._save(commands, news.comment)

    def _unknown(self, commands: Sequence[dict[str, Any]]) -> Refused | None:
        """Return what commands write that is not there: LabKey ignores unknown columns silently."""
        for command in commands:
            schema, query = command["schemaName"], command["queryName"]
            if why := unknown_column(self._session, schema, query, command["rows"][0]):
                return why
        return None

    def _save_order(self, order: Order, commands: Sequence[dict[str, Any]]) -> Refused | None:
        verb = "update" if self.find("order", [order.key]) else "insert"
        return self._save([{**commands[0], "command": verb}, *commands[1:]], order.name)

    def _save(self, commands: Sequence[dict[str, Any]], comment: str) -> Refused | None:
        if comment:
            commands = [{**item, "auditUserComment": comment} for item in commands]
        document = {"commands": commands, "transacted": True, "apiVersion": _REPORTING_VERSION}
        reply, body = self._session.exchange("query-saveRows.api", json=document)
        is_done = reply.status < BAD and body.get("committed") is True and not faults(body)
        return None if is_done else refused(reply, body)

    def _record(self, type_: str, id_: str, key: str) -> RemoteRecord:
        if type_ == "order":
            page = f"list-details.view?name={quote(self.settings.orders_list)}&pk={quote(id_)}"
            return RemoteRecord(type="order", id=id_, key=key, url=self._session.url(page))
        url = self._session.url(f"experiment-showMaterial.view?rowId={id_}")
        return RemoteRecord(type="sample", id=id_, key=key, url=url)
