"""The HTTP of a fake tenant of Benchling: routes of API v2, signing in, and the rate limit's headers."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from fakes.benchling_schemas import FOLDER, REGISTRY, new_tenant
from fakes.benchling_tenant import LISTED_AS, TYPES, Json, RefusalError, is_listed, page_of
from fakes.server import Answered, LoopbackServer, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

APP = ("app-client", "app-secret")
API_KEY = "sk_user"
_WINDOW = 30


class BenchlingServer(LoopbackServer):
    """A tenant over HTTP; `exchanges` are all requests with their answers."""

    def __init__(self) -> None:
        self.tenant = new_tenant()
        self.exchanges: list[tuple[Sent, Answered]] = []
        self.forbidden: set[str] = set()
        self.n_tokens = 0
        self._tokens: set[str] = set()
        self._is_revoked = False
        self._page_size = 100
        self._epoch = "1"
        self.unreadable: set[str] = set()
        self._takes = 1
        super().__init__()
        self._routes_of_entities()
        self._routes_of_workflows()
        self._routes_of_schemas()
        self.route("POST", "/api/v2/token", self._token)
        self.route("GET", r"/api/v2/tasks/([\w-]+)", lambda _, task: Answered(200, self.tenant.task(task)))
        self.route("GET", "/api/v2/assay-results", self._list_results)
        self.route("POST", "/api/v2/assay-results", self._create_results)
        self.route("POST", "/api/v2/assay-results:archive", self._archive_results)

    def handle(self, sent: Sent) -> Answered | None:
        with self.lock:
            self.tenant.run_tasks(len(self.requests) + 1)
            answer = super().handle(sent)
            if answer is None:
                return None
            window = {
                "x-rate-limit-limit": "300",
                "x-rate-limit-remaining": "299",
                "x-rate-limit-reset": str(_WINDOW),
            }
            answer = replace(answer, headers={**window, **answer.headers})
            self.exchanges.append((sent, answer))
            return answer

    def is_write(self, sent: Sent) -> bool:
        return sent.path != "/api/v2/token"

    def before(self, sent: Sent) -> Answered | None:
        if sent.path == "/api/v2/token":
            return None
        scheme, _, given = sent.headers.get("authorization", "").partition(" ")
        is_key = scheme == "Basic" and _basic(given) == (API_KEY, "") and not self._is_revoked
        if not (is_key or (scheme == "Bearer" and given in self._tokens)):
            return _error(401, "Authentication required", "authentication_error")
        if any(sent.path.startswith(f"/api/v2{path}") for path in self.forbidden):
            return _error(403, "You do not have permission to do this", "forbidden_error")
        return None

    def unknown(self, sent: Sent) -> Answered:
        return _error(404, f"Not found: {sent.path}")

    def _answer(self, sent: Sent) -> Answered:
        try:
            return super()._answer(sent)
        except RefusalError as error:
            return _error(error.status, str(error))

    def _token(self, sent: Sent) -> Answered:
        _, _, given = sent.headers.get("authorization", "").partition(" ")
        if self._is_revoked or _basic(given) != APP:
            return _error(401, "Client authentication failed", "invalid_client")
        if sent.form().get("grant_type") != "client_credentials":
            return _error(400, "Unsupported grant type", "unsupported_grant_type")
        self.n_tokens += 1
        token = secrets.token_urlsafe(16)
        self._tokens.add(token)
        return Answered(200, {"access_token": token, "expires_in": 899, "token_type": "Bearer"})

    def _listing(self, sent: Sent, name: str, records: Sequence[Json]) -> Answered:
        page, token = page_of(records, sent.query, self._page_size, self._epoch)
        return Answered(200, {name: page, "nextToken": token})

    def _started(self, work: Callable[[], Json]) -> Answered:
        return Answered(202, self.tenant.start(len(self.requests) + 1 + self._takes, work))

    def _routes_of_entities(self) -> None:
        for collection in LISTED_AS:
            path = f"/api/v2/{collection}"
            self.route("GET", path, lambda sent, name=collection: self._list_entities(sent, name))
            self.route("GET", rf"{path}/(\w+)", lambda _, item, name=collection: self._one_entity(name, item))
            self.route(
                "PATCH",
                rf"{path}/([\w-]+):upsert",
                lambda sent, key, name=collection: self._upsert_entity(sent, name, key),
            )
            self.route("POST", f"{path}:archive", self._archive_entities)
            for verb in ("bulk-upsert", "bulk-create"):
                self.route(
                    "POST",
                    f"{path}:{verb}",
                    lambda sent, name=collection, verb=verb: self._write_entities(sent, name, verb),
                )
        self.route(
            "GET",
            "/api/v2/registries",
            lambda _: Answered(200, {"registries": [{"id": REGISTRY, "name": "Chemistry"}]}),
        )
        self.route("GET", "/api/v2/folders/(.+)", self._folder)

    def _folder(self, _: Sent, folder_id: str) -> Answered:
        if folder_id != FOLDER:
            raise RefusalError(f"Invalid folder ID {folder_id}", 404)
        return Answered(
            200, {"id": FOLDER, "name": "Assays", "projectId": "src_project", "archiveRecord": None}
        )

    def _list_entities(self, sent: Sent, collection: str) -> Answered:
        names = sent.first("names.anyOf").split(",") if "names.anyOf" in sent.query else None
        found = [
            entity
            for entity in self.tenant.entities[collection].values()
            if is_listed(entity, sent.query)
            and (
                names is None or {entity["name"], entity["entityRegistryId"], *entity["aliases"]} & set(names)
            )
        ]
        return self._listing(sent, LISTED_AS[collection], found)

    def _one_entity(self, collection: str, entity_id: str) -> Answered:
        if entity_id not in self.tenant.entities[collection]:
            raise RefusalError(f"Invalid entity ID {entity_id}", 404)
        return Answered(200, self.tenant.entities[collection][entity_id])

    def _upsert_entity(self, sent: Sent, collection: str, key: str) -> Answered:
        is_new = self.tenant.registered(key) is None
        body = {**sent.json(), "entityRegistryId": key}
        outcome = self.tenant.write_entities(collection, [body], upsert=True)
        if outcome["status"] == "FAILED":
            raise RefusalError(self.tenant.words_of(outcome))
        return Answered(201 if is_new else 200, outcome["response"][LISTED_AS[collection]][0])

    def _archive_entities(self, sent: Sent) -> Answered:
        body = sent.json()
        ((name, ids),) = ((name, ids) for name, ids in body.items() if name.endswith("Ids"))
        for entity_id in ids:
            self.tenant.entity(entity_id)["archiveRecord"] = {"reason": body["reason"]}
        return Answered(200, {name: ids, "batchIds": []})

    def _write_entities(self, sent: Sent, collection: str, verb: str) -> Answered:
        bodies = sent.json()[LISTED_AS[collection]]
        for body in bodies:
            schema = self.tenant.schema("entity-schemas", body["schemaId"])
            if schema["type"] != TYPES[collection] or body["registryId"] != REGISTRY:
                raise RefusalError("All entities and their schemas must be within the same registry.")
        is_upsert = verb == "bulk-upsert"
        return self._started(lambda: self.tenant.write_entities(collection, bodies, upsert=is_upsert))

    def _routes_of_workflows(self) -> None:
        self.route("GET", "/api/v2/workflow-task-groups", self._list_groups)
        self.route(
            "POST",
            "/api/v2/workflow-task-groups",
            lambda sent: Answered(201, self.tenant.write_group(sent.json())),
        )
        self.route("POST", "/api/v2/workflow-task-groups:archive", self._archive_groups)
        self.route("GET", "/api/v2/workflow-tasks", self._list_tasks)
        self.route("POST", "/api/v2/workflow-tasks:bulk-create", self._create_tasks)
        self.route("PATCH", r"/api/v2/workflow-tasks/(\w+)", self._update_task)

    def _list_groups(self, sent: Sent) -> Answered:
        wanted = sent.first("nameIncludes")
        groups = [
            group
            for group in self.tenant.groups.values()
            if wanted in group["name"] and is_listed(group, sent.query)
        ]
        return self._listing(sent, "workflowTaskGroups", groups)

    def _archive_groups(self, sent: Sent) -> Answered:
        body = sent.json()
        for group_id in body["workflowTaskGroupIds"]:
            self.tenant.groups[group_id]["archiveRecord"] = {"reason": body["reason"]}
        return Answered(200, {"workflowTaskGroupIds": body["workflowTaskGroupIds"]})

    def _create_tasks(self, sent: Sent) -> Answered:
        bodies = sent.json()["workflowTasks"]
        if any(body["workflowTaskGroupId"] not in self.tenant.groups for body in bodies):
            raise RefusalError("Invalid workflow task group ID")
        return self._started(lambda: self.tenant.write_workflow_tasks(bodies))

    def _list_tasks(self, sent: Sent) -> Answered:
        groups, items = sent.first("workflowTaskGroupIds"), sent.first("linkedItemIds.anyOf")
        tasks = [
            task
            for task in self.tenant.workflow_tasks.values()
            if is_listed(task, sent.query)
            and (not groups or task["workflowTaskGroup"]["id"] in groups.split(","))
            and (not items or task["fields"]["sample"]["value"] in items.split(","))
        ]
        return self._listing(sent, "workflowTasks", tasks)

    def _update_task(self, sent: Sent, task_id: str) -> Answered:
        task = self.tenant.workflow_tasks.get(task_id)
        if task is None:
            raise RefusalError(f"Invalid workflow task ID {task_id}", 404)
        statuses = self.tenant.schema("workflow-task-schemas", task["schema"]["id"])["statusLifecycle"][
            "statuses"
        ]
        task["status"] = next(item for item in statuses if item["id"] == sent.json()["statusId"])
        return Answered(200, task)

    def _routes_of_schemas(self) -> None:
        listed = {
            "entity-schemas": "entitySchemas",
            "workflow-task-schemas": "workflowTaskSchemas",
            "assay-result-schemas": "assayResultSchemas",
        }
        for kind, name in listed.items():
            self.route(
                "GET",
                f"/api/v2/{kind}",
                lambda sent, kind=kind, name=name: self._listing(
                    sent, name, list(self.tenant.schemas[kind].values())
                ),
            )
            self.route(
                "GET",
                rf"/api/v2/{kind}/(\w+)",
                lambda _, schema_id, kind=kind: Answered(200, self.tenant.schema(kind, schema_id)),
            )
        self.route("GET", r"/api/v2/dropdowns/(\w+)", self._dropdown)

    def _dropdown(self, _: Sent, dropdown_id: str) -> Answered:
        if dropdown_id not in self.tenant.dropdowns:
            raise RefusalError(f"Invalid dropdown ID {dropdown_id}", 404)
        return Answered(200, self.tenant.dropdowns[dropdown_id])

    def _list_results(self, sent: Sent) -> Answered:
        schema_id = sent.first("schemaId")
        if not schema_id:
            raise RefusalError("Either schemaId or automationOutputProcessorId is required.")
        self.tenant.schema("assay-result-schemas", schema_id)
        entities = sent.first("entityIds").split(",") if "entityIds" in sent.query else []
        if len(entities) > 20 or int(sent.first("pageSize", "50")) > 100:
            raise RefusalError("At most 20 entity IDs and 100 results per page.")
        if hidden := self.unreadable & set(entities):
            raise RefusalError(f"Invalid entity IDs: {', '.join(hidden)}")
        name, _, order = sent.first("sort", "createdAt:asc").partition(":")
        since = sent.first("modifiedAt.gte")
        found = [
            result
            for result in self.tenant.results.values()
            if result["schema"]["id"] == schema_id
            and is_listed(result, sent.query)
            and (not entities or _linked(result) & set(entities))
            and (not since or datetime.fromisoformat(result["modifiedAt"]) >= datetime.fromisoformat(since))
        ]
        found.sort(key=lambda result: result[name], reverse=order == "desc")
        return self._listing(sent, "assayResults", found)

    def _create_results(self, sent: Sent) -> Answered:
        made = [
            self.tenant.write_result(body["schemaId"], body["fields"], body.get("id"))
            for body in sent.json()["assayResults"]
        ]
        return Answered(200, {"assayResults": made, "errors": None})

    def _archive_results(self, sent: Sent) -> Answered:
        ids = sent.json()["assayResultIds"]
        for result_id in ids:
            self.withdraw(result_id)
        return Answered(200, {"assayResultIds": ids})


def _linked(result: Json) -> set[str]:
    found: set[str] = set()
    for item in result["fields"].values():
        if item["type"] == "entity_link" and item["value"] is not None:
            found |= set(item["value"]) if isinstance(item["value"], list) else {item["value"]}
    return found


def _error(status: int, message: str, type_: str = "invalid_request_error") -> Answered:
    return Answered(status, {"error": {"message": message, "type": type_, "userMessage": message}})


def _basic(given: str) -> tuple[str, str]:
    name, _, secret = base64.b64decode(given or "").decode().partition(":")
    return name, secret
