"""Hooks of other systems: genuine ones make a connector look now, and all others are told nothing."""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from api_actors import Api
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from sqlalchemy import select, update

from service.api.admission import MOST_HOOK_BYTES
from service.api.routes.hooks import REFUSAL_SECONDS
from service.app import create_app
from service.integrations import credentials
from service.integrations.credentials import Bound
from service.lims.registry import connector_kind
from service.sealing import open_sealer
from service.settings import Settings
from service.store.session import Sessions
from service.store.states import Pull
from service.store.tables import Connector, ConnectorLink, HookEvent

KEY = ec.generate_private_key(ec.SECP256R1())
BODY = b'{"type": "v2.assayRun.updated.fields"}'


def coordinate(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=")


def signed(body: bytes = BODY, hook_id: str = "msg_1", at: datetime | None = None) -> dict[str, str]:
    """Return the headers with which Benchling sends a hook."""
    stamp = str(int((at or datetime.now(UTC)).timestamp()))
    signature = KEY.sign(f"{hook_id}.{stamp}.".encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "webhook-id": hook_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1der,{base64.b64encode(signature).decode()}",
    }


@dataclass(frozen=True)
class Lab:
    """A connector to Benchling with one link of each kind of pull, and a caller without a key."""

    sessions: Sessions
    client: httpx.Client
    connector_id: UUID
    links: Mapping[Pull, UUID]

    def hook(self, headers: Mapping[str, str], body: bytes = BODY, to: object = None) -> httpx.Response:
        return self.client.post(f"/v1/hooks/{to or self.connector_id}", content=body, headers=dict(headers))

    def change(self, **values: Any) -> None:
        with self.sessions.begin() as session:
            session.execute(update(Connector).where(Connector.id == self.connector_id).values(**values))

    def due(self) -> set[Pull]:
        """Return the kinds of pull that are due, and let none be due any more."""
        with self.sessions.begin() as session:
            rows = session.scalars(
                select(ConnectorLink).where(ConnectorLink.connector_id == self.connector_id)
            ).all()
            found = {row.pull for row in rows if row.pull_due_at is not None}
            for row in rows:
                row.pull_due_at = None
            return found

    def state(self) -> str:
        with self.sessions() as session:
            return session.get_one(Connector, self.connector_id).state


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def lab(api: Api, sessions: Sessions, settings: Settings, open_client: Any) -> Lab:
    campaigns = {pull: UUID(api.campaign()["id"]) for pull in ("never", "poll", "hook")}
    numbers = KEY.public_key().public_numbers()
    key = {"kty": "EC", "crv": "P-256", "x": coordinate(numbers.x), "y": coordinate(numbers.y)}
    with sessions.begin() as session:
        bound = Bound(api.workspace_id, "connector", "lab.benchling.com")
        secret = credentials.store(session, open_sealer(settings), bound, '{"api_key": "sk_hush"}')
        row = Connector(
            workspace_id=api.workspace_id,
            name="The LIMS",
            kind="benchling",
            base_url="https://lab.benchling.com",
            settings={"registry_id": "src_1", "webhook_keys": [key]},
            secret_id=secret.id,
            message="idle",
        )
        session.add(row)
        session.flush()
        links: dict[Pull, UUID] = {}
        for pull, campaign in campaigns.items():
            link = ConnectorLink(connector_id=row.id, campaign_id=campaign, mapping={}, pull=pull)
            session.add(link)
            session.flush()
            links[pull] = link.id  # type: ignore[index]
        return Lab(sessions, open_client(None), row.id, links)


def test_a_genuine_hook_makes_the_connector_look_now(lab: Lab):
    answer = lab.hook(signed())
    assert (answer.status_code, answer.content) == (202, b"")
    assert lab.due() == {"poll", "hook"}
    assert lab.state() == "queued"


def test_an_event_that_is_heard_again_has_no_effect(lab: Lab):
    for hook_id, due in (("msg_1", {"poll", "hook"}), ("msg_1", set()), ("msg_2", {"poll", "hook"})):
        assert lab.hook(signed(hook_id=hook_id)).status_code == 202
        assert lab.due() == due
    with lab.sessions() as session:
        noted = select(HookEvent).where(HookEvent.connector_id == lab.connector_id)
        assert len(session.scalars(noted).all()) == 2


def test_an_id_of_any_length_is_noted(lab: Lab):
    assert lab.hook(signed(hook_id="m" * 9000)).status_code == 202
    assert lab.due() == {"poll", "hook"}


def refusals(lab: Lab) -> dict[str, httpx.Response]:
    """Return the answers to hooks that are not genuine, by what is wrong with them."""
    answers = {
        "no connector": lab.hook(signed(), to=uuid4()),
        "no id": lab.hook(signed(), to="nothing"),
        "no signature": lab.hook({}),
        "other bytes": lab.hook(signed(), BODY + b" "),
        "no JSON": lab.hook(signed(b"\xff"), b"\xfe"),
        "empty": lab.hook(signed(), b""),
        "old": lab.hook(signed(at=datetime(2020, 1, 1, tzinfo=UTC))),
        "nonsense": lab.hook({**signed(), "webhook-signature": "v1der,AAAA"}),
    }
    lab.change(status="paused")
    answers["paused"] = lab.hook(signed())
    lab.change(status="active", kind="elabftw")
    answers["no hooks"] = lab.hook(signed())
    lab.change(kind="no_such_kind")
    answers["not installed"] = lab.hook(signed())
    lab.change(kind="benchling", base_url="https://other.benchling.com")
    answers["other credentials"] = lab.hook(signed())
    lab.change(base_url="https://lab.benchling.com", settings={"webhook_keys": [{"kty": "?"}]})
    answers["wrong settings"] = lab.hook(signed())
    return answers


def test_all_that_is_not_genuine_is_answered_alike(lab: Lab):
    answers = refusals(lab)
    told = {name: (answer.status_code, {**answer.json(), "instance": ""}) for name, answer in answers.items()}
    assert {answer[0] for answer in told.values()} == {404}
    assert len({str(answer) for answer in told.values()}) == 1, told
    assert lab.due() == set()
    assert lab.state() == "idle"
    times = [answer.elapsed.total_seconds() for answer in answers.values()]
    assert min(times) >= REFUSAL_SECONDS * 0.9


def test_refusals_hold_no_place_of_others(lab: Lab, api: Api):
    began = time.monotonic()
    for _ in range(3):
        lab.hook({})
    assert time.monotonic() - began >= 3 * REFUSAL_SECONDS * 0.9
    assert api.client.get("/v1/domains").status_code == 200


def test_a_kind_that_breaks_on_a_hook_shows_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise RuntimeError("hush")

    monkeypatch.setattr(connector_kind("benchling"), "verify_hook", broken)
    answer = lab.hook(signed())
    assert answer.status_code == 404
    assert "hush" not in answer.text


def test_a_hook_is_short(lab: Lab):
    body = b"x" * MOST_HOOK_BYTES
    assert lab.hook(signed(body), body).status_code == 202
    longer = body + b"x"
    assert lab.hook(signed(longer), longer).status_code == 413
    assert lab.hook(signed(longer), longer, to=uuid4()).status_code == 413


def test_a_broken_connector_hears_and_waits_for_its_person(lab: Lab):
    lab.change(status="broken")
    assert lab.hook(signed()).status_code == 202
    assert lab.due() == {"poll", "hook"}
    assert lab.state() == "idle"


def test_hooks_are_posted(lab: Lab):
    assert lab.client.get(f"/v1/hooks/{lab.connector_id}").status_code == 405
    assert lab.client.post("/v1/hooks").status_code == 401
