"""Amending results from the command line, against a real API."""

from typing import TYPE_CHECKING, Any

from assayflow import AssayflowError

if TYPE_CHECKING:
    from players import Player


def stored(player: "Player") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = player.api.client.get(f"/v1/campaigns/{player.campaign}/results").json()[
        "items"
    ]
    return items


def test_results_are_corrected_and_withdrawn_with_a_reason(player: "Player"):
    rows = [
        {"switches": f"{number:04b}", "type": "glow", "value": number, "units": "mW"} for number in range(3)
    ]
    posted = player.api.client.post(f"/v1/campaigns/{player.campaign}/results", json=rows)
    upload = posted.headers["Location"].split("/")[-2]
    ids = {item["value"]: item["id"] for item in stored(player) if item["upload_id"] == upload}
    shown = player.type("correct", ids[1], "--set", "value=<7", "--set", "lot=L-1", "--reason", "misread")
    assert shown.exit_code == 0, shown.output
    assert f"is in the place of {ids[1]}" in shown.output
    assert player.type("withdraw", "--result", ids[2], "--reason", "wrong plate").exit_code == 0
    shown = player.type("withdraw", "--upload", upload, "--reason", "wrong file")
    assert "1 results count no more" in shown.output
    told = {item["id"]: (item["status"], item["status_reason"]) for item in stored(player)}
    assert [told[ids[value]] for value in range(3)] == [
        ("withdrawn", "wrong file"),
        ("corrected", "misread"),
        ("withdrawn", "wrong plate"),
    ]
    (made,) = [item for item in stored(player) if item["supersedes"] == ids[1]]
    assert (made["value"], made["relation"], made["lot"]) == (7.0, "<", "L-1")


def test_what_is_not_clear_is_asked_for(player: "Player"):
    for words in (["withdraw", "--reason", "x"], ["correct", "r", "--set", "value", "--reason", "x"]):
        assert isinstance(player.type(*words).exception, AssayflowError)
