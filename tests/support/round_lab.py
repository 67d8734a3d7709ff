"""A campaign of switches, driven as by the API, with a real queue behind the commits."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.campaign.spec import CampaignSpec
from service.campaigns import commands, queries
from service.campaigns.rows import NewResult, NewUpload
from service.dispatch import CelerySender, deliver
from service.records import StandardResult
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions, opened
from service.store.states import COMPUTING
from service.store.tables import Candidate, Round, RoundEvent

SECONDS = 120.0


@pytest.fixture(scope="module")
def live_sessions(settings: Settings) -> Iterator[Sessions]:
    """Sessions whose commits reach the queue."""
    sender = CelerySender(settings.required_redis_url())
    with opened(settings.required_database_url()) as made:
        deliver(made, sender)
        yield made
    sender.close()


@dataclass(frozen=True)
class Lab:
    """One campaign and a client's operations on it."""

    sessions: Sessions
    workspace_id: UUID
    campaign_id: UUID

    def measure(self, **values: float) -> None:
        rows = [
            NewResult(row=i, verbatim={}, result=StandardResult(text.removeprefix("s"), "glow", value=value))
            for i, (text, value) in enumerate(values.items())
        ]
        upload = NewUpload(media_type="application/json", sha256="0" * 64)
        with self.sessions.begin() as session:
            commands.store_results(session, self.workspace_id, self.campaign_id, upload, rows)

    def start(self) -> int:
        with self.sessions.begin() as session:
            return commands.start_round(session, self.workspace_id, self.campaign_id).number

    def cancel(self, number: int) -> None:
        with self.sessions.begin() as session:
            commands.cancel_round(session, self.workspace_id, self.campaign_id, number)

    def retry(self, number: int) -> None:
        with self.sessions.begin() as session:
            commands.retry_round(session, self.workspace_id, self.campaign_id, number)

    def round(self, number: int) -> Round:
        with self.sessions() as session:
            row = queries.get_round(session, self.workspace_id, self.campaign_id, number)
            for column in Round.__mapper__.column_attrs:  # including columns that no view of a round shows
                getattr(row, column.key)
            return row

    def batch(self, number: int) -> list[Candidate]:
        with self.sessions() as session:
            return list(queries.batch(session, self.round(number).id))

    def events(self, number: int) -> list[RoundEvent]:
        with self.sessions() as session:
            return list(queries.events_after(session, self.round(number).id, limit=100_000))

    def wait(self, number: int, until: Callable[[Round], bool], seconds: float = SECONDS) -> Round:
        deadline = time.monotonic() + seconds
        while not until(row := self.round(number)):
            assert time.monotonic() < deadline, (
                f"round is {row.state} at {row.progress}: {row.message} {row.failure}"
            )
            time.sleep(0.05)
        return row

    def finish(self, number: int) -> Round:
        return self.wait(number, lambda row: row.state not in COMPUTING)


@pytest.fixture
def make_lab(live_sessions: Sessions) -> Callable[..., Lab]:
    """Create a campaign of `n` switches with some measured rows; `spec` members replace the defaults.

    Measured rows may be passed instead, for a campaign of another domain.
    """

    def make(
        n: int = 6, size: int = 5, steps: int = 20, measured: dict[str, float] | None = None, **changes: Any
    ) -> Lab:
        spec = {
            "name": "Switches",
            "domain": {"kind": "switches", "n": n},
            "objectives": [{"name": "glow"}],
            "batch": {"size": size},
            "sampler": {"steps": steps, "trajectories_per_step": 16},
            **changes,
        }
        with live_sessions.begin() as session:
            workspace_id = ensure_workspace(session, f"lab {uuid4()}").id
            campaign_id = commands.create_campaign(
                session, workspace_id, CampaignSpec.model_validate(spec)
            ).id
        lab = Lab(live_sessions, workspace_id, campaign_id)
        texts = [f"{i:0{n}b}" for i in range(1, 2**n, 2**n // 8)]
        lab.measure(
            **{f"s{text}": v for text, v in (measured or {t: float(t.count("1")) for t in texts}).items()}
        )
        return lab

    return make
