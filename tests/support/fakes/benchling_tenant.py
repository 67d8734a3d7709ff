"""What a tenant of Benchling holds: schemas, entities, task groups, results, and tasks that run a while."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Json = dict[str, Any]
LISTED_AS = {"molecules": "molecules", "aa-sequences": "aaSequences", "custom-entities": "customEntities"}
TYPES = {"molecules": "molecule", "aa-sequences": "aa_sequence", "custom-entities": "custom_entity"}
_USER = {"handle": "lab", "id": "ent_lab", "name": "The lab"}


class RefusalError(Exception):
    """The vendor's error of one record, or of a whole request."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def field_definition(name: str, type_: str, *, required: bool = False, **more: Any) -> Json:
    """Return a field of a schema, as Benchling describes it."""
    return {
        "id": f"tsf_{name.lower().replace(' ', '_')}",
        "name": name,
        "type": type_,
        "isRequired": required,
        "isMulti": False,
        "archiveRecord": None,
        **more,
    }


@dataclass
class Running:
    """A task: it is carried out when the request with number `due` arrives."""

    due: int
    work: Callable[[], Json]
    outcome: Json | None = None


@dataclass
class Tenant:
    """A tenant's records, by id. `failing` are keys of entities -> words with which they are refused."""

    entities: dict[str, dict[str, Json]] = field(default_factory=lambda: {name: {} for name in LISTED_AS})
    schemas: dict[str, dict[str, Json]] = field(default_factory=dict)
    dropdowns: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, Json] = field(default_factory=dict)
    workflow_tasks: dict[str, Json] = field(default_factory=dict)
    results: dict[str, Json] = field(default_factory=dict)
    tasks: dict[str, Running] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    errors_as: str = "array"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _made: int = 0

    def stamp(self) -> str:
        return self.now().isoformat()

    def new_id(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_{self._made:08d}"

    def start(self, due: int, work: Callable[[], Json]) -> Json:
        task_id = str(uuid4())
        self.tasks[task_id] = Running(due, work)
        return {"taskId": task_id}

    def run_tasks(self, request: int | None = None) -> None:
        """Carry out what is due at a request, or everything."""
        for task in self.tasks.values():
            if task.outcome is None and (request is None or request >= task.due):
                task.outcome = task.work()

    def task(self, task_id: str) -> Json:
        if task_id not in self.tasks:
            raise RefusalError(f"Task {task_id} not found", 404)
        return self.tasks[task_id].outcome or {"status": "RUNNING"}

    def schema(self, kind: str, schema_id: str) -> Json:
        found = self.schemas.get(kind, {}).get(schema_id)
        if found is None:
            raise RefusalError(f"Invalid schema ID {schema_id}", 404)
        return found

    def written_fields(self, schema: Json, given: Mapping[str, Json]) -> Json:
        """Return fields as a record shows them, after the checks that Benchling makes."""
        definitions = {item["name"]: item for item in schema["fieldDefinitions"] if not item["archiveRecord"]}
        if unknown := [name for name in given if name not in definitions]:
            raise RefusalError(f'Field "{unknown[0]}" does not exist on schema "{schema["name"]}".')
        for name, item in definitions.items():
            if item["isRequired"] and (given.get(name) or {}).get("value") in (None, "", []):
                raise RefusalError(f'Missing required field "{name}" on schema "{schema["name"]}".')
        return {
            name: self._shown(item, (given.get(name) or {}).get("value"))
            for name, item in definitions.items()
        }

    def _shown(self, item: Json, value: Any) -> Json:
        text = "" if value is None else str(value)
        if item["type"] == "dropdown" and value is not None:
            options = {
                option["id"]: option["name"] for option in self.dropdowns[item["dropdownId"]]["options"]
            }
            if value not in options:
                raise RefusalError(f'"{value}" is not a valid option of field "{item["name"]}".')
            text = options[value]
        if item["type"].endswith("_link") and value is not None:
            ids = value if isinstance(value, list) else [value]
            text = ", ".join(self.entity(one)["name"] for one in ids)
        if item["type"] == "float" and isinstance(value, bool | str) and "legalTextDropdownId" not in item:
            raise RefusalError(f'Field "{item["name"]}" requires a number.')
        if item["type"] in ("text", "long_text") and value is not None and not isinstance(value, str):
            raise RefusalError(f'Field "{item["name"]}" requires a string.')
        shown = {
            "value": value,
            "displayValue": text,
            "textValue": text,
            "type": item["type"],
            "isMulti": item["isMulti"],
        }
        return {**shown, "unit": item["unit"]} if "unit" in item else shown

    def entity(self, entity_id: str) -> Json:
        for held in self.entities.values():
            if entity_id in held:
                return held[entity_id]
        raise RefusalError(f"Invalid entity ID {entity_id}")

    def names_in_use(self) -> dict[str, str]:
        """Return every name, alias and registry id of the registry, with the entity that has it."""
        return {
            name: entity["id"]
            for held in self.entities.values()
            for entity in held.values()
            for name in (entity["name"], entity["entityRegistryId"], *entity["aliases"])
        }

    def write_entities(self, collection: str, bodies: Sequence[Json], *, upsert: bool) -> Json:
        """Write all or none, and return the outcome of the task."""
        errors = {}
        for index, body in enumerate(bodies):
            try:
                self._check_entity(body, upsert=upsert)
            except RefusalError as error:
                errors[index] = str(error)
        if errors:
            return self.failed(errors)
        written = [self._write_entity(collection, body) for body in bodies]
        return {"status": "SUCCEEDED", "response": {LISTED_AS[collection]: written}}

    def words_of(self, outcome: Json) -> str:
        """Return what is said of the first record of a failed task."""
        errors = outcome["errors"]
        first = errors[0] if isinstance(errors, list) else errors.get("0", errors)
        return str(first["message"])

    def failed(self, errors: Mapping[int, str]) -> Json:
        """Return a failed task, with the errors in one of the shapes that the vendor's schema admits."""
        found = [{"index": index, "message": message} for index, message in errors.items()]
        shapes: dict[str, Any] = {
            "array": found,
            "object": {str(item["index"]): {"message": item["message"]} for item in found},
            "one": found[0],
            "unnamed": [{"message": item["message"]} for item in found],
        }
        return {"status": "FAILED", "message": "The bulk operation failed.", "errors": shapes[self.errors_as]}

    def _check_entity(self, body: Json, *, upsert: bool) -> None:
        key = body["entityRegistryId"] if upsert else (body.get("aliases") or [""])[0]
        if key in self.failing:
            raise RefusalError(self.failing[key])
        self.written_fields(self.schema("entity-schemas", body["schemaId"]), body.get("fields", {}))
        existing = self.registered(body["entityRegistryId"]) if upsert else None
        in_use = self.names_in_use()
        for name in (body["name"], *body.get("aliases", ())):
            if name in in_use and (existing is None or in_use[name] != existing["id"]):
                raise RefusalError(f'The name or alias "{name}" is already in use in the registry.')

    def registered(self, registry_id: str) -> Json | None:
        return next(
            (
                entity
                for held in self.entities.values()
                for entity in held.values()
                if entity["entityRegistryId"] == registry_id
            ),
            None,
        )

    def _write_entity(self, collection: str, body: Json) -> Json:
        schema = self.schema("entity-schemas", body["schemaId"])
        own = self.registered(body["entityRegistryId"]) if "entityRegistryId" in body else None
        entity_id = (
            own["id"]
            if own
            else self.new_id({"molecules": "mol", "aa-sequences": "prtn"}.get(collection, "bfi"))
        )
        structure = body.get("chemicalStructure", {}).get("value")
        made: Json = {
            "id": entity_id,
            "name": body["name"],
            "aliases": body.get("aliases", own["aliases"] if own else []),
            "entityRegistryId": body.get("entityRegistryId") or f"{schema['prefix']}{self._made:05d}",
            "registryId": body["registryId"],
            "folderId": body.get("folderId"),
            "schema": {"id": schema["id"], "name": schema["name"]},
            "fields": self.written_fields(schema, body.get("fields", {})),
            "customFields": {},
            "archiveRecord": None,
            "authors": [_USER],
            "creator": _USER,
            "createdAt": own["createdAt"] if own else self.stamp(),
            "modifiedAt": self.stamp(),
            "registrationOrigin": {"originEntryId": None, "registeredAt": self.stamp()},
            "apiURL": f"https://lab.benchling.com/api/v2/{collection}/{entity_id}",
            "webURL": f"https://lab.benchling.com/lab/f/{entity_id}",
        }
        if collection == "molecules":
            made |= {"canonicalizedSmiles": structure, "originalSmiles": structure}
        if collection == "aa-sequences":
            made |= {"aminoAcids": body["aminoAcids"], "length": len(body["aminoAcids"]), "annotations": []}
        self.entities[collection][entity_id] = made
        return made

    def write_workflow_tasks(self, bodies: Sequence[Json]) -> Json:
        """Write all or none, and return the outcome of the task."""
        made, errors = [], {}
        for index, body in enumerate(bodies):
            try:
                made.append(self._workflow_task(body))
            except RefusalError as error:
                errors[index] = str(error)
        if errors:
            return self.failed(errors)
        self.workflow_tasks |= {task["id"]: task for task in made}
        return {"status": "SUCCEEDED", "response": {"workflowTasks": made}}

    def _workflow_task(self, body: Json) -> Json:
        group = self.groups[body["workflowTaskGroupId"]]
        schema = self.schema("workflow-task-schemas", group["workflowTaskSchema"]["id"])
        task_id = self.new_id("wftask")
        return {
            "id": task_id,
            "displayId": f"ASY-T{self._made}",
            "schema": group["workflowTaskSchema"],
            "workflowTaskGroup": {name: group[name] for name in ("id", "displayId", "name")},
            "fields": self.written_fields(schema, body["fields"]),
            "status": schema["statusLifecycle"]["initialStatus"],
            "scheduledOn": body.get("scheduledOn"),
            "assignee": None,
            "creator": _USER,
            "createdAt": self.stamp(),
            "modifiedAt": self.stamp(),
            "archiveRecord": None,
            "webURL": f"https://lab.benchling.com/lab/wt/{task_id}",
        }

    def write_group(self, body: Json) -> Json:
        schema = self.schema("workflow-task-schemas", body["schemaId"])
        group_id = self.new_id("wfg")
        self.groups[group_id] = {
            "id": group_id,
            "displayId": f"ASY{self._made}",
            "name": body.get("name") or f"{schema['name']} {self._made}",
            "workflowTaskSchema": {"id": schema["id"], "name": schema["name"]},
            "folder": {"id": body["folderId"], "name": "Assays", "projectId": "src_project"},
            "watchers": [],
            "workflowTasks": [],
            "executionType": "DIRECT",
            "creator": _USER,
            "createdAt": self.stamp(),
            "modifiedAt": self.stamp(),
            "archiveRecord": None,
            "webURL": f"https://lab.benchling.com/lab/wfg/{group_id}",
        }
        return self.groups[group_id]

    def write_result(self, schema_id: str, given: Json, result_id: str | None = None) -> str:
        schema = self.schema("assay-result-schemas", schema_id)
        result_id = result_id or str(uuid4())
        before = self.results.get(result_id)
        self.results[result_id] = {
            "id": result_id,
            "schema": {"id": schema_id, "name": schema["name"]},
            "fields": self.written_fields(schema, given),
            "fieldValidation": {},
            "validationStatus": "",
            "validationComment": "",
            "isReviewed": True,
            "entryId": "etr_assays01",
            "projectId": "src_project",
            "archiveRecord": None,
            "creator": _USER,
            "createdAt": before["createdAt"] if before else self.stamp(),
            "modifiedAt": self.stamp(),
        }
        return result_id


def page_of(
    records: Iterable[Json], query: Mapping[str, list[str]], largest: int, epoch: str
) -> tuple[list[Json], str]:
    """Return a page and the token of the next one: a position, as harsh a token as a server may have."""
    wanted = list(records)
    size = min(int(query.get("pageSize", ["50"])[0]), largest)
    token = base64.b64decode(query.get("nextToken", [""])[0]).decode()
    made_in, _, position = token.partition(":")
    if token and made_in != epoch:
        raise RefusalError("Invalid nextToken.")
    begin = int(position or 0)
    end = begin + size
    following = base64.b64encode(f"{epoch}:{end}".encode()).decode() if end < len(wanted) else ""
    return wanted[begin:end], following


def is_listed(record: Json, query: Mapping[str, list[str]]) -> bool:
    """Return whether a record has the archive reason of a listing."""
    reason = query.get("archiveReason", ["NOT_ARCHIVED"])[0]
    archived = (record.get("archiveRecord") or {}).get("reason")
    if reason == "ANY_ARCHIVED_OR_NOT_ARCHIVED":
        return True
    if reason == "NOT_ARCHIVED":
        return archived is None
    return archived is not None and reason in ("ANY_ARCHIVED", archived)
