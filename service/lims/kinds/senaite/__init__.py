"""SENAITE, senaite.jsonapi v1: a candidate is a sample of a client, and its analyses are measurements.

A sample is found again by its client sample ID, which is our key. Analyses are asked for per open sample and
never by time: the catalogue's dates are exact to a minute only, and a retest is another analysis than the one
that it replaces.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

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
from service.lims.kinds.senaite.analyses import measured_record
from service.lims.kinds.senaite.api import RefusalError, Session, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAMPLE = "AnalysisRequest"
HOTFIX = "SenaiteHotfix20260602"
_UNSAFE_UNTIL = (2, 6, 0)
_RECORDS_PER_PAGE = 20
_MAKERS = {"Manager", "LabManager", "LabClerk", "Sampler", "ClientContact", "Client", "Owner"}
_CANCELLABLE = ("registered", "scheduled_sampling", "to_be_sampled", "sampled", "sample_due")
_PLACES = {"Contact": "contact", "SampleType": "sampletype", "Template": "sampletemplate"}
_PLAIN = ("ClientReference", "ClientOrderNumber", "Priority", "Remarks")


class SenaiteConnector(Connector):
    """The samples of a SENAITE site."""

    kind = "senaite"
    title = "SENAITE"
    manners = Manners(sends_orders=False, materials_per_call=10)

    class Settings(StrictModel):
        """What a sample has unless the mapping says otherwise, and which results count.

        Clients, contacts, sample types, templates and services are named by title, ID, keyword or UID.
        """

        client: str = Field(description="the client that the samples belong to")
        contact: str = Field(description="the client's contact; without one, results cannot be published")
        sample_type: str | None = Field(None, description="the sample type; the mapping's schema goes first")
        template: str | None = Field(None, description="the sample template that lists the analyses")
        analyses: tuple[str, ...] = Field((), max_length=100, description="keywords of analyses to be made")
        counts: Literal["published", "verified"] = Field(
            "published", description="published: a result counts once published; verified: before, too"
        )
        writes_remarks: bool = Field(True, description="tell people in the remarks of samples what was read")

    class Credentials(StrictModel):
        """A user of the site."""

        username: str = Field(description="the user's name")
        password: SecretStr = Field(description="the user's password")

    settings: Settings
    credentials: Credentials

    @cached_property
    def session(self) -> Session:
        """The site, signed in with the first request."""
        return Session(self.http, self.credentials.username, self.credentials.password.get_secret_value())

    def check(self) -> Status:
        """Sign in and return who we are; warnings name rights that are missing."""
        (user,) = self.session.get("/users/current")["items"]
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
        choices = {**_PLACES, "Client": "client"}
        for name, resource in choices.items():
            options = [text_of(item.get("title")) for item in self.session.things(resource)]
            is_required = name in ("Client", "Contact", "SampleType")
            fields.append(
                RemoteField(schema=SAMPLE, name=name, type="choice", is_required=is_required, options=options)
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
        """Return the samples under our keys; one that was cancelled is none."""
        if type_ != "material":
            return {}
        return self.session.confirmed(lambda: self._find(keys))

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Write the samples that are not there yet."""
        known = self.find("material", [material.key for material in materials])
        return [known.get(material.key) or self._put(material) for material in materials]

    def put_order(self, order: Order) -> Answer:
        """Refuse an order: a sample carries its order's name in a field of its own."""
        return Refused(detail=f"SENAITE has no record of its own for an order such as {order.name}")

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
        found = self.session.confirmed(lambda: [self._analyses(record, contents) for record in here])
        measurements: list[MeasuredRecord] = []
        for record, measured in zip(here, found, strict=True):
            seen = read.setdefault(record.id, {})
            there = {item.id for item in measured}
            gone = [_gone(record, id_, *seen.pop(id_)) for id_ in [*seen] if id_ not in there]
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
        sample = self.session.confirmed(lambda: self._sample(record.id))
        if sample is None:
            raise RecordGoneError(f"SENAITE has no sample {record.url or record.id}")
        comment = f"Assayflow: {news.comment or news.event}"
        body: dict[str, Any] = {"uid": record.id}
        if self.settings.writes_remarks and comment not in text_of(sample.get("Remarks")):
            body["Remarks"] = comment
        state = text_of(sample.get("review_state"))
        if news.event == "cancelled" and state != "cancelled":
            if state not in _CANCELLABLE:
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
                    found.setdefault(key, _record(key, sample))
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
        for sample in self._samples(record.key or "", contents):
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
            client, body = self._body(material)
            items = self.session.post(f"/{SAMPLE}/create/{client}", body)["items"]
        except RefusalError as error:
            left = self.find("material", [material.key]).get(material.key)
            if left is None:
                return error.answer
            detail = (
                f"{error.answer.detail}; SENAITE kept an unfinished sample: complete it there and retry, "
            )
            return Refused(detail=f"{detail}or cancel it ({left.url})", field=error.answer.field)
        return _record(material.key, items[0])

    def _body(self, material: Material) -> tuple[str, dict[str, Any]]:
        """Return the client's UID and the body of a sample, all of it looked up before it is sent."""
        settings = self.settings
        defaults = {
            "Client": settings.client,
            "Contact": settings.contact,
            "SampleType": material.schema or settings.sample_type,
            "Template": settings.template,
            "Analyses": ",".join(settings.analyses) or None,
            "ClientReference": material.name,
        }
        stated = {name: value for name, value in material.fields.items() if value is not None}
        fields: dict[str, Any] = {**defaults, **stated, "ClientSampleID": material.key}
        client = self.session.thing("client", text_of(fields.pop("Client")), "Client")
        for name, resource in _PLACES.items():
            if fields[name] is not None:
                parent = client["path"] if name == "Contact" else None
                fields[name] = self.session.uid(resource, text_of(fields[name]), name, parent)
        if fields["SampleType"] is None:
            raise RefusalError(
                "say which sample type, as the mapping's schema or in the settings", "SampleType"
            )
        if fields["Analyses"] is None and fields["Template"] is None:
            raise RefusalError("say which analyses, or a template: the sample would have none", "Analyses")
        names = [name.strip() for name in text_of(fields["Analyses"]).split(",") if name.strip()]
        fields["Analyses"] = [self.session.uid("analysisservice", name, "Analyses") for name in names] or None
        fields["DateSampled"] = f"{self.environment.now():%Y-%m-%d %H:%M:%S}"
        return text_of(client["uid"]), {name: value for name, value in fields.items() if value is not None}

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


def _record(key: str, sample: Mapping[str, Any]) -> RemoteRecord:
    return RemoteRecord(
        type=SAMPLE,
        id=text_of(sample["uid"]),
        key=key,
        version=text_of(sample.get("modified")) or None,
        url=text_of(sample.get("url")) or None,
        state=text_of(sample.get("review_state")) or None,
    )


def _gone(record: RemoteRecord, id_: str, version: str, source: str) -> MeasuredRecord:
    return MeasuredRecord(
        id=id_, source=source, about=record, fields={}, version=f"gone {version}", standing="withdrawn"
    )
