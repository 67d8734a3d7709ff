"""SENAITE, senaite.jsonapi v1: a candidate is a sample of a client, a released batch is a batch there.

A sample is found again by its client sample ID, which is our key. Analyses are asked for per open sample and
never by time: the catalogue's dates are exact to a minute only, and a retest is another analysis than the one
that it replaces.
"""

from __future__ import annotations

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
    Scope,
    Status,
    StrictModel,
)
from service.lims.kinds.senaite.analyses import measured_record, removed_record
from service.lims.kinds.senaite.api import RefusalError, Session, text_of
from service.lims.kinds.senaite.batches import find_batches, put_batch
from service.lims.kinds.senaite.samples import PLACES, SAMPLE, SenaiteSettings, sample_body, sample_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import ConnectorEnvironment

HOTFIX = "SenaiteHotfix20260602"
_UNSAFE_UNTIL = (2, 6, 0)
_RECORDS_PER_PAGE = 20
_MAKERS = {"Manager", "LabManager", "LabClerk", "Sampler", "ClientContact", "Client", "Owner"}
_BEFORE_RECEIPT = ("registered", "scheduled_sampling", "to_be_sampled", "sampled", "sample_due")
_PLAIN = ("ClientReference", "ClientOrderNumber", "Priority", "Remarks")


class SenaiteConnector(Connector):
    """The samples of a SENAITE site."""

    kind = "senaite"
    title = "SENAITE"
    manners = Manners(materials_per_call=10)

    Settings = SenaiteSettings

    class Credentials(StrictModel):
        """A user of the site."""

        username: str = Field(description="the user's name")
        password: SecretStr = Field(description="the user's password")

    settings: SenaiteSettings
    credentials: Credentials

    def __init__(self, settings: Any, credentials: Any, environment: ConnectorEnvironment) -> None:
        super().__init__(settings, credentials, environment)
        self._absent: set[str] = set()

    @cached_property
    def session(self) -> Session:
        """The site, signed in with the first request."""
        return Session(self.http, self.credentials.username, self.credentials.password.get_secret_value())

    def check(self) -> Status:
        """Sign in and return who we are; warnings name rights that are missing."""
        user = self.session.get("/users/current")["items"][0]
        version = text_of(self.session.get("/version").get("version"))
        warnings = []
        if not _MAKERS & set(user.get("roles") or ()):
            warnings.append("the user has no role that may add samples, such as LabClerk")
        numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdecimal())
        if numbers <= _UNSAFE_UNTIL:
            warnings.append(f"SENAITE up to 2.6.0 runs code of strangers: install {HOTFIX}")
        warnings += self._missing_places()
        name = text_of(user.get("fullname")) or text_of(user.get("username"))
        return Status(identity=name, server=f"SENAITE, senaite.jsonapi {version}", warnings=warnings)

    def describe(self) -> Sequence[RemoteField]:
        """Return the fields of a sample, and what each analysis service measures."""
        fields = [RemoteField(schema=SAMPLE, name=name) for name in _PLAIN]
        services = self.session.things("analysisservice")
        choices = {**PLACES, "Client": "client"}
        for name, resource in choices.items():
            fields.append(
                RemoteField(
                    schema=SAMPLE,
                    name=name,
                    type="choice",
                    is_required=name != "Template",
                    options=[text_of(item.get("title")) for item in self.session.things(resource)],
                )
            )
        keywords = [text_of(item.get("getKeyword") or item.get("Keyword")) for item in services]
        fields.append(RemoteField(schema=SAMPLE, name="Analyses", type="choices", options=keywords))
        for item, keyword in zip(services, keywords, strict=True):
            label = text_of(item.get("title"))
            fields += [
                RemoteField(schema=keyword, name=name, label=label)
                for name in ("Result", "Relation", "Unit", "Uncertainty", "Outcome", "Remarks")
            ]
        return fields

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Return the samples or batches under our keys; one that was cancelled is none."""
        if type_ == "order":
            return find_batches(self.session, keys)
        found = self.session.confirmed(lambda: self._find(keys))
        # The caller that looked before it writes need not wait for the same search again.
        self._absent = set(keys) - set(found)
        return found

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Write the samples that are not there yet."""
        keys = {material.key for material in materials}
        known = {} if keys <= self._absent else self.find("material", [*keys])
        self._absent -= keys
        return [known.get(material.key) or self._put(material) for material in materials]

    def put_order(self, order: Order) -> Answer:
        """Write a batch that has the samples."""
        return put_batch(self.session, order, self.settings.client)

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return the analyses of open samples that were not read before.

        The cursor keeps the last sample of the page and the versions of what was read, so that an analysis
        that is taken off a sample is withdrawn.
        """
        records = sorted(scope.materials, key=lambda record: record.id)
        after = (cursor or {}).get("after") or ""
        ahead = [record for record in records if record.id > after]
        here, rest = ahead[:_RECORDS_PER_PAGE], ahead[_RECORDS_PER_PAGE:]
        ids = {record.id for record in records}
        read = {id_: dict(seen) for id_, seen in (cursor or {}).get("read", {}).items() if id_ in ids}
        contents: list[bytes] = []

        def read_analyses() -> list[list[MeasuredRecord]]:
            contents.clear()
            return [self._analyses(record, contents) for record in here]

        found = self.session.confirmed(read_analyses)
        measurements: list[MeasuredRecord] = []
        for record, measured in zip(here, found, strict=True):
            seen = read.setdefault(record.id, {})
            there = {item.id for item in measured}
            gone = [removed_record(record, id_, *seen.pop(id_)) for id_ in [*seen] if id_ not in there]
            new = [item for item in measured if seen.get(item.id, [None])[0] != item.version]
            seen |= {item.id: [item.version, item.source] for item in new}
            measurements += gone + new
        return Page(
            measurements=measurements,
            cursor={"after": here[-1].id if rest else "", "read": read},
            more=bool(rest),
            content=b"[" + b",".join(contents) + b"]",
        )

    def notify(self, record: RemoteRecord, news: News) -> Refused | None:
        """Cancel a sample that was not received yet, and write news into its remarks, once.

        Raises:
            RecordGoneError: if the sample is no longer there.
        """
        if record.type != SAMPLE:
            return None
        sample = self.session.confirmed(lambda: self._sample(record.id))
        if sample is None:
            raise RecordGoneError(f"SENAITE has no sample {record.url or record.id}")
        comment = f"Assayflow: {news.comment or news.event}"
        body: dict[str, Any] = {"uid": record.id}
        if self.settings.writes_remarks and comment not in text_of(sample.get("Remarks")):
            body["Remarks"] = comment
        state = text_of(sample.get("review_state"))
        if news.event == "cancelled" and state != "cancelled":
            if state not in _BEFORE_RECEIPT:
                return Refused(detail=f"the sample is in the lab already (state {state}): cancel it there")
            body["transition"] = "cancel"
        try:
            if len(body) > 1:
                self.session.post("/update", body)
        except RefusalError as error:
            return error.answer
        return None

    def _find(self, keys: Sequence[str]) -> dict[str, RemoteRecord]:
        found: dict[str, RemoteRecord] = {}
        for key in keys:
            for sample in self._samples(key):
                if text_of(sample.get("review_state")) != "cancelled":
                    found.setdefault(key, sample_record(key, sample))
        return found

    def _samples(self, key: str, contents: list[bytes] | None = None) -> list[Mapping[str, Any]]:
        """Return the samples with a key, the oldest first; its parts and its retests have the same key."""
        params = {"catalog": "senaite_catalog_sample", "getClientSampleID": key}
        rows = self.session.all("/search", params, contents)
        # An index that the site does not have is passed over, so that all samples would be found.
        return [row for row in rows if text_of(row.get("getClientSampleID")) == key]

    def _sample(self, uid: str) -> Mapping[str, Any] | None:
        params = {"catalog": "senaite_catalog_sample", "UID": uid, "complete": "yes"}
        return next((row for row in self.session.all("/search", params) if row["uid"] == uid), None)

    def _analyses(self, record: RemoteRecord, contents: list[bytes]) -> list[MeasuredRecord]:
        """Return the analyses of a sample, of its parts and of its retests."""
        found = []
        samples = self._samples(record.key, contents) if record.key else ()
        for sample in (item for item in samples if item.get("review_state") not in _BEFORE_RECEIPT):
            sample_id = text_of(sample.get("id"))
            params = {
                "catalog": "senaite_catalog_analysis",
                "portal_type": "Analysis",
                "getRequestID": sample_id,
                "complete": "yes",
            }
            rows = self.session.all("/search", params, contents)
            found += [
                measured_record(record, sample, row, self.settings.counts)
                for row in rows
                if text_of(row.get("getRequestID")) == sample_id and row.get("portal_type") == "Analysis"
            ]
        return found

    def _put(self, material: Material) -> Answer:
        try:
            client, body = sample_body(self.session, self.settings, material, self.environment.now())
            sample = self.session.create(f"/{SAMPLE}/create/{client}", body)
        except RefusalError as error:
            left = self.find("material", [material.key]).get(material.key)
            if left is None:
                return error.answer
            detail = (
                f"{error.answer.detail}; SENAITE kept an unfinished sample: complete it there and retry, "
            )
            return Refused(detail=f"{detail}or cancel it ({left.url})", field=error.answer.field)
        return sample_record(material.key, sample)

    def _missing_places(self) -> list[str]:
        """Return what the settings name and the site does not have."""
        settings = self.settings
        wanted = [("sampletype", settings.sample_type), ("sampletemplate", settings.template)]
        wanted += [("analysisservice", name) for name in settings.analyses]
        missing = [self.session.missing(resource, name) for resource, name in wanted if name is not None]
        missing.append(self.session.missing("client", settings.client))
        if missing[-1] is None:
            path = text_of(self.session.thing("client", settings.client, "Client")["path"])
            missing.append(self.session.missing("contact", settings.contact, path))
        return [reason for reason in missing if reason is not None]
