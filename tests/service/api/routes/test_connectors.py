"""Connectors over HTTP: made, checked, linked, previewed, watched and mended, without showing a secret."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import made_up_kinds
import pytest
from api_actors import Api, Worker
from fastapi import FastAPI
from made_up_lims import PASSWORD, MadeUpServer
from sqlalchemy import select

from service.app import create_app
from service.sealing import make_keys
from service.settings import Settings
from service.store.session import Sessions
from service.store.tables import Connector, ExternalRecord, OutboxItem, Secret
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


@pytest.fixture(scope="module", autouse=True)
def _kinds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        made_up_kinds.install(patch)
        yield


@pytest.fixture(scope="module")
def operated(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The operator's settings: loopback is listed, and there is a file of keys."""
    keys = tmp_path_factory.mktemp("keys") / "keys"
    make_keys(keys)
    return settings.model_copy(update={"connector_hosts": "public,127.0.0.1", "secret_keys_file": keys})


@pytest.fixture(scope="module")
def app(operated: Settings) -> FastAPI:
    return create_app(operated)


@pytest.fixture(scope="module")
def context(operated: Settings) -> Iterator[WorkerContext]:
    made = WorkerContext(operated, loads_science=False)
    yield made
    made.reader.close()
    made.sessions.kw["bind"].dispose()


@pytest.fixture
def lims() -> Iterator[MadeUpServer]:
    made = MadeUpServer()
    yield made
    made.close()


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


@pytest.fixture
def lab(api: Api, lims: MadeUpServer, context: WorkerContext) -> Lab:
    body = {"name": "LIMS", "kind": "made_up", "base_url": lims.base_url, "credentials": CREDENTIALS}
    response = api.client.post("/v1/connectors", json=body)
    assert response.status_code == 201, response.text
    return Lab(api, lims, context, response.json()["id"])


@pytest.fixture
def campaign(api: Api, worker: Worker) -> str:
    """A campaign whose first batch was released."""
    found = api.campaign()["id"]
    worker.finish(api.round(found))
    released = api.client.post(f"/v1/campaigns/{found}/rounds/1/release")
    assert released.status_code == 200, released.text
    return str(found)


def places(problem: dict[str, Any]) -> list[str]:
    return [item["pointer"] for item in problem["errors"]]


def test_the_kinds_say_which_settings_and_credentials_they_take(api: Api) -> None:
    found = {item["kind"]: item for item in api.client.get("/v1/connector-kinds").json()["items"]}
    made_up = found["made_up"]
    assert made_up["settings_schema"]["properties"]["floor"]["default"] is None
    assert set(made_up["credentials_schema"]["required"]) == {"user", "password"}
    assert made_up["manners"]["materials_per_call"] == 10


def test_a_connector_is_made_and_its_credentials_are_sealed_and_never_shown(
    lab: Lab, sessions: Sessions
) -> None:
    shown = lab("GET")
    authority = lab.lims.address.removeprefix("http://")
    assert (shown["secret"]["set"], shown["secret"]["authority"]) == (True, authority)
    assert (shown["status"], shown["standing"], shown["settings"]) == (
        "active",
        None,
        {"site": "main", "floor": None},
    )
    with sessions.begin() as session:
        row = session.get_one(Connector, UUID(lab.id))
        secret = session.get_one(Secret, row.secret_id)
        assert PASSWORD.encode() not in secret.sealed
    assert [item["id"] for item in lab.api.client.get("/v1/connectors").json()["items"]] == [lab.id]


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"kind": "nothing"}, "/kind", "made_up"),
        ({"base_url": ""}, "/base_url", "needs an address"),
        ({"base_url": "http://10.1.2.3/api"}, "/base_url", "not listed"),
        ({"base_url": "http://lims.example.org/api"}, "/base_url", "https"),
        ({"base_url": "https://lims.example.org/api?x=1"}, "/base_url", "query"),
        ({"base_url": "ftp://lims.example.org"}, "/base_url", "http"),
        ({"settings": {"sight": "main"}}, "/settings/sight", "unknown"),
        ({"settings": {"floor": -1}}, "/settings/floor", "greater"),
        ({"credentials": {"user": "jo"}}, "/credentials/password", "required"),
        ({"credentials": {"user": "jo", "password": "hush"}}, "/credentials/password", "8"),
        ({"credentials": None}, "/credentials/user", "required"),
        ({"name": ""}, "/name", "1 character"),
    ],
)
def test_what_is_wrong_with_a_connector_is_named(
    api: Api, changes: dict[str, Any], pointer: str, words: str
) -> None:
    body = {
        "name": "LIMS",
        "kind": "made_up",
        "base_url": "https://lims.example.org",
        "credentials": CREDENTIALS,
    }
    response = api.client.post("/v1/connectors", json={**body, **changes})
    assert response.status_code == 422, response.text
    problem = response.json()
    assert pointer in places(problem)
    assert words in json.dumps(problem["errors"])
    assert "hush" not in response.text
    assert api.client.get("/v1/connectors").json()["items"] == []


def test_a_name_is_one_in_a_workspace_and_a_repeated_request_makes_one_connector(api: Api) -> None:
    body = {
        "name": "LIMS",
        "kind": "made_up",
        "base_url": "https://lims.example.org",
        "credentials": CREDENTIALS,
    }
    first, again = (
        api.client.post("/v1/connectors", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert api.client.post("/v1/connectors", json=body).status_code == 409


def test_another_host_drops_the_credentials_and_new_ones_mend_the_connector(
    lab: Lab, sessions: Sessions
) -> None:
    moved = lab.patch({"base_url": lab.lims.base_url + "/"})
    assert moved["secret"]["set"] is True, "the host is the same"
    assert lab.patch({"name": "Other", "settings": {"floor": 3}})["settings"] == {"site": "main", "floor": 3}
    assert lab.patch({"settings": {"floor": None}})["settings"]["floor"] is None
    away = lab.patch({"base_url": "https://evil.example.org/api"})
    assert away["secret"] == {"set": False, "authority": None, "rotated_at": None}
    assert (away["status"], "credentials" in away["problem"]["detail"]) == ("broken", True)
    with sessions.begin() as session:
        owner = session.get_one(Connector, UUID(lab.id)).workspace_id
        assert session.scalars(select(Secret).where(Secret.workspace_id == owner)).all() == []
    lab("POST", "/resume", 409)
    back = lab.patch({"base_url": lab.lims.base_url, "credentials": CREDENTIALS})
    assert (back["status"], back["problem"], back["secret"]["set"]) == ("active", None, True)
    downgraded = lab.patch({"base_url": "http://lims.example.org"}, 200)
    assert downgraded["secret"]["set"] is False
    lab.patch({"credentials": CREDENTIALS}, 422)
    lab.patch({"kind": "other"}, 422)
    lab("PATCH", "", 428, json={"name": "x"})
    lab("PATCH", "", 412, json={"name": "x"}, headers={"If-Match": '"0"'})


def test_credentials_are_an_administrators_and_links_a_writers(
    lab: Lab, campaign: str, new_key: Callable[..., Any], open_client: Callable[..., Any], sessions: Sessions
) -> None:
    with sessions.begin() as session:
        from service.store.tables import Workspace

        name = session.get_one(Workspace, lab.api.workspace_id).name
    writer = open_client(new_key("read", "write", workspace=name)[0])
    reader = open_client(new_key("read", workspace=name)[0])
    stranger = open_client(new_key()[0])
    path, body = f"/v1/connectors/{lab.id}", {"name": "x"}
    assert writer.patch(path, json=body, headers={"If-Match": "*"}).status_code == 403
    assert writer.post(f"{path}/pause").status_code == 403
    assert reader.post(f"{path}/links", json={"campaign_id": campaign}).status_code == 403
    assert reader.get(path).status_code == 200
    for call in (path, f"{path}/links", f"{path}/outbox", f"{path}/receipts", f"{path}/fields"):
        assert stranger.get(call).status_code == 404
    assert writer.post(f"{path}/links", json={"campaign_id": campaign}).status_code == 201
    other = stranger.post("/v1/campaigns", json={**lab.api.campaign()["spec"]}).json()
    assert writer.post(f"{path}/links", json={"campaign_id": other.get("id", campaign)}).status_code == 404


def test_a_check_says_who_we_are_and_which_fields_there_are(lab: Lab) -> None:
    assert lab("GET", "/fields") == {"checked_at": None, "fields": []}
    done = lab.job("/checks")
    assert (done["state"], done["n_fields"]) == ("succeeded", 2)
    standing = lab("GET")["standing"]
    assert standing == done["standing"]
    assert (standing["outcome"], standing["identity"], standing["server"]) == ("working", "jo", "made-up 1.0")
    assert standing["warnings"] == ["no orders"]
    fields = lab("GET", "/fields")["fields"]
    assert [(item["schema"], item["name"], item["is_required"]) for item in fields] == [
        ("molecule", "SMILES", True),
        ("Glow", "Status", False),
    ]
    assert fields[1]["options"] == ["done", "no fit"]
    entries = lab("GET", "/exchanges")["items"]
    assert [(item["method"], item["path"], item["status"]) for item in entries] == [
        ("GET", "/api/whoami", 200),
        ("POST", "/api/login", 200),
    ]


def test_a_check_breaks_a_connector_that_is_denied_and_mends_one_that_works_again(lab: Lab) -> None:
    lab.patch({"credentials": {"user": "jo", "password": "not that one"}})
    denied = lab.job("/checks")
    assert (denied["standing"]["outcome"], lab("GET")["status"]) == ("denied", "broken")
    lab.patch({"credentials": CREDENTIALS})
    assert lab("GET")["status"] == "active"
    lab("POST", "/pause")
    assert lab.job("/checks")["standing"]["outcome"] == "working"
    assert lab("GET")["status"] == "paused", "a person paused it"
    lab("POST", "/resume")
    lab.lims.close()
    unreachable = lab.job("/checks")
    assert (unreachable["standing"]["outcome"], lab("GET")["status"]) == ("unreachable", "active")


def test_a_link_is_checked_against_its_campaign_field_by_field(lab: Lab, api: Api) -> None:
    campaign = api.campaign()["id"]
    wrong = {
        "materials": {
            "fields": {
                "a": "column:smiles",
                "b": "property:weight",
                "c": "prediction:ones.mean",
                "d": "column:switches",
            }
        },
        "order": {"fields": {"e": "column:switches"}, "files": ["csv", "docx"]},
        "results": [
            {
                "source": "Glow",
                "row": {"type": "=shine", "value": "Value", "units": "=furlongz", "outcome": "Status"},
                "words": {"outcome": {"bad": "exploded"}},
            },
            {"source": "Glow", "row": {"type": "Kind", "value": "Value"}},
        ],
        "reading": "nobody's",
        "folder": "inbox",
    }
    response = lab.api.client.post(
        f"/v1/connectors/{lab.id}/links", json={"campaign_id": campaign, "mapping": wrong}
    )
    assert response.status_code == 422, response.text
    found = {item["pointer"]: item["detail"] for item in response.json()["errors"]}
    assert set(found) == {
        "/mapping/materials/fields/a",
        "/mapping/materials/fields/b",
        "/mapping/materials/fields/c",
        "/mapping/order/fields/e",
        "/mapping/order/files/1",
        "/mapping/results/0/row/type",
        "/mapping/results/0/row/units",
        "/mapping/results/0/words/outcome/bad",
        "/mapping/results/1/source",
        "/mapping/reading",
        "/mapping/folder",
    }
    assert "glow" in found["/mapping/results/0/row/type"]
    assert lab.link(campaign, 422, pull="hook")["errors"][0]["pointer"] == "/pull"
    assert lab.link(campaign, 422, every_seconds=1)["errors"][0]["pointer"] == "/every_seconds"
    bad = {"mapping": {"results": [{"source": "Glow", "row": {"type": "=glow"}}]}}
    assert lab.link(campaign, 422, **bad)["errors"][0]["pointer"] == "/mapping/results/0/row"
    assert lab("GET", "/links")["items"] == []


def test_a_mapping_has_versions_and_a_link_is_one_for_each_campaign(lab: Lab, campaign: str) -> None:
    made = lab.link(campaign)
    assert (made["mapping_version"], made["push"], made["pull"]) == (1, "on_release", "poll")
    assert made["id"] in lab.link(campaign, 409)["detail"]
    path = f"/links/{made['id']}"
    slower = lab.patch({"every_seconds": 60}, path=path)
    assert (slower["every_seconds"], slower["mapping_version"]) == (60, 1)
    renamed = lab.patch({"mapping": {"materials": {"fields": {"Glow": None, "Rank": "rank"}}}}, path=path)
    assert renamed["mapping"]["materials"]["fields"] == {
        "Object": "object",
        "Lights": "property:ones",
        "Rank": "rank",
    }
    assert renamed["mapping_version"] == 2
    assert lab.patch({"mapping": {"materials": {"name": "{x}"}}}, 422, path=path)["errors"][0]["pointer"] == (
        "/mapping/materials/name"
    )
    assert (
        lab.patch({"mapping": {"reading": "x"}}, 422, path=path)["errors"][0]["pointer"] == "/mapping/reading"
    )
    assert lab("GET", f"/links?campaign_id={campaign}")["items"] == [lab("GET", path)]
    lab("DELETE", path, 428)
    lab("DELETE", path, 204, headers=lab.tag(path))
    lab("GET", path, 404)


def test_a_preview_shows_the_exact_bodies_and_what_the_mapping_makes_of_what_is_there(
    lab: Lab, campaign: str, sessions: Sessions
) -> None:
    made = lab.link(campaign, push="never")
    ids = [
        item["id"]
        for item in lab.api.client.get(f"/v1/campaigns/{campaign}/rounds/1/batch").json()["candidates"]
    ]
    with sessions.begin() as session:
        for place, candidate_id in enumerate(ids):
            session.add(
                ExternalRecord(
                    connector_id=UUID(lab.id),
                    entity="candidate",
                    entity_id=candidate_id,
                    type="material",
                    key=f"k{place}",
                    external_id=f"X{place}",
                )
            )
    lab.lims.results = [
        {"id": "m1", "source": "Glow", "about": "X0", "fields": {"Value": "2.5", "Status": "done"}},
        {"id": "m2", "source": "Glow", "about": "X1", "fields": {"Value": "much", "Status": "done"}},
    ]
    shown = lab.job(f"/links/{made['id']}/previews", {})
    assert shown["state"] == "succeeded", shown
    assert shown["round"] == 1
    assert lab.lims.writes() == [], "nothing was written"
    bodies = [json.loads(item["body"]) for item in shown["materials"]]
    assert [(body["Object"], body["Lights"], body["type"]) for body in bodies] == [
        ("1111", 4.0, "material"),
        ("1110", 3.0, "material"),
        ("0111", 3.0, "material"),
    ]
    assert [item["keys"] for item in shown["materials"]] == [[body["key"]] for body in bodies]
    assert {(item["method"], item["path"]) for item in shown["materials"]} == {("POST", "/api/records")}
    (order,) = shown["order"]
    assert json.loads(order["body"])["materials"] == ["X0", "X1", "X2"]
    assert any("depends on its answer" in note for note in shown["notes"])
    assert [item["id"] for item in shown["measurements"]] == ["m1", "m2"]
    statuses = [(row["status"], row["would_store"]) for row in shown["report"]["upload"]["rows"]]
    assert statuses[0][1]["value"] == 2.5
    assert statuses[1] == ("rejected", None)
    assert lab.api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"] == []
    text = json.dumps(shown)
    assert PASSWORD not in text
    assert "token-of-this-session" not in text
    other = {"mapping": {**MAPPING, "materials": {"fields": {"password": f"={PASSWORD}"}}}}
    tried = lab.job(f"/links/{made['id']}/previews", other)
    assert "•••" in tried["materials"][0]["body"]
    assert lab("GET", f"/links/{made['id']}")["mapping_version"] == 1


def test_a_batch_is_sent_once_and_its_results_come_back(lab: Lab, campaign: str) -> None:
    made = lab.link(campaign)
    path = f"/links/{made['id']}"
    assert lab("GET", "/outbox")["items"] == [], "the batch was released before"
    assert lab("POST", f"{path}/push", json={"round": 1}) == {"round": 1, "new_messages": 4}
    assert lab("POST", f"{path}/push", json={"round": 1})["new_messages"] == 0
    lab("POST", f"{path}/push", 404, json={"round": 2})
    lab.run()
    assert len(lab.lims.records) == 4
    messages = lab("GET", "/outbox")["items"]
    assert [(item["verb"], item["state"]) for item in messages] == [
        ("order", "done"),
        *([("material", "done")] * 3),
    ]
    records = lab("GET", f"{path}/records?entity=candidate")["items"]
    assert sorted(item["url"] for item in records) == [f"https://lims.example.org/R{n}" for n in (1, 2, 3)]
    assert lab("GET", f"{path}/records?entity_id={records[1]['entity_id']}")["items"] == [records[1]]
    lab.lims.results = [
        {"id": "m1", "source": "Glow", "about": "R1", "fields": {"Value": "2.5", "Status": "done"}}
    ]
    lab("POST", f"{path}/pull")
    drain_connector(lab.context, UUID(lab.id))
    found = lab.api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"]
    assert [(item["object"], item["value"]) for item in found] == [("1111", 2.5)]
    lab("DELETE", path, 204, headers=lab.tag(path))
    again = lab.link(campaign)
    lab("POST", f"/links/{again['id']}/push", json={"round": 1})
    lab.run()
    assert len(lab.lims.records) == 4, "a link that is made again orders nothing twice"
    assert len(lab("GET", f"/links/{again['id']}/records")["items"]) == 4


def test_a_message_is_retried_or_skipped_by_a_person(lab: Lab, campaign: str, sessions: Sessions) -> None:
    made = lab.link(campaign)
    lab("POST", f"/links/{made['id']}/push", json={"round": 1})
    with sessions.begin() as session:
        rows = session.scalars(
            select(OutboxItem).where(OutboxItem.connector_id == UUID(lab.id)).order_by(OutboxItem.sequence)
        ).all()
        for row in rows[:2]:
            row.state, row.problem = "refused", {"detail": "no such field", "field": "Glow"}
    refused = lab("GET", "/outbox?state=refused")["items"]
    assert len(refused) == 2
    assert refused[0]["problem"]["field"] == "Glow"
    assert lab("GET")["needs_attention"] == 2
    retried = lab("POST", f"/outbox/{refused[1]['id']}/retry")
    assert (retried["state"], retried["problem"]) == ("waiting", None)
    lab("POST", f"/outbox/{refused[0]['id']}/skip", 422, json={"reason": " "})
    skipped = lab("POST", f"/outbox/{refused[0]['id']}/skip", json={"reason": "registered by hand"})
    assert (skipped["state"], skipped["problem"]["skipped_because"]) == ("skipped", "registered by hand")
    lab.run()
    assert {item["state"] for item in lab("GET", "/outbox")["items"]} == {"done", "skipped"}
    done = lab("GET", "/outbox?state=done")["items"][0]
    lab("POST", f"/outbox/{done['id']}/retry", 409)
    lab("POST", f"/outbox/{done['id']}/skip", 409, json={"reason": "no"})
    asked = lab("GET", f"/exchanges?message={retried['id']}")["items"]
    assert asked
    assert all("?" not in item["path"] for item in asked)


def test_what_could_not_be_read_is_shown_and_read_again_with_a_better_mapping(
    lab: Lab, campaign: str
) -> None:
    made = lab.link(campaign)
    lab("POST", f"/links/{made['id']}/push", json={"round": 1})
    lab.lims.results = [
        {"id": "m1", "source": "Glow", "about": "R1", "fields": {"Reading": "4", "Status": ""}}
    ]
    lab.run()
    (receipt,) = lab("GET", "/receipts?state=needs_attention")["items"]
    path = f"/receipts/{receipt['id']}"
    told = lab("GET", path)
    assert told["records"][0]["fields"] == {"Reading": "4", "Status": ""}
    assert told["report"]["problem"]
    assert "no field 'Value'" in told["report"]["notes"][0]
    assert "Reading" in told["report"]["notes"][0]
    content = lab.api.client.get(f"/v1/connectors/{lab.id}{path}/content")
    assert json.loads(content.content)["items"][0]["id"] == "m1"
    assert content.headers["etag"] == f'"{receipt["sha256"]}"'
    assert "attachment" in content.headers["content-disposition"]
    better = [{"source": "Glow", "row": {"type": "=glow", "value": "Reading", "units": "=mW"}}]
    lab.patch({"mapping": {"results": better}}, path=f"/links/{made['id']}")
    replayed = lab("POST", f"{path}/replay")
    assert (replayed["state"], replayed["mapping_version"]) == ("applied", 2)
    found = lab.api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"]
    assert [(item["object"], item["value"], item["upload_id"]) for item in found] == [
        ("1111", 4.0, replayed["upload_id"])
    ]
    lab("GET", "/receipts/00000000-0000-4000-8000-000000000000", 404)


def test_a_paused_connector_does_nothing_and_a_deleted_one_leaves_its_results(
    lab: Lab, campaign: str
) -> None:
    made = lab.link(campaign)
    assert lab("POST", "/pause")["status"] == "paused"
    lab("POST", f"/links/{made['id']}/push", json={"round": 1})
    lab("POST", "/run", 409)
    lab("POST", f"/links/{made['id']}/pull", 409)
    drain_connector(lab.context, UUID(lab.id))
    assert (lab.lims.records, lab("GET")["waiting"]) == ([], 4)
    lab("POST", "/resume")
    drain_connector(lab.context, UUID(lab.id))
    assert len(lab.lims.records) == 4
    lab("DELETE", "", 428)
    lab("DELETE", "", 204, headers=lab.tag())
    lab("GET", "", 404)
