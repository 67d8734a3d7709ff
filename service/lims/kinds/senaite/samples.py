"""What a candidate is as a sample of SENAITE: every name that it uses is looked up before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from service.lims.contract import RemoteRecord, StrictModel
from service.lims.kinds.senaite.api import RefusalError, Session, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from service.lims.contract import Material

SAMPLE = "AnalysisRequest"
PLACES = {"Contact": "contact", "SampleType": "sampletype", "Template": "sampletemplate"}
"""Fields of a sample that hold another object, and where the objects are."""


class SenaiteSettings(StrictModel):
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


def sample_body(
    session: Session, settings: SenaiteSettings, material: Material, sampled_at: datetime
) -> tuple[str, dict[str, Any]]:
    """Return the client's UID and the body of a sample, all of it looked up before it is sent."""
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
    client = session.thing("client", text_of(fields.pop("Client")), "Client")
    for name, resource in PLACES.items():
        if fields[name] is not None:
            parent = client["path"] if name == "Contact" else None
            fields[name] = session.uid(resource, text_of(fields[name]), name, parent)
    if fields["SampleType"] is None:
        raise RefusalError("say which sample type, as the mapping's schema or in the settings", "SampleType")
    if fields["Analyses"] is None and fields["Template"] is None:
        raise RefusalError("say which analyses, or a template: the sample would have none", "Analyses")
    names = [name.strip() for name in text_of(fields["Analyses"]).split(",") if name.strip()]
    fields["Analyses"] = [session.uid("analysisservice", name, "Analyses") for name in names] or None
    fields["DateSampled"] = sampled_at.isoformat(timespec="seconds")
    return text_of(client["uid"]), {name: value for name, value in fields.items() if value is not None}


def sample_record(key: str, sample: Mapping[str, Any]) -> RemoteRecord:
    """Return a sample as the record of a candidate."""
    return RemoteRecord(
        type=SAMPLE,
        id=text_of(sample["uid"]),
        key=key,
        version=text_of(sample.get("modified")) or None,
        url=text_of(sample.get("url")) or None,
        state=text_of(sample.get("review_state")) or None,
    )
