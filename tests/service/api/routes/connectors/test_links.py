"""Links over HTTP: checked, previewed, watched and mended, and what came in by them."""

import json
from uuid import UUID

from api_actors import Api
from connector_caller import MAPPING, Lab
from made_up_lims import PASSWORD
from sqlalchemy import select

from service.store.session import Sessions
from service.store.tables import ExternalRecord, OutboxItem
from workers.connectors import drain_connector


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


def test_nothing_is_looked_for_in_an_archived_campaign(lab: Lab, campaign: str) -> None:
    made = lab.link(campaign)
    assert lab.api.client.post(f"/v1/campaigns/{campaign}/archive").status_code == 200
    problem = lab("POST", f"/links/{made['id']}/pull", 409)
    assert "archived" in problem["detail"]


def test_two_links_of_a_watched_folder_do_not_take_each_others_files(api: Api) -> None:
    body = {"name": "Share", "kind": "watched_folder", "settings": {"folder": "lab"}}
    made = api.client.post("/v1/connectors", json=body)
    assert made.status_code == 201, made.text
    path = f"/v1/connectors/{made.json()['id']}/links"
    first, second = api.campaign()["id"], api.campaign()["id"]
    assert api.client.post(path, json={"campaign_id": first}).status_code == 201
    refused = api.client.post(path, json={"campaign_id": second})
    assert refused.json()["errors"][0]["pointer"] == "/mapping/folder"
    own = {"campaign_id": second, "mapping": {"folder": "second"}}
    assert api.client.post(path, json=own).status_code == 201
