"""A lab that works with eLabFTW: what its people do in the web page, for the common suite of faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fakes.elabftw_api import ARCHIVED, DELETED, KEY, ElabftwApi
from fakes.elabftw_values import key_of, values_of
from fakes.lab import Held
from fakes.server import Answered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fakes.lab import Measurement

RESULTS = "Results"


def make_fake() -> ElabftwFake:
    return ElabftwFake()


class ElabftwFake(ElabftwApi):
    """A team with a template for samples and one for screens."""

    kind: ClassVar[str] = "elabftw"
    faults: ClassVar[frozenset[str]] = frozenset(f"F{n}" for n in range(1, 13) if n != 10)
    """A field that is marked as required is so in the web page alone; the API takes records without it."""

    def __init__(self) -> None:
        super().__init__()
        self.add("items_types", {"title": "Sample", "category": 4, "metadata": _sample_metadata()})
        self.add("experiments_templates", {"title": "Screen", "category": 9, "body": "<p>Protocol 7</p>"})

    # What the common suite of faults asks for.

    @property
    def base_url(self) -> str:
        return self.address

    @property
    def n_requests(self) -> int:
        return len(self.requests)

    def settings(self) -> dict[str, Any]:
        return {"result_fields": ("Value", "Outcome")}

    def credentials(self) -> dict[str, Any]:
        return {"api_key": KEY}

    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:  # noqa: ARG002 - any object is a text
        row = {"value": "Value", "units": "Units", "relation": "Relation", "outcome": "Outcome"}
        return {
            "materials": {"schema": "Sample", "fields": {"Object": "object", "Why": "why"}},
            "order": {"schema": "Screen", "fields": {"Purpose": "purpose"}},
            "results": [
                {
                    "source": RESULTS,
                    "row": {"type": f"={assay_type}", **row},
                    "words": {"outcome": {"no fit": "assay_failed"}},
                }
            ],
        }

    def materials(self) -> Sequence[Held]:
        return [
            Held(str(id_), key_of(entity), values_of(entity))
            for id_, entity in self.entities["items"].items()
            if entity["state"] != DELETED
        ]

    def orders(self) -> Sequence[Held]:
        keys = {int(held.id): held.key for held in self.materials()}
        return [
            Held(
                str(id_),
                key_of(entity),
                values_of(entity),
                [keys[to] for to in self.linked(id_) if to in keys],
            )
            for id_, entity in self.entities["experiments"].items()
            if entity["state"] != DELETED
        ]

    def measure(self, key: str, measurement: Measurement) -> str:
        id_ = next(int(held.id) for held in self.materials() if held.key == key)
        self.fill(id_, measurement)
        return f"items/{id_}#{RESULTS}"

    def correct(self, measurement_id: str, measurement: Measurement) -> None:
        self.fill(_item(measurement_id), measurement)

    def withdraw(self, measurement_id: str) -> None:
        """Empty the fields, as people do: a custom field has no other way to be wrong."""
        self._fill(_item(measurement_id), {"Value": "", "Outcome": ""})

    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        """Answer as the proxy in front of it, because eLabFTW itself counts nothing."""
        page = b"<html><h1>429 Too Many Requests</h1></html>"
        headers = {"Content-Type": "text/html", "Retry-After": str(seconds)}
        self.answer_instead(Answered(429, page, headers), skip=skip)

    def expire_access(self, *, for_ever: bool) -> None:
        """Revoke the key; there is nothing that expires before."""
        self.is_revoked = for_ever

    def set_page_size(self, n: int) -> None:
        self.page_size = n

    def fail_task_for(self, key: str, words: str) -> None:
        self.refused[key] = words

    def require_field(self, name: str) -> None:
        """Mark a field of the template as required, which only the web page heeds."""
        field = {"type": "text", "value": "", "required": True}
        for template in self.entities["items_types"].values():
            template["metadata"]["extra_fields"][name] = field

    # What people do in the web page.

    def fill(self, id_: int, measurement: Measurement) -> None:
        values = {"Value": measurement.value, "Outcome": measurement.outcome}
        self._fill(id_, {**values, "Relation": measurement.relation, "Units": measurement.units})

    def _fill(self, id_: int, values: Mapping[str, str]) -> None:
        with self.lock:
            for name, value in values.items():
                self.entities["items"][id_]["metadata"]["extra_fields"][name]["value"] = value
            self.touch(self.entities["items"][id_])

    def attach(self, id_: int, name: str, content: bytes, comment: str | None = None) -> int:
        """Attach a file to an experiment."""
        with self.lock:
            return self.upload("experiments", id_, (name, "text/csv", content), comment)

    def replace(self, upload_id: int, content: bytes) -> int:
        """Replace an attached file: the old one is archived, the new one keeps its name and comment."""
        with self.lock:
            old = self.uploads[upload_id]
            old["state"] = ARCHIVED
            file = (old["real_name"], "text/csv", content)
            return self.upload("experiments", old["item_id"], file, old["comment"])


def _sample_metadata() -> dict[str, Any]:
    group = {"group_id": 1}
    return {
        "elabftw": {"extra_fields_groups": [{"id": 1, "name": RESULTS}]},
        "extra_fields": {
            "Value": {"type": "text", "value": "", **group},
            "Relation": {"type": "select", "value": "=", "options": ["=", "<", ">"], **group},
            "Units": {"type": "select", "value": "nM", "options": ["nM", "uM"], **group},
            "Outcome": {"type": "select", "value": "", "options": ["", "no fit"], **group},
        },
    }


def _item(measurement_id: str) -> int:
    return int(measurement_id.partition("#")[0].removeprefix("items/"))
