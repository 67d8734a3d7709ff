"""eLabFTW, API v2: a candidate is a resource, a batch an experiment that links its resources.

A record is found again by `assayflow_key`, a custom field that is written last. Until then its title ends
with the key in brackets, so that a record whose writing was interrupted is continued and never made twice.
Custom fields are merged (eLabFTW 5.6), because setting the metadata would replace what people wrote.
Results are the custom fields of a resource, one measurement per group of fields, and filled tables that are
attached to the experiment.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field, SecretStr

from service.lims.contract import (
    Answer,
    Connector,
    Cursor,
    Manners,
    Material,
    MeasuredRecord,
    News,
    Order,
    Page,
    RecordGoneError,
    Refused,
    RemoteField,
    RemoteRecord,
    ResultFile,
    Scope,
    Status,
    StrictModel,
)
from service.lims.kinds.elabftw.api import (
    RefusalError,
    Server,
    custom_fields,
    read_metadata,
    written_key,
)
from service.lims.kinds.elabftw.results import SENT, UNGROUPED, new_files, new_measurements, path_of
from service.lims.replies import json_body

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MERGE_VERSION = 50600
"""The first version with `metadatamerge`, as `/info` writes it."""
_TYPES = {"material": "items", "order": "experiments"}
_VIEWS = {"items": "database.php", "experiments": "experiments.php"}
_RECORDS_PER_PAGE = 25


class ElabftwConnector(Connector):
    """One team of an eLabFTW server."""

    kind = "elabftw"
    title = "eLabFTW"
    manners = Manners(materials_per_call=20)

    class Settings(StrictModel):
        """Where results are, and what is written besides resources and experiments."""

        result_fields: tuple[str, ...] = Field(
            (),
            max_length=50,
            description="custom fields that say that a group was measured, such as IC50 and Outcome; without "
            "any in a group, it was measured once one of its fields is filled",
        )
        reads_resources: bool = Field(True, description="read results from the custom fields of resources")
        result_files: tuple[str, ...] = Field(
            ("*.xlsx", "*.csv"), max_length=20, description="attachments of experiments that hold results"
        )
        measured_status: int | None = Field(None, description="id of the status to set after measuring")
        cancelled_status: int | None = Field(None, description="id of the status to set after cancelling")
        compounds: bool = Field(
            False, description="register structures as compounds too, which every user of the server sees"
        )
        inchikey_field: str = Field(
            "InChIKey", description="the mapping's field with the InChIKey, by which compounds are found"
        )

    class Credentials(StrictModel):
        """A key of a user in the team that the records belong to."""

        api_key: SecretStr = Field(description="the API key, as in 3-cb2314…; it needs the right to write")

    settings: Settings
    credentials: Credentials

    @cached_property
    def server(self) -> Server:
        """The API with our key."""
        return Server(self.http, self.credentials.api_key.get_secret_value())

    def check(self) -> Status:
        """Sign in and return who we are; warnings name rights that are missing."""
        user = self.server.get("/users/me")
        info = self.server.get("/info")
        own = self.credentials.api_key.get_secret_value().partition("-")[0]
        keys = [key for key in self.server.get("/apikeys") if str(key.get("id")) == own]
        warnings = []
        if keys and not keys[0].get("can_write"):
            warnings.append("the API key may only read: make one that may write")
        if int(info.get("elabftw_version_int") or 0) < MERGE_VERSION:
            warnings.append("eLabFTW 5.6 or newer is needed: older ones cannot merge custom fields")
        if self.settings.compounds:
            warnings.append("compounds are shown to every user of the server, in all teams")
        team = f", team {keys[0].get('team_name') or keys[0].get('team')}" if keys else ""
        name = str(user.get("fullname") or user.get("email"))
        return Status(
            identity=f"{name}{team}",
            server=f"eLabFTW {info.get('elabftw_version', 'of unknown version')}",
            warnings=warnings,
        )

    def describe(self) -> Sequence[RemoteField]:
        """Return the custom fields of the templates of resources and experiments, and those of groups."""
        found: dict[tuple[str, str], RemoteField] = {}
        for kind in ("items_types", "experiments_templates"):
            for template in self.server.templates(kind):
                groups, fields = read_metadata(template)
                for name, item in fields.items():
                    source = groups.get(str(item.get("group_id")), UNGROUPED)
                    for schema in (str(template["title"]), *([source] if kind == "items_types" else [])):
                        found[schema, name] = RemoteField(
                            schema=schema,
                            name=name,
                            label=str(item.get("description") or ""),
                            type=str(item.get("type") or "text"),
                            is_required=bool(item.get("required")),
                            options=[str(option) for option in item.get("options") or ()],
                        )
        return list(found.values())

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return the records that were written whole under our keys."""
        kind = _TYPES[type_]
        entities = self.server.search(kind, keys)
        return {key: self._record(kind, item) for key, item in entities.items() if written_key(item) == key}

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Write resources; one that is there already is returned, an interrupted one is finished."""
        known = self.server.search("items", [material.key for material in materials])
        return [self._put(material, known.get(material.key)) for material in materials]

    def put_order(self, order: Order) -> Answer:
        """Write an experiment, link its resources and attach its files."""
        if order.folder is not None:
            return Refused(detail="eLabFTW has no folders: leave the order's folder empty", field="folder")
        return self._put(order, self.server.search("experiments", [order.key]).get(order.key))

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return what open resources and experiments hold that was not read before.

        The cursor keeps the last record of the page and the versions of what was read, so that a value that
        was removed is withdrawn.
        """
        materials = scope.materials if self.settings.reads_resources else ()
        records = sorted([*materials, *scope.orders], key=_place)
        after = tuple((cursor or {}).get("after") or ())
        ahead = [record for record in records if _place(record) > after]
        here, rest = ahead[:_RECORDS_PER_PAGE], ahead[_RECORDS_PER_PAGE:]
        known = {path_of(record) for record in records}
        read = {path: seen for path, seen in (cursor or {}).get("read", {}).items() if path in known}
        measurements: list[MeasuredRecord] = []
        files: list[ResultFile] = []
        contents: list[bytes] = []
        for record in here:
            entity, content = self.server.entity(f"/{path_of(record)}")
            contents.append(content)
            seen = read.setdefault(path_of(record), {})
            if record.type == "items":
                measurements += new_measurements(record, entity, seen, self.settings.result_fields)
            elif entity is not None:
                files += new_files(self.server, record, entity, seen, self.settings.result_files)
        return Page(
            measurements=measurements,
            files=files,
            cursor={"after": list(_place(here[-1])) if rest else [], "read": read},
            more=bool(rest),
            content=b"[" + b",".join(contents) + b"]",
        )

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:
        """Comment on the record, once, and set its status where the settings name one.

        Raises:
            RecordGoneError: if the record is no longer there.
        """
        path = (
            f"/experiments/{record.id.partition('/')[0]}" if record.type == "file" else f"/{path_of(record)}"
        )
        comment = f"Assayflow: {news.comment or news.event}"
        statuses = {"measured": self.settings.measured_status, "cancelled": self.settings.cancelled_status}
        try:
            written = self.server.get(f"{path}/comments")
            if not any(item.get("comment") == comment for item in written):
                self.server.write("POST", f"{path}/comments", json={"comment": comment})
            if statuses.get(news.event) is not None:
                self.server.write("PATCH", path, json={"status": statuses[news.event]})
        except RefusalError as error:
            return error.answer
        return None

    def _put(self, wanted: Material | Order, known: Mapping[str, Any] | None) -> Answer:
        kind = "items" if isinstance(wanted, Material) else "experiments"
        if known is not None and written_key(known) == wanted.key:
            return self._record(kind, known)
        try:
            fields = custom_fields(wanted)
            if isinstance(wanted, Material):
                compound = self._compound(wanted)
                id_ = self._begin("items_types", wanted, known)
                if compound is not None:
                    self.server.link("items", id_, "compounds", compound)
            else:
                id_ = self._begin("experiments_templates", wanted, known)
                self._fill(id_, wanted)
            body = {"title": wanted.name, "metadatamerge": {"extra_fields": fields}}
            entity = json_body(self.server.write("PATCH", f"/{kind}/{id_}", json=body))
        except RefusalError as error:
            return error.answer
        except RecordGoneError as error:
            return Refused(detail=str(error))
        if written_key(entity) != wanted.key:
            return Refused(detail="this eLabFTW cannot merge custom fields: version 5.6 or newer is needed")
        return self._record(kind, entity)

    def _begin(self, templates: str, wanted: Material | Order, known: Mapping[str, Any] | None) -> int:
        """Return the id of a record whose title still ends with its key: an interrupted one, or a new one."""
        if known is not None:
            return int(known["id"])
        body: dict[str, Any] = {"title": f"{wanted.name} [{wanted.key}]"}
        if wanted.schema is not None:
            body |= self._template(templates, wanted.schema)
        kind = "items" if isinstance(wanted, Material) else "experiments"
        return self.server.create(f"/{kind}", body)

    def _template(self, templates: str, schema: str) -> dict[str, Any]:
        """Return what names a template, which a mapping calls by its title or number."""
        for template in self.server.templates(templates):
            if schema in (template["title"], str(template["id"])):
                category = template.get("category")
                return {"template": template["id"]} | ({"category": category} if category else {})
        raise RefusalError(f"the team has no template {schema!r}", "schema")

    def _fill(self, id_: int, order: Order) -> None:
        """Link what is not linked and attach what is not attached."""
        entity = self.server.get(f"/experiments/{id_}")
        linked = {str(link["entityid"]) for link in entity.get("items_links") or ()}
        for record in order.materials:
            if record.id not in linked:
                self.server.link("experiments", id_, "items", record.id)
        attached = {(upload["real_name"], upload.get("comment")) for upload in entity.get("uploads") or ()}
        for file in order.files:
            comment = f"{SENT}{hashlib.sha256(file.content).hexdigest()}"
            if (file.name, comment) not in attached:
                content = {"file": (file.name, file.content, file.media_type)}
                path = f"/experiments/{id_}/uploads"
                self.server.write("POST", path, data={"comment": comment}, files=content)

    def _compound(self, material: Material) -> int | None:
        """Return a compound, never writing to one that is there: the server would reset all its fields."""
        if not self.settings.compounds or material.structure is None or material.structure.format != "smiles":
            return None
        name = self.settings.inchikey_field
        inchikey = material.fields.get(name)
        if not isinstance(inchikey, str) or not inchikey:
            raise RefusalError(f"compounds are registered by InChIKey: map a property to {name!r}", name)
        for compound in self.server.all("/compounds", {"q": inchikey}):
            if compound.get("inchi_key") == inchikey:
                return int(compound["id"])
        body = {"name": material.name, "smiles": material.structure.text, "inchi_key": inchikey}
        return self.server.create("/compounds", body)

    def _record(self, kind: str, entity: Mapping[str, Any]) -> RemoteRecord:
        target = self.http.target
        return RemoteRecord(
            type=kind,
            id=str(entity["id"]),
            key=written_key(entity),
            version=entity.get("modified_at"),
            url=f"{target.scheme}://{target.authority}/{_VIEWS[kind]}?mode=view&id={entity['id']}",
            state=entity.get("status_title"),
        )


def _place(record: RemoteRecord) -> tuple[str, int]:
    return record.type, int(record.id)
