"""A fake openBIS server with a lab that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fakes.lab import Held, Measurement
from fakes.openbis_documents import PROJECT, SPACE
from fakes.openbis_server import COMPOUND, RESULT, USER, OpenbisServer
from fakes.server import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence

_RELATIONS = {"=": "EQ", ">": "GT", "<": "LT"}


class FakeOpenbis(OpenbisServer):
    kind: ClassVar[str] = "openbis"
    faults: ClassVar[frozenset[str]] = frozenset(f"F{number}" for number in range(1, 13))

    def __init__(self) -> None:
        super().__init__()
        self._page_size = 100

    @property
    def base_url(self) -> str:
        return self.address

    @property
    def n_requests(self) -> int:
        return len(self.requests)

    def settings(self) -> dict[str, Any]:
        places = {"space": SPACE, "project": PROJECT}
        return {
            **places,
            "status_property": "STATUS",
            "date_property": "MEASURED",
            "page_size": self._page_size,
        }

    def credentials(self) -> dict[str, Any]:
        return {"user": USER, "password": self.password}

    def token(self) -> str:
        """Return a personal access token."""
        return next(iter(self.tokens))

    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:  # noqa: ARG002 - any domain has an object
        row = {"value": "VALUE", "relation": "RELATION", "units": "UNITS", "outcome": "OUTCOME"}
        words = {
            "relation": {code: relation for relation, code in _RELATIONS.items()},
            "outcome": {"no fit": "assay_failed"},
        }
        return {
            "materials": {"schema": COMPOUND, "fields": {"SMILES": "object"}},
            "order": {"fields": {"CAMPAIGN": "campaign"}},
            "results": [{"source": RESULT, "row": {"type": f"={assay_type}", **row}, "words": words}],
        }

    def materials(self) -> Sequence[Held]:
        return [
            Held(item["permId"], item["code"], item["properties"])
            for item in self.samples.values()
            if item["type"] == COMPOUND
        ]

    def orders(self) -> Sequence[Held]:
        return [
            Held(id_, item["code"], item["properties"], self._in_experiment(id_))
            for id_, item in self.experiments.items()
        ]

    def measure(self, key: str, measurement: Measurement) -> str:
        return self.hang_below([key], measurement)

    def hang_below(self, keys: Sequence[str], measurement: Measurement) -> str:
        """Write a result below one sample or several."""
        codes = [key.upper() for key in keys]
        parents = [{"permId": item["permId"]} for item in self.samples.values() if item["code"] in codes]
        creation = {"code": f"R{len(self.samples) + len(self.trash)}", "typeId": {"permId": RESULT}}
        creation |= {"parentIds": parents, "properties": _values(measurement)}
        (id_,) = self.do_create_samples([creation])
        return id_["permId"]

    def correct(self, measurement_id: str, measurement: Measurement) -> None:
        update = {"sampleId": {"permId": measurement_id}, "properties": _values(measurement)}
        self.do_update_samples([update])

    def withdraw(self, measurement_id: str) -> None:
        self.do_delete_samples([{"permId": measurement_id}], {})

    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        """Answer as a proxy in front of openBIS does, which itself has no limit."""
        page = b"<html><body>Too Many Requests</body></html>"
        headers = {"Retry-After": str(seconds), "Content-Type": "text/html"}
        self.answer_instead(Answered(429, page, headers), skip=skip)

    def expire_access(self, *, for_ever: bool) -> None:
        """Restart the server: sessions are gone, personal access tokens go on."""
        self.sessions.clear()
        if for_ever:
            self.tokens.clear()
            self.password = "changed"  # noqa: S105 - of a fake

    def set_page_size(self, n: int) -> None:
        """Let connectors read n samples at once: the server itself sets no limit."""
        self._page_size = n

    def fail_task_for(self, key: str, words: str) -> None:
        self.refused[key.upper()] = words

    def require_field(self, name: str) -> None:
        code = name.upper()
        self.types["sample"][COMPOUND][code] = {"code": code, "dataType": "VARCHAR", "mandatory": True}

    def _in_experiment(self, id_: str) -> list[str]:
        return [item["code"] for item in self.samples.values() if item["experiment"] == id_]


def _values(measurement: Measurement) -> dict[str, str | None]:
    return {
        "VALUE": measurement.value or None,
        "RELATION": _RELATIONS[measurement.relation],
        "UNITS": measurement.units or None,
        "OUTCOME": measurement.outcome or None,
        "MEASURED": "2026-03-02 09:30:00 +0100",
    }


def make_fake() -> FakeOpenbis:
    return FakeOpenbis()
