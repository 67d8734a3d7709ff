"""A fake Kadi4Mat with a lab that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fakes.kadi4mat_server import Extra, Item, Kadi4MatServer
from fakes.lab import Held, Measurement
from fakes.server import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence

ASSAY = "kinase"
TEMPLATE = "candidates"


class FakeKadi4Mat(Kadi4MatServer):
    kind: ClassVar[str] = "kadi4mat"
    faults: ClassVar[frozenset[str]] = frozenset(f"F{number}" for number in range(1, 13))

    def __init__(self) -> None:
        super().__init__()
        extras = [{"type": "str", "key": "object", "value": None}]
        data = {"type": "sample", "title": "", "extras": extras}
        self.make("templates", identifier=TEMPLATE, title="Candidates", data=data, type="record")

    @property
    def base_url(self) -> str:
        return self.address

    @property
    def n_requests(self) -> int:
        return len(self.requests)

    def settings(self) -> dict[str, Any]:
        return {"template": TEMPLATE}

    def credentials(self) -> dict[str, Any]:
        return {"token": "pat_robot"}

    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:  # noqa: ARG002 - any domain has an object
        row = {
            "type": f"={assay_type}",
            "value": "value",
            "units": "value.unit",
            "relation": "relation",
            "outcome": "outcome",
        }
        return {
            "materials": {"fields": {"object": "object", "rank": "rank"}},
            "order": {"fields": {"campaign": "campaign"}},
            "results": [{"source": ASSAY, "row": row, "words": {"outcome": {"no fit": "assay_failed"}}}],
        }

    def materials(self) -> Sequence[Held]:
        return [self._held(record) for record in self.held["records"].values()]

    def orders(self) -> Sequence[Held]:
        return [
            Held(
                str(item["id"]),
                item["identifier"].upper(),
                {"description": item["description"]},
                [self._held(self.held["records"][record]).key for record in self.links.get(item["id"], [])],
            )
            for item in self.held["collections"].values()
        ]

    def measure(self, key: str, measurement: Measurement) -> str:
        record = next(item for item in self.held["records"].values() if item["identifier"] == key.lower())
        results = [*_results(record), _measured(measurement)]
        self._write(record, results)
        return f"{record['id']}/results/{len(results) - 1}"

    def correct(self, measurement_id: str, measurement: Measurement) -> None:
        self._replace(measurement_id, _measured(measurement))

    def withdraw(self, measurement_id: str) -> None:
        self._replace(measurement_id, {"type": "dict", "value": []})

    # faults

    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        words = "Request limit exceeded, please try again later."
        body = {"code": 429, "description": words, "message": "Too Many Requests"}
        self.answer_instead(Answered(429, body, {"Retry-After": str(seconds)}), skip=skip)

    def expire_access(self, *, for_ever: bool) -> None:
        """Revoke the token: Kadi4Mat hands out none that lives shorter."""
        if for_ever:
            self.tokens.clear()

    def set_page_size(self, n: int) -> None:
        self.most_per_page = n

    def fail_task_for(self, key: str, words: str) -> None:
        self.refused[key.lower()] = words

    def require_field(self, name: str) -> None:
        template = next(iter(self.held["templates"].values()))
        template["data"]["extras"].append(
            {"type": "str", "key": name, "value": None, "validation": {"required": True}}
        )

    def _held(self, record: Item) -> Held:
        fields = {extra["key"]: extra["value"] for extra in record["extras"]}
        return Held(str(record["id"]), record["identifier"].upper(), fields)

    def _replace(self, measurement_id: str, item: Extra) -> None:
        record_id, _, number = measurement_id.split("/")
        record = self.held["records"][int(record_id)]
        results = list(_results(record))
        results[int(number)] = item
        self._write(record, results)

    def _write(self, record: Item, results: Sequence[Extra]) -> None:
        kept = [extra for extra in record["extras"] if extra["key"] != "results"]
        self.write(record["id"], [*kept, {"type": "list", "key": "results", "value": list(results)}])


def _results(record: Item) -> Sequence[Extra]:
    return next((extra["value"] for extra in record["extras"] if extra["key"] == "results"), [])


def _measured(measurement: Measurement) -> Extra:
    try:
        number = {"type": "float", "value": float(measurement.value), "unit": measurement.units}
    except ValueError:
        number = {"type": "str", "value": measurement.value or None}
    texts = {"assay": ASSAY, "relation": measurement.relation, "outcome": measurement.outcome or None}
    return {
        "type": "dict",
        "value": [
            {"key": "value", **number},
            *({"type": "str", "key": name, "value": text} for name, text in texts.items()),
        ],
    }


def make_fake() -> FakeKadi4Mat:
    return FakeKadi4Mat()
