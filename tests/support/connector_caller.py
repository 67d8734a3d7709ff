"""A caller of the API with a connector to a lab system that runs, and the worker behind it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api_actors import Api
from made_up_lims import PASSWORD, MadeUpServer

from workers.connectors import drain_connector
from workers.context import WorkerContext
from workers.jobs import do_job

CREDENTIALS = {"user": "jo", "password": PASSWORD}
MAPPING: dict[str, Any] = {
    "materials": {"fields": {"Object": "object", "Glow": "prediction:glow.mean", "Lights": "property:ones"}},
    "order": {"fields": {"Campaign": "campaign"}},
    "results": [
        {
            "source": "Glow",
            "row": {"type": "=glow", "value": "Value", "units": "=mW", "outcome": "Status"},
            "words": {"outcome": {"no fit": "assay_failed", "done": "ok"}},
        }
    ],
}


@dataclass(frozen=True)
class Lab:
    """A caller with a connector to a system that runs."""

    api: Api
    lims: MadeUpServer
    context: WorkerContext
    id: str

    def __call__(self, method: str, path: str = "", status: int = 200, **options: Any) -> Any:
        """Call a route below the connector's and return its JSON."""
        response = self.api.client.request(method, f"/v1/connectors/{self.id}{path}", **options)
        assert response.status_code == status, response.text
        assert PASSWORD not in response.text
        return response.json() if response.content else None

    def tag(self, path: str = "") -> dict[str, str]:
        return {"If-Match": self.api.client.get(f"/v1/connectors/{self.id}{path}").headers["etag"]}

    def patch(self, changes: dict[str, Any], status: int = 200, path: str = "") -> Any:
        return self("PATCH", path, status, json=changes, headers=self.tag(path))

    def job(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask for a job, do it, and return it."""
        asked = self("POST", path, 202, **({} if body is None else {"json": body}))
        do_job(self.context, UUID(asked["id"]))
        return self("GET", f"{path}/{asked['id']}")

    def link(self, campaign_id: str, status: int = 201, **changes: Any) -> Any:
        body = {"campaign_id": campaign_id, "mapping": MAPPING, **changes}
        return self("POST", "/links", status, json=body)

    def run(self) -> None:
        """Let a worker do what the lane has to do."""
        self("POST", "/run")
        drain_connector(self.context, UUID(self.id))
