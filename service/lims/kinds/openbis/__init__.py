"""openBIS: candidates are samples (objects), a batch is an experiment (collection), results are children.

Codes are chosen by us, and unique: openBIS keeps them in capitals. A call is one transaction. Results are
objects below a sample, or data sets of it with properties; what is in the trash is not shown, so that a
result that is missing below a sample that is there was withdrawn.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from service.lims.contract import (
    AccessDeniedError,
    Connector,
    Manners,
    RecordGoneError,
    Refused,
    Status,
    StrictModel,
)
from service.lims.kinds.openbis import documents
from service.lims.kinds.openbis.entity_types import KINDS, all_types
from service.lims.kinds.openbis.records import find, record_of
from service.lims.kinds.openbis.results import ResultReader
from service.lims.kinds.openbis.rpc import Graph, OpenbisError, Rpc, is_question
from service.lims.kinds.openbis.samples import SampleWriter
from service.lims.kinds.openbis.settings import OpenbisCredentials, OpenbisSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import (
        Answer,
        Cursor,
        Material,
        News,
        Order,
        Page,
        RemoteField,
        RemoteRecord,
        Scope,
    )


class OpenbisConnector(Connector):
    """openBIS over its V3 interface."""

    kind: ClassVar[str] = "openbis"
    title: ClassVar[str] = "openBIS"
    Settings: ClassVar[type[StrictModel]] = OpenbisSettings
    Credentials: ClassVar[type[StrictModel]] = OpenbisCredentials
    manners: ClassVar[Manners] = Manners(natural_key=True)

    @classmethod
    def is_question(cls, method: str, path: str, content: bytes) -> bool:
        """Return whether a request changes nothing: every call is a POST, and names its method inside."""
        return super().is_question(method, path, content) or is_question(content)

    @cached_property
    def _rpc(self) -> Rpc:
        token, password = self.credentials.personal_access_token, self.credentials.password
        login = (self.credentials.user, password.get_secret_value()) if password is not None else None
        return Rpc(self.http, token.get_secret_value() if token is not None else None, login)

    @cached_property
    def _samples(self) -> SampleWriter:
        return SampleWriter(self._rpc, self.settings)

    def check(self) -> Status:
        """Sign in; warn where space or project are not seen."""
        session = self._rpc.read("getSessionInformation")
        if not isinstance(session, dict) or not session.get("userName"):
            raise AccessDeniedError("openBIS knows no session of our token")
        server = self._rpc.read("getServerInformation")
        space, project = self.settings.space, self.settings.project_path
        warnings = []
        if not self._rpc.read("getSpaces", [documents.space_id(space)], documents.fetch("space", "Space")):
            warnings.append(f"there is no space {space}, or we may not see it")
        options = documents.fetch("project", "Project")
        if not self._rpc.read("getProjects", [documents.project_id(project)], options):
            warnings.append(f"there is no project {project}, or we may not see it")
        version = server.get("openbis-version") or server.get("api-version") or "of an unknown version"
        return Status(identity=session["userName"], server=f"openBIS {version}", warnings=warnings)

    def describe(self) -> Sequence[RemoteField]:
        """Return the properties of all types of samples, experiments and data sets."""
        return [field for kind in KINDS for fields in all_types(self._rpc, kind).values() for field in fields]

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return samples of the space, or experiments, by their codes, which are our keys in capitals."""
        return find(self._rpc, "experiment", keys) if type_ == "order" else self._samples.find(keys)

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Create samples and update those that are there; a refused one does not hold up the others."""
        return self._samples.put(materials)

    def put_order(self, order: Order) -> Answer:
        """Create an experiment for the batch, or bring it up to date, and put its samples into it."""
        ids = [documents.perm_id("sample", item.id) for item in order.materials]
        result = self._rpc.read("getSamples", ids, documents.fetch("sample", "Sample")) if ids else {}
        there = {item["permId"]["permId"] for item in Graph(result).objects()}
        if gone := {item.id for item in order.materials} - there:
            raise RecordGoneError(f"sample {min(gone)} is no longer there, or we may not see it")
        try:
            experiment = self._experiment(order)
            place = documents.changed(documents.perm_id("experiment", experiment.id))
            moved = [documents.update("sample", item.id, experimentId=place) for item in order.materials]
            if moved:
                self._rpc.call("updateSamples", moved)
        except OpenbisError as error:
            return error.refused()
        return experiment

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Read children and data sets of the scope's samples, some samples at once."""
        return ResultReader(self._rpc, self.settings).page(scope, cursor)

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:
        """Write the event into the property of the settings; openBIS has no place for the comment."""
        name = self.settings.status_property
        if name is None:
            return None
        update = documents.update(record.type, record.id, properties={name: news.event})
        try:
            self._rpc.call(f"update{KINDS[record.type]}s", [update])
        except OpenbisError as error:
            return error.refused()
        return None

    def _experiment(self, order: Order) -> RemoteRecord:
        found = self.find("order", [order.key])
        fields = documents.properties(order.fields)
        if order.key in found:
            update = documents.update("experiment", found[order.key].id, properties=fields)
            self._rpc.call("updateExperiments", [update])
            return found[order.key]
        creation = {
            "@type": "as.dto.experiment.create.ExperimentCreation",
            "typeId": documents.type_id(order.schema or self.settings.order_type),
            "projectId": documents.project_id(order.folder or self.settings.project_path),
            "code": order.key.upper(),
            "properties": {name: text for name, text in fields.items() if text is not None},
        }
        try:
            (id_,) = self._rpc.call("createExperiments", [creation])
        except OpenbisError as error:
            if error.is_duplicate and self.find("order", [order.key]):
                return self._experiment(order)
            raise
        return record_of(self._rpc, "experiment", {"permId": id_}, order.key)
