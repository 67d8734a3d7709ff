"""Released batches as workflow task groups, with one task for each candidate.

A group has no key of its own, so its name ends with ours. Tasks are created together or not at all: a group
with tasks is complete, and one without is filled by the next call. A refused order archives its group.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import Pending, Refused, RemoteRecord
from service.lims.kinds.benchling.entities import (
    ANY_STANDING,
    RUNNING,
    SUCCEEDED,
    failure_of,
    record_of,
    task_of,
)
from service.lims.kinds.benchling.schemas import TASK_SCHEMAS, FieldError
from service.lims.kinds.benchling.session import RejectedError, only_reading, refused, text_of
from service.lims.kinds.benchling.tickets import written_ticket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from service.lims.contract import Answer, News, Order
    from service.lims.kinds.benchling.schemas import Schemas
    from service.lims.kinds.benchling.session import Session

ORDER = "order"
"""What tickets of orders are about."""
GROUP = "workflow_task_group"
_OURS = "(Assayflow {key})"
_STATUSES = {"measured": "COMPLETED", "cancelled": "CANCELLED"}
_ENDED = ("COMPLETED", "CANCELLED", "FAILED", "INVALID")
_SECONDS = 2.0
_SECONDS_BETWEEN_LOOKS = 10.0
_LOOKS = 6
"""How often an empty group is looked at before it is filled: a lost call may still be filling it."""


@final
class Orders:
    """Reads and writes task groups; `link_field` is the field of tasks that names the candidate's entity."""

    def __init__(
        self, session: Session, schemas: Schemas, folder_id: str | None, link_field: str | None
    ) -> None:
        self._session = session
        self._schemas = schemas
        self._folder_id = folder_id
        self._link_field = link_field

    def find(self, keys: Sequence[str]) -> dict[str, RemoteRecord]:
        """Return the groups that have tasks, by key."""
        found = ((key, self._group(key)) for key in keys)
        return {key: group for key, group in found if group is not None and self._has_tasks(group.id)}

    def put(self, order: Order) -> Answer:
        """Create a group and its tasks, or fill one that a lost call left behind."""
        try:
            tasks = self._tasks(order)
        except FieldError as error:
            return error.refused
        group = self._group(order.key)
        if group is not None:
            return self._filled(group, tasks, n_looks=0)
        body = {
            "schemaId": order.schema,
            "folderId": order.folder or self._folder_id,
            "name": f"{order.name} {_OURS.format(key=order.key)}",
        }
        try:
            created = self._session.call("POST", "/workflow-task-groups", json=body)
        except RejectedError as error:
            return refused(error)
        return self._fill(record_of(GROUP, created, order.key), tasks)

    def go_on(self, content: Mapping[str, Any]) -> Answer:
        """Ask how the task of a ticket stands."""
        group, tasks = RemoteRecord(**content["group"]), content["tasks"]
        if content["task"] is None:
            return self._filled(group, tasks, n_looks=content["n_looks"])
        task = task_of(self._session, content["task"])
        if task is None:
            return self._filled(group, tasks, n_looks=_LOOKS)
        if task["status"] == RUNNING:
            return _pending(group, tasks, task=content["task"])
        if task["status"] == SUCCEEDED:
            return group
        return self._abandoned(group, failure_of(task))

    def set_status(self, record: RemoteRecord, news: News) -> Refused | None:
        """Set our tasks of a candidate or an order to the status that says what happened, if there is one."""
        wanted = _STATUSES.get(news.event)
        if wanted is None:
            return None
        try:
            for task in self._tasks_of(record):
                self._set(task, wanted)
        except RejectedError as error:
            return refused(error)
        return None

    def _tasks(self, order: Order) -> list[dict[str, Any]]:
        """Return the `fields` of the order's tasks."""
        if not order.schema:
            raise FieldError("name the workflow task schema of orders", "schema")
        if not (order.folder or self._folder_id):
            raise FieldError("name the folder of orders, in the mapping or in the settings", "folder")
        if order.files:
            raise FieldError("Benchling's task groups take no files: leave them out of the mapping", "files")
        if not order.materials:
            raise FieldError("the order has no materials", "materials")
        schema = self._schemas.one(TASK_SCHEMAS, order.schema)
        if schema is None:
            raise FieldError(f"the tenant has no workflow task schema {order.schema!r}", "schema")
        links = (self._link_field,) if self._link_field else schema.entity_links
        if len(links) != 1:
            known = ", ".join(links) or "none"
            detail = (
                f"set task_entity_field: which field of {schema.name!r} names the candidate? "
                f"Those that link to an entity: {known}"
            )
            raise FieldError(detail, "task_entity_field")
        return [schema.values({**order.fields, links[0]: item.id}) for item in order.materials]

    def _group(self, key: str) -> RemoteRecord | None:
        """Return the oldest group whose name has our key, if there is one that is not archived."""
        wanted = {"nameIncludes": _OURS.format(key=key)}
        listed = self._session.pages("/workflow-task-groups", "workflowTaskGroups", wanted)
        try:
            groups = sorted(listed, key=lambda group: str(group.get("createdAt")))
        except RejectedError as error:
            raise only_reading(error, "workflow task groups") from error
        return record_of(GROUP, groups[0], key) if groups else None

    def _has_tasks(self, group_id: str) -> bool:
        return any(
            True for _ in self._listed({"workflowTaskGroupIds": group_id, "archiveReason": ANY_STANDING})
        )

    def _filled(self, group: RemoteRecord, tasks: list[dict[str, Any]], *, n_looks: int) -> Answer:
        if self._has_tasks(group.id):
            return group
        if n_looks >= _LOOKS:
            return self._fill(group, tasks)
        return _pending(group, tasks, n_looks=n_looks + 1, seconds=_SECONDS_BETWEEN_LOOKS)

    def _fill(self, group: RemoteRecord, tasks: list[dict[str, Any]]) -> Answer:
        body = {"workflowTasks": [{"workflowTaskGroupId": group.id, "fields": fields} for fields in tasks]}
        try:
            link = self._session.call("POST", "/workflow-tasks:bulk-create", json=body)
        except RejectedError as error:
            return self._abandoned(group, error)
        return _pending(group, tasks, task=text_of(link, "taskId", "workflow-tasks"))

    def _abandoned(self, group: RemoteRecord, error: RejectedError) -> Refused:
        """Archive the empty group of a refused order, so that nothing half written is left."""
        body = {"workflowTaskGroupIds": [group.id], "reason": "Made in error"}
        try:
            self._session.call("POST", "/workflow-task-groups:archive", json=body)
        except RejectedError as left:
            detail = f"{error.detail}; its empty group stays: {left.detail}"
            return refused(RejectedError(error.status, detail, error.errors))
        return refused(error)

    def _listed(self, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        try:
            yield from self._session.pages("/workflow-tasks", "workflowTasks", params)
        except RejectedError as error:
            raise only_reading(error, "workflow tasks") from error

    def _tasks_of(self, record: RemoteRecord) -> Iterator[dict[str, Any]]:
        if record.type == GROUP:
            return self._listed({"workflowTaskGroupIds": record.id})
        ours, _, _ = _OURS.partition("{")
        return (
            task
            for task in self._listed({"linkedItemIds.anyOf": record.id})
            if ours in str((task.get("workflowTaskGroup") or {}).get("name"))
        )

    def _set(self, task: Mapping[str, Any], wanted: str) -> None:
        if (task.get("status") or {}).get("statusType") in _ENDED:
            return
        schema = self._schemas.one(TASK_SCHEMAS, str((task.get("schema") or {}).get("id")))
        lifecycle = schema.body.get("statusLifecycle") if schema is not None else None
        for status in (lifecycle or {}).get("statuses") or ():
            if status.get("statusType") == wanted:
                self._session.call("PATCH", f"/workflow-tasks/{task['id']}", json={"statusId": status["id"]})
                return


def _pending(
    group: RemoteRecord,
    tasks: list[dict[str, Any]],
    *,
    task: str | None = None,
    n_looks: int = 0,
    seconds: float = _SECONDS,
) -> Pending:
    content = {"group": asdict(group), "tasks": tasks, "task": task, "n_looks": n_looks}
    return Pending(ticket=written_ticket(ORDER, content), seconds=seconds)
