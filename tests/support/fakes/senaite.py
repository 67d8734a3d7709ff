"""A lab that works with SENAITE: what its people do, for the common suite of faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fakes.lab import Held
from fakes.senaite_api import PASSWORD, USER, SenaiteApi
from fakes.server import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.lab import Measurement

PENDING = ("unassigned", "assigned", "to_be_verified")


def make_fake() -> SenaiteFake:
    return SenaiteFake()


class SenaiteFake(SenaiteApi):
    """A site with a client, its contact, a sample type, and two analysis services."""

    kind: ClassVar[str] = "senaite"
    faults: ClassVar[frozenset[str]] = frozenset(f"F{n}" for n in range(1, 13))

    def __init__(self) -> None:
        super().__init__()
        setup = "/senaite/setup"
        client = self.add("Client", "/senaite/clients", title="Discovery", getClientID="DISC")
        other = self.add("Client", "/senaite/clients", title="Others", getClientID="OTH")
        for owner in (client, other):
            self.add("Contact", owner["path"], title="Rita Mohale", getFullname="Rita Mohale")
        self.add("SampleType", f"{setup}/sampletypes", title="Powder")
        services = [
            self.add("AnalysisService", f"{setup}/services", title=title, getKeyword=keyword, Unit="nM")
            for title, keyword in (("Kinase inhibition", "IC50"), ("Cell growth", "EC50"))
        ]
        uids = [service["uid"] for service in services]
        self.add("SampleTemplate", f"{setup}/templates", title="Both", services=uids)

    @property
    def base_url(self) -> str:
        return f"{self.address}/senaite"

    @property
    def n_requests(self) -> int:
        return len(self.requests)

    def settings(self) -> dict[str, Any]:
        place = {"client": "DISC", "contact": "Rita Mohale", "sample_type": "Powder"}
        return {**place, "analyses": ("IC50",)}

    def credentials(self) -> dict[str, Any]:
        return {"username": USER, "password": PASSWORD}

    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:  # noqa: ARG002 - samples have no structure
        row = {"value": "Result", "units": "Unit", "relation": "Relation", "outcome": "Remarks"}
        return {
            "materials": {"fields": {"ClientOrderNumber": "round", "Remarks": "why"}},
            "results": [
                {
                    "source": "IC50",
                    "row": {"type": f"={assay_type}", **row},
                    "words": {"outcome": {"no fit": "assay_failed"}},
                }
            ],
        }

    def materials(self) -> Sequence[Held]:
        samples = self.of_type("AnalysisRequest")
        return [
            Held(item["uid"], item["getClientSampleID"], item["fields"])
            for item in samples
            if item["review_state"] != "cancelled"
        ]

    def orders(self) -> Sequence[Held]:
        samples = self.of_type("AnalysisRequest")
        return [
            Held(
                batch["uid"],
                batch["description"].removeprefix("Assayflow ").partition(" ")[0],
                {"title": batch["title"]},
                [item["getClientSampleID"] for item in samples if item.get("Batch") == batch["uid"]],
            )
            for batch in self.of_type("Batch")
        ]

    def measure(self, key: str, measurement: Measurement) -> str:
        """Receive the sample, and submit, verify and publish the result of its open analysis."""
        with self.lock:
            sample = next(item for item in self.samples(key) if item["review_state"] != "invalid")
            open_ = [item for item in self.analyses(sample) if item["review_state"] in PENDING]
            service = self.of_type("AnalysisService")[0]
            analysis = open_[0] if open_ else self.add_analysis(sample, service)
            self.set_result(analysis, measurement)
            analysis["review_state"] = sample["review_state"] = "published"
            return str(analysis["uid"])

    def set_result(self, analysis: dict[str, Any], measurement: Measurement) -> None:
        """Write a result, whose operand has a field of its own."""
        operand = "" if measurement.relation == "=" else measurement.relation
        analysis |= {"Result": measurement.value, "DetectionLimitOperand": operand, "Unit": measurement.units}
        analysis |= {"Remarks": measurement.outcome, "ResultCaptureDate": self.moment()}

    def correct(self, measurement_id: str, measurement: Measurement) -> None:
        """Retract the analysis, and publish its retest: SENAITE has no other correction."""
        with self.lock:
            retest = self.retract(self.latest(measurement_id))
            self.set_result(retest, measurement)
            retest["review_state"] = "published"

    def withdraw(self, measurement_id: str) -> None:
        with self.lock:
            self.retract(self.latest(measurement_id))

    def latest(self, uid: str) -> str:
        """Return the last retest of an analysis, or the analysis itself."""
        retests = [item for item in self.of_type("Analysis") if (item["RetestOf"] or {}).get("uid") == uid]
        return self.latest(retests[0]["uid"]) if retests else uid

    def retract(self, uid: str) -> dict[str, Any]:
        """Retract an analysis and return its retest, which waits for a result."""
        old = self.objects[uid]
        old["review_state"] = "retracted"
        sample = next(item for item in self.of_type("AnalysisRequest") if item["id"] == old["getRequestID"])
        sample["review_state"] = "sample_received"
        services = self.of_type("AnalysisService")
        service = next(item for item in services if item["getKeyword"] == old["getKeyword"])
        reference = {"uid": uid, "url": old["url"], "api_url": f"{self.address}/analysis/{uid}"}
        return self.add_analysis(sample, service, RetestOf=reference)

    def invalidate(self, key: str) -> dict[str, Any]:
        """Invalidate a sample and return its retest, a sample with the same client sample ID."""
        old = self.samples(key)[0]
        old["review_state"] = "invalid"
        kept = {name: old[name] for name in ("getClientSampleID", "ClientReference", "fields")}
        made = self.add("AnalysisRequest", old["parent_path"], id=f"{old['id']}-R01", Remarks=[], **kept)
        made["review_state"] = "sample_received"
        self.add_analysis(made, self.of_type("AnalysisService")[0])
        return made

    def samples(self, key: str) -> list[dict[str, Any]]:
        return [
            item for item in reversed(self.of_type("AnalysisRequest")) if item["getClientSampleID"] == key
        ]

    def analyses(self, sample: dict[str, Any]) -> list[dict[str, Any]]:
        return [item for item in self.of_type("Analysis") if item["getRequestID"] == sample["id"]]

    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        """Answer as the proxy in front of it, because SENAITE itself counts nothing."""
        page = b"<html><h1>429 Too Many Requests</h1></html>"
        headers = {"Content-Type": "text/html", "Retry-After": str(seconds)}
        self.answer_instead(Answered(429, page, headers), skip=skip)

    def expire_access(self, *, for_ever: bool) -> None:
        self.sessions.clear()
        self.is_locked_out = for_ever

    def set_page_size(self, n: int) -> None:
        self.page_size = n

    def fail_task_for(self, key: str, words: str) -> None:
        self.refused[key] = words

    def require_field(self, name: str) -> None:
        self.required.add(name)
