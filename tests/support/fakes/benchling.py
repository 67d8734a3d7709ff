"""A fake of Benchling's API v2 as far as a connector and `benchling-sdk` use it, with its lab and faults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from fakes.benchling_schemas import ENTITY_SCHEMAS, FOLDER, ORDERS, QUALIFIERS, REGISTRY, RESULTS
from fakes.benchling_server import API_KEY, APP, BenchlingServer
from fakes.benchling_tenant import Json, field_definition
from fakes.lab import Held, Measurement
from fakes.server import Answered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_DOMAINS = {"molecules": "molecules", "peptides": "aa-sequences"}


def make_fake() -> FakeBenchling:
    return FakeBenchling()


class FakeBenchling(BenchlingServer):
    """A lab's tenant; what it holds is written by requests, results by the lab."""

    kind: ClassVar[str] = "benchling"
    faults: ClassVar[frozenset[str]] = frozenset(f"F{number}" for number in range(1, 13))

    @property
    def base_url(self) -> str:
        return self.address

    @property
    def n_requests(self) -> int:
        return len(self.requests)

    def settings(self) -> dict[str, Any]:
        return {"registry_id": REGISTRY, "folder_id": FOLDER}

    def credentials(self) -> dict[str, Any]:
        return {"client_id": APP[0], "client_secret": APP[1]}

    def api_key(self) -> dict[str, Any]:
        return {"api_key": API_KEY}

    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:
        collection = _DOMAINS.get(domain, "custom-entities")
        return {
            "materials": {
                "schema": ENTITY_SCHEMAS[collection],
                "fields": {"Why": "why", "Round": "round", "Object": "object"},
            },
            "order": {"schema": ORDERS, "folder": FOLDER, "fields": {"round": "round"}},
            "results": [
                {
                    "source": RESULTS,
                    "row": {
                        "type": f"={assay_type}",
                        "value": "ic50",
                        "units": "units",
                        "relation": "qualifier",
                        "outcome": "outcome",
                    },
                    "words": {"outcome": {"no fit": "assay_failed", "failed": "assay_failed"}},
                }
            ],
        }

    def materials(self) -> Sequence[Held]:
        with self.lock:
            self.tenant.run_tasks()
            return [
                Held(entity["id"], _key_of(entity), _plain(entity["fields"]))
                for held in self.tenant.entities.values()
                for entity in held.values()
            ]

    def orders(self) -> Sequence[Held]:
        with self.lock:
            self.tenant.run_tasks()
            return [
                Held(group["id"], _ours(group["name"]), {"name": group["name"]}, self._keys_of(group["id"]))
                for group in self.tenant.groups.values()
                if group["archiveRecord"] is None
            ]

    def _keys_of(self, group_id: str) -> list[str]:
        tasks = self.tenant.workflow_tasks.values()
        linked = [
            task["fields"]["sample"]["value"] for task in tasks if task["workflowTaskGroup"]["id"] == group_id
        ]
        return [_key_of(self.tenant.entity(item)) for item in linked]

    def measure(self, key: str, measurement: Measurement) -> str:
        with self.lock:
            held = next(item for item in self.materials() if item.key == key)
            return self.tenant.write_result(RESULTS, self._measured(held.id, measurement))

    def correct(self, measurement_id: str, measurement: Measurement) -> None:
        with self.lock:
            sample = self.tenant.results[measurement_id]["fields"]["sample"]["value"]
            self.tenant.write_result(RESULTS, self._measured(sample, measurement), measurement_id)

    def withdraw(self, measurement_id: str) -> None:
        with self.lock:
            result = self.tenant.results[measurement_id]
            result |= {"archiveRecord": {"reason": "Made in error"}, "modifiedAt": self.tenant.stamp()}

    def _measured(self, entity_id: str, measurement: Measurement) -> Json:
        value: Any = measurement.value or None
        if value is not None and re.fullmatch(r"-?\d+(\.\d+)?", value):
            value = float(value)
        option = {item["name"]: item["id"] for item in self.tenant.dropdowns[QUALIFIERS]["options"]}
        given = {
            "sample": entity_id,
            "ic50": value,
            "units": measurement.units or None,
            "qualifier": option[measurement.relation] if measurement.relation else None,
            "outcome": measurement.outcome or None,
        }
        return {name: {"value": item} for name, item in given.items()}

    # faults

    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        said = "Rate limit exceeded."
        body = {"error": {"message": said, "type": "invalid_request_error", "userMessage": said}}
        headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(seconds)}
        self.answer_instead(Answered(429, body, headers), skip=skip)

    def expire_access(self, *, for_ever: bool) -> None:
        self._tokens.clear()
        self._is_revoked = for_ever

    def set_page_size(self, n: int) -> None:
        self._page_size = n

    def fail_task_for(self, key: str, words: str) -> None:
        self.tenant.failing[key] = words

    def require_field(self, name: str) -> None:
        for schema in self.tenant.schemas["entity-schemas"].values():
            schema["fieldDefinitions"].append(field_definition(name, "text", required=True))

    def rename_field(self, kind: str, schema_id: str, old: str, new: str) -> None:
        for item in self.tenant.schemas[kind][schema_id]["fieldDefinitions"]:
            item["name"] = new if item["name"] == old else item["name"]

    def forget_pages(self) -> None:
        """Let tokens of pages that were handed out be invalid."""
        self._epoch += "1"

    def freeze(self, moment: datetime) -> None:
        """Let everything that is written from now on have one time."""
        self.tenant.now = lambda: moment

    def set_due(self, requests: int) -> None:
        """Let asynchronous tasks take that many further requests."""
        self._takes = requests


def _key_of(entity: Json) -> str:
    return next((alias for alias in entity["aliases"] if alias.startswith("AF-")), entity["entityRegistryId"])


def _ours(name: str) -> str:
    found = re.search(r"\(Assayflow (.+)\)$", name)
    return found[1] if found else ""


def _plain(fields: Mapping[str, Json]) -> dict[str, Any]:
    return {name: item["value"] for name, item in fields.items()}
