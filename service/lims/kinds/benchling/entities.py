"""Candidates as registered entities: molecules, AA sequences or custom entities.

Our key is the entity's registry id where the registry admits ids of others, else an alias. Both are unique in
a registry, so that writing twice makes no second entity. Entities are written together, in a task that
Benchling carries out whole or not at all: when it fails, the records at fault are refused and the others
are sent again; where nobody says which are at fault, the halves are sent again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import Pending, Refused, RemoteRecord, RetryLaterError
from service.lims.kinds.benchling.schemas import COLLECTIONS, ENTITY_SCHEMAS, FieldError
from service.lims.kinds.benchling.session import (
    PAGE,
    RejectedError,
    errors_by_position,
    only_reading,
    refused,
    text_of,
)
from service.lims.kinds.benchling.tickets import written_ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from service.lims.contract import Answer, Material
    from service.lims.kinds.benchling.schemas import Schemas
    from service.lims.kinds.benchling.session import Session

MATERIALS = "materials"
"""What tickets of entities are about."""
ANY_STANDING = "ANY_ARCHIVED_OR_NOT_ARCHIVED"
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
_LISTED_AS = {"molecules": "molecules", "aa-sequences": "aaSequences", "custom-entities": "customEntities"}
_TYPES = {path: type_ for type_, path in COLLECTIONS.items()}
_SECONDS = 2.0
_MOST_SPLITS = 24
"""Most halvings of what was refused without saying which; enough for four of a hundred."""


@final
@dataclass(frozen=True, slots=True)
class Registry:
    """Where entities are registered, and how: see the settings of the same names."""

    id: str
    folder_id: str | None
    own_registry_ids: bool
    naming_strategy: str


@final
@dataclass(slots=True)
class _Part:
    """Bodies that were sent in one task; `positions` are those among the materials."""

    path: str
    positions: list[int]
    bodies: list[dict[str, Any]]
    task: str = ""


@final
@dataclass(slots=True)
class _Progress:
    """What is known of materials that were written together; it is what a ticket holds."""

    keys: list[str]
    parts: list[_Part] = field(default_factory=list)
    records: dict[int, RemoteRecord] = field(default_factory=dict)
    refusals: dict[int, Refused] = field(default_factory=dict)
    n_splits: int = 0

    def ticket(self) -> str:
        return written_ticket(MATERIALS, asdict(self))

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> _Progress:
        return cls(
            keys=content["keys"],
            parts=[_Part(**part) for part in content["parts"]],
            records={int(at): RemoteRecord(**item) for at, item in content["records"].items()},
            refusals={int(at): Refused(**item) for at, item in content["refusals"].items()},
            n_splits=content["n_splits"],
        )

    def answers(self) -> list[Answer]:
        return [self.records.get(at) or self.refusals[at] for at in range(len(self.keys))]


@final
class Entities:
    """Reads and writes entities of a registry."""

    def __init__(self, session: Session, schemas: Schemas, registry: Registry) -> None:
        self._session = session
        self._schemas = schemas
        self._registry = registry

    def find(self, keys: Sequence[str]) -> dict[str, RemoteRecord]:
        """Return the entities that have our keys, archived ones too, by key."""
        found: dict[str, RemoteRecord] = {}
        for path in COLLECTIONS.values():
            found |= self._in_collection(path, [key for key in keys if key not in found])
        return found

    def put(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Send materials; the answers are one ticket unless all were refused at once."""
        progress = _Progress([material.key for material in materials])
        parts: dict[str, _Part] = {}
        for at, material in enumerate(materials):
            try:
                path, body = self._body(material)
            except FieldError as error:
                progress.refusals[at] = error.refused
                continue
            part = parts.setdefault(path, _Part(path, [], []))
            part.positions.append(at)
            part.bodies.append(body)
        for part in parts.values():
            self._send(progress, part)
        if progress.parts:
            return [Pending(ticket=progress.ticket(), seconds=_SECONDS)] * len(materials)
        return progress.answers()

    def go_on(self, content: Mapping[str, Any]) -> Pending | Sequence[Answer]:
        """Ask how the tasks of a ticket stand, and send again what a failed one did not write."""
        progress = _Progress.read(content)
        waiting, progress.parts = progress.parts, []
        for part in waiting:
            self._ask(progress, part)
        if progress.parts:
            return Pending(ticket=progress.ticket(), seconds=_SECONDS)
        return progress.answers()

    def _body(self, material: Material) -> tuple[str, dict[str, Any]]:
        if not material.schema:
            raise FieldError("name the entity schema of the materials", "schema")
        schema = self._schemas.one(ENTITY_SCHEMAS, material.schema)
        if schema is None:
            raise FieldError(f"the tenant has no entity schema {material.schema!r}", "schema")
        type_ = str(schema.body.get("type"))
        if type_ not in COLLECTIONS:
            detail = f"entities of the schema {schema.name!r} are of type {type_}, which is not written"
            raise FieldError(detail, "schema")
        body: dict[str, Any] = {
            "name": material.name,
            "registryId": self._registry.id,
            "schemaId": material.schema,
            "fields": schema.values(material.fields),
            **_structure(type_, material, is_upsert=self._registry.own_registry_ids),
        }
        if self._registry.folder_id:
            body["folderId"] = self._registry.folder_id
        if self._registry.own_registry_ids:
            body["entityRegistryId"] = material.key
        else:
            body |= {"aliases": [material.key], "namingStrategy": self._registry.naming_strategy}
        return COLLECTIONS[type_], body

    def _send(self, progress: _Progress, part: _Part) -> None:
        if not part.positions:
            return
        verb = "bulk-upsert" if self._registry.own_registry_ids else "bulk-create"
        try:
            link = self._session.call(
                "POST", f"/{part.path}:{verb}", json={_LISTED_AS[part.path]: part.bodies}
            )
        except RejectedError as error:
            self._after_failure(progress, part, error)
        else:
            part.task = text_of(link, "taskId", part.path)
            progress.parts.append(part)

    def _ask(self, progress: _Progress, part: _Part) -> None:
        task = task_of(self._session, part.task)
        if task is None:
            # Benchling forgets a task half an hour after it ended.
            self._send(progress, self._without_known(progress, part))
        elif task["status"] == RUNNING:
            progress.parts.append(part)
        elif task["status"] == SUCCEEDED:
            self._after_success(progress, part, task.get("response") or {})
        else:
            self._after_failure(progress, part, failure_of(task))

    def _after_success(self, progress: _Progress, part: _Part, response: Mapping[str, Any]) -> None:
        keys = [progress.keys[at] for at in part.positions]
        written = response.get(_LISTED_AS[part.path]) or []
        found = _by_key(part.path, written, keys)
        found |= self._in_collection(part.path, [key for key in keys if key not in found])
        if missing := [key for key in keys if key not in found]:
            reason = f"Benchling has written {missing[0]} but does not list it yet"
            raise RetryLaterError(reason, whole_connector=False)
        progress.records |= {at: found[progress.keys[at]] for at in part.positions}

    def _after_failure(self, progress: _Progress, part: _Part, error: RejectedError) -> None:
        # An alias that is in use may be ours, of a call whose answer was lost.
        rest = part if self._registry.own_registry_ids else self._without_known(progress, part)
        named = {part.positions[at]: words for at, words in error.errors.items() if at < len(part.positions)}
        at_fault = {at: words for at, words in named.items() if at in rest.positions}
        progress.refusals |= {at: Refused(detail=words) for at, words in at_fault.items()}
        rest = _selected(rest, [at for at in rest.positions if at not in at_fault])
        if len(rest.positions) < len(part.positions):
            self._send(progress, rest)
        elif len(rest.positions) == 1 or progress.n_splits >= _MOST_SPLITS:
            progress.refusals |= dict.fromkeys(rest.positions, refused(error))
        else:
            progress.n_splits += 1
            half = len(rest.positions) // 2
            self._send(progress, _selected(rest, rest.positions[:half]))
            self._send(progress, _selected(rest, rest.positions[half:]))

    def _without_known(self, progress: _Progress, part: _Part) -> _Part:
        found = self._in_collection(part.path, [progress.keys[at] for at in part.positions])
        known = {at: found[progress.keys[at]] for at in part.positions if progress.keys[at] in found}
        progress.records |= known
        return _selected(part, [at for at in part.positions if at not in known])

    def _in_collection(self, path: str, keys: Sequence[str]) -> dict[str, RemoteRecord]:
        found: dict[str, RemoteRecord] = {}
        for begin in range(0, len(keys), PAGE):
            some = keys[begin : begin + PAGE]
            wanted = {"names.anyOf": ",".join(some), "archiveReason": ANY_STANDING}
            listed = self._session.pages(f"/{path}", _LISTED_AS[path], wanted)
            try:
                found |= _by_key(path, listed, some)
            except RejectedError as error:
                raise only_reading(error, path) from error
        return found


def _selected(part: _Part, positions: Sequence[int]) -> _Part:
    bodies = dict(zip(part.positions, part.bodies, strict=True))
    return _Part(part.path, list(positions), [bodies[at] for at in positions])


def _by_key(path: str, entities: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, RemoteRecord]:
    """Return entities by that of our keys which they have as registry id or alias."""
    wanted = set(keys)
    return {
        key: record_of(_TYPES[path], entity, key)
        for entity in entities
        for key in (entity.get("entityRegistryId"), *(entity.get("aliases") or ()))
        if key in wanted
    }


def record_of(type_: str, body: Mapping[str, Any], key: str | None) -> RemoteRecord:
    """Return a record of Benchling as the contract has it."""
    return RemoteRecord(
        type=type_,
        id=str(body["id"]),
        key=key,
        version=body.get("modifiedAt"),
        url=body.get("webURL"),
        state="archived" if body.get("archiveRecord") else None,
    )


def _structure(type_: str, material: Material, *, is_upsert: bool) -> dict[str, Any]:
    """Return what an entity of this type is made of; custom entities have fields only."""
    given = material.structure
    if type_ == "molecule":
        if given is None or given.format != "smiles":
            raise FieldError("a molecule of Benchling needs a SMILES; choose another schema", "schema")
        return {"chemicalStructure": {"structureFormat": "smiles", "value": given.text}}
    if type_ == "aa_sequence":
        if given is None or given.format != "sequence":
            raise FieldError("an AA sequence of Benchling needs a sequence; choose another schema", "schema")
        return {"aminoAcids": given.text, **({"annotations": []} if is_upsert else {})}
    return {}


def task_of(session: Session, task_id: str) -> dict[str, Any] | None:
    """Return an asynchronous task, or None if Benchling has forgotten it."""
    try:
        task = session.get(f"/tasks/{task_id}")
    except RejectedError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise only_reading(error, f"task {task_id}") from error
    if task.get("status") not in (RUNNING, SUCCEEDED, "FAILED"):
        raise RetryLaterError(f"Benchling answered a task without a known status: {task.get('status')!r}")
    return task


def failure_of(task: Mapping[str, Any]) -> RejectedError:
    """Return why a task failed."""
    detail = str(task.get("message") or "Benchling's task failed without a reason")
    return RejectedError(HTTPStatus.BAD_REQUEST, detail, errors_by_position(task.get("errors")))
