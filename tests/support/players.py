"""A user of a served API, with a key, a campaign and a simulated worker."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import structlog
from api_actors import Api, Worker, serving
from typer.testing import CliRunner, Result

from service import keys
from service.app import create_app
from service.cli.main import commands
from service.keys import Scope
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions


@dataclass(frozen=True)
class Player:
    """A user with a key and a campaign whose first round has a policy."""

    api: Api
    worker: Worker
    url: str
    key: str = field(repr=False)
    campaign: str

    @property
    def environment(self) -> dict[str, str]:
        return {"ASSAYFLOW_URL": self.url, "ASSAYFLOW_KEY": self.key}

    def type(self, command: str, *words: str) -> Result:
        return CliRunner().invoke(commands, [command, self.campaign, *words], env=self.environment)

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        """Return the campaign's jobs, newest first."""
        items: list[dict[str, Any]] = self.api.client.get(f"/v1/campaigns/{self.campaign}/{kind}").json()[
            "items"
        ]
        return items

    @contextmanager
    def answering(self, kind: str, do: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """Do something to the next job as soon as it exists."""
        seen = len(self.jobs(kind))

        def act() -> None:
            while len(actual := self.jobs(kind)) == seen:
                time.sleep(0.02)
            do(actual[0])

        hand = threading.Thread(target=act)
        hand.start()
        yield
        hand.join()

    def narrow_key(self, *scopes: Scope) -> str:
        """Return another key of the workspace, with these scopes."""
        made = self.api.client.post("/v1/api-keys", json={"name": "narrow", "scopes": list(scopes)})
        secret: str = made.json()["secret"]
        return secret


@contextmanager
def quietly_serving(settings: Settings) -> Iterator[str]:
    """Serve the API; its thread writes to no standard output, which a runner may replace meanwhile."""
    before = structlog.get_config()
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    with serving(create_app(settings)) as url:
        yield url
    structlog.configure(**before)


@contextmanager
def player_of(url: str, sessions: Sessions) -> Iterator[Player]:
    """Yield a user with a workspace of their own, whose campaign has a trained round."""
    with sessions.begin() as session:
        workspace = ensure_workspace(session, uuid4().hex).id
        key = keys.issue(session, workspace, "test", keys.SCOPES).text
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        api, worker = Api(client, workspace), Worker(sessions)
        campaign = api.campaign()["id"]
        worker.train(api.round(campaign))
        yield Player(api, worker, url, key, campaign)
