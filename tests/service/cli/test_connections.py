"""Connectors, links, webhooks and events from the command line, against a real API and real worker code."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from typer.testing import CliRunner, Result

from assayflow import NotFoundError, ValidationFailedError
from service.cli.main import commands
from service.sealing import make_keys
from service.settings import Settings
from service.store.tables import Job
from workers.connectors import drain_connector
from workers.context import WorkerContext
from workers.jobs import do_job

if TYPE_CHECKING:
    from players import Player

Shell = Callable[..., Result]


@pytest.fixture(scope="module")
def settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The operator's settings: a file of keys, a folder that may be watched, and this machine listed."""
    place = tmp_path_factory.mktemp("operator")
    make_keys(place / "keys")
    (place / "inbox").mkdir()
    return settings.model_copy(
        update={
            "secret_keys_file": place / "keys",
            "webhook_hosts": "public,127.0.0.1",
            "folders": {"lab": SecretStr(str(place / "inbox"))},
        }
    )


@pytest.fixture(scope="module")
def context(settings: Settings) -> Iterator[WorkerContext]:
    made = WorkerContext(settings, loads_science=False)
    yield made
    made.reader.close()
    made.sessions.kw["bind"].dispose()


@pytest.fixture
def shell(player: "Player") -> Shell:
    def typed(*words: object) -> Result:
        return CliRunner().invoke(commands, [*map(str, words)], env=player.environment)

    return typed


@pytest.fixture
def connector(shell: Shell, tmp_path: Path) -> str:
    request = tmp_path / "connector.json"
    body = {
        "name": f"Shared folder {uuid4().hex}",
        "kind": "watched_folder",
        "settings": {"folder": "lab", "settle_seconds": 0},
    }
    request.write_text(json.dumps(body))
    made = shell("connectors", "create", request)
    assert made.exit_code == 0, (made.output, made.exception)
    return made.stdout.strip()


def told(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


@contextmanager
def at_work(context: WorkerContext) -> Iterator[None]:
    """Do the next job as soon as it is queued."""

    def work() -> None:
        for _ in range(500):
            with context.sessions.begin() as session:
                found = session.scalars(select(Job.id).where(Job.state == "queued")).first()
            if found is not None:
                do_job(context, found)
                return
            time.sleep(0.02)

    hand = threading.Thread(target=work)
    hand.start()
    yield
    hand.join()


def test_a_connector_is_made_checked_linked_previewed_and_deleted(
    player: "Player", context: WorkerContext, shell: Shell, connector: str, tmp_path: Path
) -> None:
    assert "watched_folder" in shell("connectors", "kinds").stdout
    assert "Shared folder" in shell("connectors", "list").stdout
    with at_work(context):
        checked = shell("connectors", "check", connector)
    assert "working" in checked.stdout, (checked.output, checked.exception)
    assert checked.exit_code == 0
    assert "working" in shell("connectors", "show", connector).stdout
    assert told(shell("connectors", "fields", connector, "--json"))["fields"] is not None

    campaign = player.api.campaign()["id"]
    player.worker.finish(player.api.round(campaign))
    request = tmp_path / "link.json"
    request.write_text(json.dumps({"campaign_id": campaign, "mapping": {"order": {"files": ["csv"]}}}))
    link = shell("links", "create", connector, request).stdout.strip()
    assert link in shell("links", "list", connector).stdout
    with at_work(context):
        shown = shell("links", "preview", connector, link, "--json")
    assert told(shown)["round"] == 1
    changes = tmp_path / "changes.json"
    changes.write_text(json.dumps({"every_seconds": 60}))
    assert "mapping version" in shell("links", "update", connector, link, changes).stdout
    assert told(shell("links", "show", connector, link, "--json"))["every_seconds"] == 60

    shell("batch", "release", campaign, "--yes")
    waiting = told(shell("connectors", "outbox", connector, "--state", "waiting", "--json"))
    assert waiting
    skipped = shell("connectors", "skip", connector, waiting[0]["id"], "--reason", "sent by hand")
    assert "is skipped" in skipped.stdout, (skipped.output, skipped.exception)
    assert "is waiting" in shell("connectors", "retry", connector, waiting[0]["id"]).stdout
    assert "messages wait" in shell("connectors", "run", connector).stdout
    drain_connector(context, UUID(connector))
    assert told(shell("links", "records", connector, link, "--json"))
    assert "0 new messages" in shell("links", "push", connector, link, 1).stdout
    assert shell("connectors", "exchanges", connector).exit_code == 0
    assert told(shell("connectors", "receipts", connector, "--json")) == []
    assert "looks for changes" in shell("links", "pull", connector, link).stdout
    assert "is deleted" in shell("links", "delete", connector, link).stdout
    assert shell("connectors", "delete", connector).exit_code == 1  # nobody answered the question
    assert "is deleted" in shell("connectors", "delete", connector, "--yes").stdout
    assert isinstance(shell("connectors", "show", connector).exception, NotFoundError)


def test_a_connector_is_paused_changed_and_resumed(shell: Shell, connector: str, tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    changes.write_text(json.dumps({"name": "Folder of the robots"}))
    assert "Folder of the robots is changed" in shell("connectors", "update", connector, changes).stdout
    assert "is paused" in shell("connectors", "pause", connector).stdout
    assert "is active" in shell("connectors", "resume", connector).stdout


def test_a_wrong_connector_names_the_setting(shell: Shell, tmp_path: Path) -> None:
    request = tmp_path / "connector.json"
    request.write_text(json.dumps({"name": "x", "kind": "watched_folder", "settings": {"folder": ""}}))
    refused = shell("connectors", "create", request)
    assert isinstance(refused.exception, ValidationFailedError)
    assert "folder" in str(refused.exception)


def test_a_webhook_is_registered_tested_rotated_replayed_and_deleted(player: "Player", shell: Shell) -> None:
    made = shell("webhooks", "create", "http://127.0.0.1:9/hook", "--type", "results.stored")
    assert "secret, shown this once: whsec_" in made.stdout, (made.output, made.exception)
    (hook,) = told(shell("webhooks", "list", "--json"))
    assert "secret" not in hook
    campaign = player.api.campaign()["id"]
    row = {"switches": "1010", "type": "glow", "value": 2.5}
    assert player.api.client.post(f"/v1/campaigns/{campaign}/results", json=[row]).status_code == 200
    (event,) = told(shell("events", "list", "--type", "results.stored", "--json"))
    assert event["id"] in shell("events", "list").stdout
    assert campaign in shell("events", "show", event["id"]).stdout
    assert told(shell("events", "list", "--after", event["id"], "--json")) == []
    assert "is waiting" in shell("webhooks", "test", hook["id"]).stdout
    deliveries = told(shell("webhooks", "deliveries", hook["id"], "--json"))
    assert {item["type"] for item in deliveries} == {"results.stored", "webhook.test"}
    stored = next(item for item in deliveries if item["type"] == "results.stored")
    assert "is waiting" in shell("webhooks", "redeliver", hook["id"], stored["id"]).stdout
    assert (
        "0 messages are sent again" in shell("webhooks", "replay", hook["id"], "--since", "2020-01-01").stdout
    )
    assert "whsec_" in shell("webhooks", "rotate", hook["id"], "--revoke").stdout
    assert "is paused" in shell("webhooks", "pause", hook["id"]).stdout
    assert "is active" in shell("webhooks", "resume", hook["id"]).stdout
    assert shell("webhooks", "update", hook["id"]).exit_code == 2
    assert "is changed" in shell("webhooks", "update", hook["id"], "--description", "the robots").stdout
    assert "the robots" in shell("webhooks", "show", hook["id"]).stdout
    assert "is deleted" in shell("webhooks", "delete", hook["id"]).stdout
