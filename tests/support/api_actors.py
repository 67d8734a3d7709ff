"""Actors of the API's tests: a caller, a simulated worker, and the server between them."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import NearestMeasured, Prediction, Proposal, ProposedCandidate, Purpose, Stage
from service.campaigns import jobs, leases, payloads, rounds
from service.campaigns.leases import Lease, LeaseStatus
from service.server import ServerConfig
from service.store.session import Sessions
from service.store.states import NEW
from service.store.tables import Round

SPEC: dict[str, Any] = {
    "name": "Many lights",
    "domain": {"kind": "switches", "n": 4},
    "objectives": [{"name": "glow", "units": "mW"}, {"name": "ones", "computed": "ones"}],
    "seed": 7,
}
TRAINED = {"low": 2.0, "high": 50.0, "choice": "effective_number", "pool": 900, "effective_objects": []}
"""The range of inverse temperatures that a trained round chose."""
SWITCHES = open_domain(CampaignSpec.model_validate(SPEC).domain)


def judged(row: int, text: str) -> dict[str, Any]:
    """Return one row of a prediction's result; an object of four ones was measured already."""
    return {
        "row": row,
        "object": text,
        "display": text,
        "predictions": {"glow": {"mean": 1.5, "sd": 0.5, "low": 0.7, "high": 2.3}},
        "computed": {"ones": float(text.count("1"))},
        "acquisition": 0.1,
        "feasibility": 1.0,
        "guardrails": {},
        "nearest_measured": {"object": "0000", "similarity": 0.5},
        "in_domain": True,
        "refused": ["measured already"] if text == "1111" else [],
    }


@dataclass(frozen=True)
class Api:
    """A caller of one workspace with all scopes."""

    client: httpx.Client
    workspace_id: UUID

    def campaign(self, **changes: Any) -> dict[str, Any]:
        """Create a campaign and return it."""
        response = self.client.post("/v1/campaigns", json={**SPEC, **changes})
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def round(self, campaign_id: str) -> dict[str, Any]:
        """Start a round and return it."""
        response = self.client.post(f"/v1/campaigns/{campaign_id}/rounds")
        assert response.status_code == 202, response.text
        started: dict[str, Any] = response.json()
        return started


@dataclass(frozen=True)
class Worker:
    """Applies a worker's changes to a round, without computing."""

    sessions: Sessions

    def claim(self, started: dict[str, Any]) -> Lease[Round]:
        """Claim a round."""
        lease = rounds.lease_of(UUID(started["id"]), "by hand", 60.0)
        with self.sessions.begin() as session:
            assert rounds.claim(session, lease, {"assayflow": "test"})
        return lease

    def report_progress(self, lease: Lease[Round], stage: Stage, progress: float) -> LeaseStatus:
        """Record progress and return the status of the lease."""
        with self.sessions.begin() as session:
            return leases.report_progress(session, lease, stage, progress, f"{stage} goes on")

    def finish(
        self,
        started: dict[str, Any],
        objects: tuple[str, ...] = ("1111", "1110", "0111"),
        purpose: Purpose = "exploit",
        computed: dict[str, float] | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """Finish the whole round at once; `computed` replaces the domain's computed properties."""
        lease = self.claim(started)
        with self.sessions.begin() as session:
            spec = rounds.load(session, lease).spec
            chosen = [_candidate(index, text, purpose) for index, text in enumerate(objects)]
            if computed is not None:
                chosen = [replace(item, computed=computed) for item in chosen]
            assert rounds.finish(session, lease, spec, Proposal(tuple(chosen), summary or {"n": 3}))

    def finish_with_reserves(
        self, started: dict[str, Any], objects: tuple[str, ...], reserves: tuple[str, ...]
    ) -> None:
        """Compute a whole round whose batch has reserves."""
        lease = self.claim(started)
        with self.sessions.begin() as session:
            spec = rounds.load(session, lease).spec
            every = tuple(
                _candidate(index, text, "exploit") for index, text in enumerate((*objects, *reserves))
            )
            proposal = Proposal(every[: len(objects)], {"n": 3}, reserves=every[len(objects) :])
            assert rounds.finish(session, lease, spec, proposal)

    def train(
        self,
        started: dict[str, Any],
        objects: tuple[str, ...] = ("1111",),
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """Finish a whole round that leaves a trained policy."""
        lease = self.claim(started)
        with self.sessions.begin() as session:
            spec = rounds.load(session, lease).spec
            chosen = tuple(_candidate(index, text, "exploit") for index, text in enumerate(objects))
            made = summary or {"n": 3, "beta_range": TRAINED}
            assert rounds.finish(session, lease, spec, Proposal(chosen, made, artefact=b"a policy"))

    def answer(self, job: dict[str, Any], result: dict[str, Any]) -> None:
        """Finish a job at once, with this result."""
        lease = jobs.lease_of(UUID(job["id"]), "by hand", 60.0)
        with self.sessions.begin() as session:
            assert jobs.claim(session, lease, {"assayflow": "test"})
            assert jobs.finish(session, lease, result)

    def samples(self, *objects: str) -> dict[str, Any]:
        """Return the result of a handler that sampled these switches."""
        drawn = [_candidate(index, text, "exploit") for index, text in enumerate(objects)]
        return {
            "samples": [payloads.to_json(item, SWITCHES) for item in drawn],
            "summary": {"chosen": len(drawn)},
        }

    def stop(self, lease: Lease[Round]) -> None:
        """End a round whose cancellation was requested."""
        with self.sessions.begin() as session:
            assert leases.cancel(session, lease)

    def fail(self, lease: Lease[Round]) -> None:
        """End a round with a failure."""
        problem = {"type": "about:blank", "title": "It broke", "status": 500, "detail": "the lamp went out"}
        with self.sessions.begin() as session:
            assert leases.fail(session, lease, problem)


def _candidate(index: int, text: str, purpose: Purpose) -> ProposedCandidate:
    is_new = purpose in NEW
    return ProposedCandidate(
        rank=index + 1,
        object=text,
        predictions={"glow": Prediction(2.0 + index, 0.5, 1.0, 3.0)},
        computed={"ones": float(text.count("1"))},
        acquisition=1.5,
        feasibility=0.9,
        guardrails={},
        beta=8.0 if is_new else None,
        preference={"glow": 0.7, "ones": 0.3} if is_new else {},
        log_reward=-1.0 if is_new else None,
        log_pf=-2.0 if is_new else None,
        nearest_measured=NearestMeasured("0000", 0.25) if index else None,
        reason="it has many lights",
        purpose=purpose,
    )


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application from a thread of this process."""
    server = uvicorn.Server(ServerConfig(app, app.state.settings, port=0, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
