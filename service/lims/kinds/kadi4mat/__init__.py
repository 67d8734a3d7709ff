"""Kadi4Mat: candidates as records, batches as collections, results read from the extras of the records.

Written for the HTTP API v1 of Kadi4Mat 1.x. Identifiers are ours and unique there, so they are natural keys.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from pydantic import Field, SecretStr

from service.lims.contract import (
    AccessDeniedError,
    Connector,
    Manners,
    Page,
    Refused,
    RemoteField,
    RemoteRecord,
    Status,
    StrictModel,
)
from service.lims.kinds.kadi4mat.api import Api, errors_of, identifier, refused
from service.lims.kinds.kadi4mat.extras import Place, described, measurements, merged
from service.lims.kinds.kadi4mat.sweeps import Reader, Sweep
from service.lims.replies import json_body

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import Answer, Cursor, Material, MeasuredRecord, News, Order, Scope
    from service.lims.kinds.kadi4mat.extras import Extra
    from service.outbound.pinned_http import Reply

_KINDS = {"material": "records", "order": "collections"}


class Kadi4MatSettings(StrictModel):
    """Where candidates and results are in a record's extras."""

    results: str = Field(
        "results",
        max_length=500,
        description="the extra that holds a record's results, a dictionary or a list; empty: all extras are",
    )
    source_key: str = Field(
        "assay", max_length=500, description="in a list of results, the key that names the assay of each"
    )
    template: str | None = Field(
        None, max_length=50, description="identifier of the record template that candidates are made from"
    )
    units: dict[str, str] = Field(default_factory=dict, description="field that we write -> its unit there")
    status_key: str | None = Field(
        "assayflow_status", max_length=500, description="the extra that says what became of a candidate"
    )
    visibility: Literal["private", "public"] = Field("private", description="of what is made there")


class Kadi4MatCredentials(StrictModel):
    """A personal access token."""

    token: SecretStr = Field(
        description="scopes: user.read, record.create, record.read, record.update, collection.create, "
        "collection.read, collection.link, and template.read if a template is named"
    )


@final
class Kadi4MatConnector(Connector):
    """Kadi4Mat."""

    kind: ClassVar[str] = "kadi4mat"
    title: ClassVar[str] = "Kadi4Mat"
    Settings = Kadi4MatSettings
    Credentials = Kadi4MatCredentials
    manners: ClassVar[Manners] = Manners(natural_key=True, materials_per_call=20)
    settings: Kadi4MatSettings

    @property
    def _api(self) -> Api:
        return Api(self.http, self.credentials.token.get_secret_value())

    @property
    def _place(self) -> Place:
        return Place(self.settings.results, self.settings.source_key)

    def check(self) -> Status:
        """Sign in, and try which scopes the token lacks."""
        version = self._api.get("/info").get("version", "of unknown version")
        user, missing = self._api.user_and_missing_scopes(self.settings.template)
        if "record.read" in missing:
            raise AccessDeniedError(f"the token lacks the scopes {', '.join(missing)}")
        if self.settings.template and "template.read" not in missing:
            self._template()
        identity = user.get("displayname") or "a token that may not read its user"
        warnings = [f"the token lacks the scope {scope}" for scope in missing]
        return Status(identity=identity, server=f"Kadi4Mat {version}", warnings=warnings)

    def describe(self) -> Sequence[RemoteField]:
        """Return the extras of the template, or those of the records that were changed last."""
        if self.settings.template:
            records = [self._template()]
        else:
            records = self._api.get("/records", {"per_page": 20, "sort": "-last_modified"})["items"]
        fields = [
            described(record.get("type") or "record", extra)
            for record in records
            for extra in record["extras"]
        ]
        for record in records:
            for found in measurements("", record["extras"], self._place, blank=True):
                fields += [RemoteField(schema=found.source, name=name) for name in found.fields]
        return list({(field.schema, field.name): field for field in fields}.values())

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return records or collections by the identifiers that were made of the keys."""
        kind = _KINDS[type_]
        found = ((key, self._api.named(kind, key)) for key in keys)
        return {key: self._remote(kind, item, key) for key, item in found if item is not None}

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Create a record for each, or set our extras in the one that has its identifier."""
        template = self._template() if self.settings.template else {"type": None, "extras": []}
        return [self._put_material(material, template) for material in materials]

    def _put_material(self, material: Material, template: Mapping[str, Any]) -> Answer:
        values, units = dict(material.fields), self.settings.units
        if material.structure is not None:
            values.setdefault(material.structure.format, material.structure.text)
        extras = merged(template["extras"], values, units)
        new = {"title": material.name, "type": material.schema or template["type"], "extras": extras}
        reply, existing = self._create("records", material.key, new)
        if existing is None:
            return self._written("records", reply, material.key, extras)
        problem = self._api.rewrite(existing["id"], lambda theirs: merged(theirs, values, units))
        return problem or self._remote("records", self._api.get(f"/records/{existing['id']}"), material.key)

    def put_order(self, order: Order) -> Answer:
        """Create a collection, or find it, and link the records that it does not hold yet."""
        for name in [name for name in ("files", "schema") if getattr(order, name)]:
            return Refused(detail=f"a collection has no {name}: leave it out of the mapping", field=name)
        lines = [f"{name}: {value}" for name, value in order.fields.items() if value is not None]
        reply, collection = self._create(
            "collections", order.key, {"title": order.name, "description": "\n\n".join(lines)}
        )
        if collection is None and reply.status != HTTPStatus.CREATED:
            return self._written("collections", reply, order.key)
        collection = collection or json_body(reply)
        problem = self._put_into(order.folder, collection["id"]) if order.folder else None
        return problem or self._link(collection, order) or self._remote("collections", collection, order.key)

    def _put_into(self, folder: str, collection_id: int) -> Refused | None:
        parent = self._api.named("collections", folder)
        if parent is None:
            return Refused(detail=f"there is no collection {folder!r}", field="folder")
        reply = self._api.send("POST", f"/collections/{parent['id']}/collections", json={"id": collection_id})
        # 409 also says that it is in there already.
        return None if reply.status in (HTTPStatus.CREATED, HTTPStatus.CONFLICT) else refused(reply)

    def _link(self, collection: Mapping[str, Any], order: Order) -> Refused | None:
        path = f"/collections/{collection['id']}/records"
        linked = {str(record["id"]) for record in self._api.items(path)}
        problem = None
        for material in (material for material in order.materials if material.id not in linked):
            reply = self._api.send("POST", path, json={"id": int(material.id)})
            if reply.status not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
                words = refused(reply).detail
                problem = Refused(detail=f"record {material.key or material.id}: {words}", field="materials")
        return problem

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return measurements that are new, changed or gone, a page of records at a time."""
        sweep, contents = Sweep.read(cursor), list[bytes]()
        reader = Reader(self._api, self._place, frozenset(scope.sources), self.environment.now)
        materials = {material.id: material for material in scope.materials}
        measured: list[MeasuredRecord] = []
        for id_, record in sweep.next_records(self._api, scope, contents).items():
            measured += reader.changed(materials[id_], record, sweep)
        after, more = sweep.cursor(scope)
        return Page(measurements=measured, cursor=after, more=more, content=b"\n".join(contents))

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:
        """Write what became of a candidate into its record; a collection has no place for it."""
        key = self.settings.status_key
        if key is None or record.type != "record":
            return None
        text = f"{news.event}: {news.comment}" if news.comment else news.event
        return self._api.rewrite(record.id, lambda extras: merged(extras, {key: text}, {}))

    def _create(self, kind: str, key: str, new: Extra) -> tuple[Reply, Extra | None]:
        """Post a record or a collection; return the reply, and the existing one that has the identifier."""
        body = {"identifier": identifier(key), "visibility": self.settings.visibility, **new}
        reply = self._api.send("POST", f"/{kind}", json=body)
        is_taken = reply.status == HTTPStatus.CONFLICT or "identifier" in errors_of(reply)
        return reply, self._api.named(kind, key) if is_taken else None

    def _written(self, kind: str, reply: Reply, key: str, extras: Sequence[Extra] = ()) -> Answer:
        if reply.status == HTTPStatus.CREATED:
            return self._remote(kind, json_body(reply), key)
        answer = refused(reply, extras)
        if answer.field != "identifier":
            return answer
        return Refused(detail=f"{answer.detail} Is it in the trash of Kadi4Mat?", field="identifier")

    def _template(self) -> Extra:
        template = self._api.named("templates", self.settings.template or "")
        if template is None or template["type"] != "record":
            raise AccessDeniedError(
                f"there is no record template {self.settings.template!r} that the token may read"
            )
        data: Extra = template["data"]
        return data

    def _remote(self, kind: str, item: Extra, key: str) -> RemoteRecord:
        target = self.http.target
        return RemoteRecord(
            type=kind.removesuffix("s"),
            id=str(item["id"]),
            key=key,
            version=item["last_modified"],
            url=f"{target.scheme}://{target.authority}{target.path.rstrip('/')}/{kind}/{item['id']}",
            state=item["state"],
        )
