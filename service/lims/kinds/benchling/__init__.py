"""Benchling, by its API v2: entities of a registry, workflow task groups, and assay results.

API v3 has no upsert, so writing stays on v2. Results have no webhook of their own: a hook says only that it
is time to look.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from service.lims.contract import (
    Connector,
    ConnectorEnvironment,
    Hint,
    Manners,
    Pending,
    Status,
    StrictModel,
)
from service.lims.kinds.benchling.entities import MATERIALS, Entities, Registry
from service.lims.kinds.benchling.hooks import public_key, verified_id
from service.lims.kinds.benchling.orders import Orders
from service.lims.kinds.benchling.results import Results
from service.lims.kinds.benchling.schemas import ENTITY_SCHEMAS, RESULT_SCHEMAS, TASK_SCHEMAS, Schemas
from service.lims.kinds.benchling.session import API, Session, records_of
from service.lims.kinds.benchling.tickets import read_ticket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import (
        Answer,
        Cursor,
        Material,
        News,
        Order,
        Page,
        Refused,
        RemoteField,
        RemoteRecord,
        Scope,
    )

_RIGHTS = {
    "/entity-schemas": "read schemas of entities",
    "/assay-result-schemas": "read schemas of results",
    "/workflow-task-schemas": "read schemas of workflow tasks",
    "/molecules": "read entities",
    "/workflow-task-groups": "read workflow task groups",
}
"""Listing -> the right without which Benchling refuses it."""


class BenchlingSettings(StrictModel):
    """Where a tenant registers candidates and keeps their results."""

    registry_id: str = Field(
        min_length=1, max_length=100, description="the registry of candidates, as in src_a1B2c3D4"
    )
    folder_id: str | None = Field(
        None, max_length=100, description="the folder of entities and of task groups, as in lib_a1B2c3D4"
    )
    own_registry_ids: bool = Field(
        True,
        description="whether registry ids may be ours; if the registry makes its own, ours becomes an alias",
    )
    naming_strategy: Literal["NEW_IDS", "SET_FROM_NAME_PARTS", "REPLACE_NAMES_FROM_PARTS", "DELETE_NAMES"] = (
        Field("NEW_IDS", description="how the registry makes ids and names, if own_registry_ids is off")
    )
    task_entity_field: str | None = Field(
        None,
        max_length=200,
        description="the field of workflow tasks that names the candidate, if several link to entities",
    )
    update_task_status: bool = Field(
        True, description="whether our workflow tasks are completed or cancelled with their candidate"
    )
    result_entity_field: dict[str, str] = Field(
        default_factory=dict,
        max_length=50,
        description="id of a result schema -> its field that names what was measured; needed if several do",
    )
    reviewed_only: bool = Field(
        False, description="whether a result counts only once its notebook entry was reviewed"
    )
    webhook_keys: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=20,
        description="`keys` of https://apps.benchling.com/api/v1/apps/<app definition id>/jwks",
    )

    @field_validator("webhook_keys")
    @classmethod
    def _are_keys(cls, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for key in value:
            public_key(key)
        return value


class BenchlingCredentials(StrictModel):
    """An app's client id and secret, or a user's API key."""

    client_id: str | None = Field(None, max_length=500, description="of a Benchling app")
    client_secret: SecretStr | None = Field(None, description="of the same app")
    api_key: SecretStr | None = Field(None, description="of a user, instead of an app; for trials")

    @model_validator(mode="after")
    def _are_of_one(self) -> Self:
        is_app = self.client_id is not None and self.client_secret is not None
        if is_app == (self.api_key is not None) or (self.client_id is None) != (self.client_secret is None):
            raise ValueError("give client_id and client_secret of an app, or api_key of a user")
        return self

    @property
    def is_app(self) -> bool:
        """Whether these are an app's."""
        return self.api_key is None

    @property
    def authorization(self) -> str:
        """The header of HTTP Basic authentication; an API key is a user without password."""
        if self.api_key is not None:
            pair = f"{self.api_key.get_secret_value()}:"
        else:
            assert self.client_secret is not None, "one of both was given"
            pair = f"{self.client_id}:{self.client_secret.get_secret_value()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


class BenchlingConnector(Connector):
    """A tenant of Benchling."""

    kind: ClassVar[str] = "benchling"
    title: ClassVar[str] = "Benchling"
    Settings = BenchlingSettings
    Credentials = BenchlingCredentials
    manners: ClassVar[Manners] = Manners(materials_per_call=100, is_push=True)

    def __init__(
        self,
        settings: BenchlingSettings,
        credentials: BenchlingCredentials,
        environment: ConnectorEnvironment,
    ) -> None:
        super().__init__(settings, credentials, environment)
        self._opened: tuple[Session, Schemas] | None = None

    @classmethod
    def is_question(cls, method: str, path: str, content: bytes) -> bool:
        """Return whether a request reads, or asks for a token."""
        return super().is_question(method, path, content) or path.partition("?")[0].endswith(f"{API}/token")

    def check(self) -> Status:
        """Sign in, and compare the settings with the tenant."""
        session, _ = self._open()
        registries = {
            str(item["id"]): str(item.get("name"))
            for item in records_of(session.get("/registries"), "registries", "/registries")
        }
        warnings = [
            f"the credentials may not {right}"
            for path, right in _RIGHTS.items()
            if not session.may_read(path, {"pageSize": 1})
        ]
        if self.settings.registry_id not in registries:
            known = ", ".join(f"{name} ({id_})" for id_, name in registries.items()) or "none"
            warnings.append(f"there is no registry {self.settings.registry_id}; known are {known}")
        if self.settings.folder_id and not session.may_read(f"/folders/{self.settings.folder_id}"):
            warnings.append(f"the folder {self.settings.folder_id} is not there, or may not be read")
        identity = (
            f"app {self.credentials.client_id}" if self.credentials.is_app else "the user of the API key"
        )
        return Status(identity=identity, server=f"Benchling, {self.http.target.host}", warnings=warnings)

    def describe(self) -> Sequence[RemoteField]:
        """Return the fields of entities, workflow tasks and results."""
        _, schemas = self._open()
        kinds = (ENTITY_SCHEMAS, TASK_SCHEMAS, RESULT_SCHEMAS)
        return [field for kind in kinds for field in schemas.described(kind)]

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return entities by registry id or alias, and task groups by the end of their name."""
        return self._orders().find(keys) if type_ == "order" else self._entities().find(keys)

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Register candidates in one task of Benchling for each kind of entity."""
        return self._entities().put(materials)

    def put_order(self, order: Order) -> Answer:
        """Create a task group with one task for each candidate."""
        return self._orders().put(order)

    def task(self, ticket: str) -> Pending | Sequence[Answer]:
        """Ask how a task of Benchling stands; a new ticket replaces the one that was given."""
        about, content = read_ticket(ticket)
        if about == MATERIALS:
            return self._entities().go_on(content)
        answer = self._orders().go_on(content)
        return answer if isinstance(answer, Pending) else [answer]

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return the next results of what is waited for."""
        session, schemas = self._open()
        results = Results(
            session,
            schemas,
            self.settings.result_entity_field,
            is_reviewed_only=self.settings.reviewed_only,
        )
        return results.next_page(scope, cursor)

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:
        """Complete or cancel workflow tasks."""
        return self._orders().set_status(record, news) if self.settings.update_task_status else None

    def verify_hook(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        """Verify a webhook of version 0 with the keys of the settings; no request is made."""
        event_id = verified_id(headers, body, self.settings.webhook_keys, self.environment.now())
        return None if event_id is None else Hint(event_id=event_id)

    def _open(self) -> tuple[Session, Schemas]:
        if self._opened is None:
            session = Session(
                self.http,
                self.credentials.authorization,
                self.environment.now,
                is_app=self.credentials.is_app,
            )
            self._opened = session, Schemas(session)
        return self._opened

    def _entities(self) -> Entities:
        settings = self.settings
        registry = Registry(
            settings.registry_id, settings.folder_id, settings.own_registry_ids, settings.naming_strategy
        )
        return Entities(*self._open(), registry)

    def _orders(self) -> Orders:
        return Orders(*self._open(), self.settings.folder_id, self.settings.task_entity_field)
