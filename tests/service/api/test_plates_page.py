"""The page on plates runs as it stands: its layout, its robot's report, its readings, and the truth comes back."""

import math
import os
import re
from pathlib import Path
from typing import Any

import pytest
from api_actors import Api, Worker

PAGE = Path(__file__).parents[3] / "docs" / "plates.md"
PICTURE = os.environ.get("TEST_PLATES_PICTURE")
"""Where the page's picture is to be written anew, if it is."""


@pytest.fixture
def page(api: Api, worker: Worker) -> dict[str, Any]:
    """What the names of the page's example stand for after all of it has run."""
    objectives = [{"name": "potency", "type": "IC50", "units": "nM", "transform": "log10", "direction": "minimize"}]
    campaign = api.campaign(objectives=objectives)
    worker.finish(api.round(campaign["id"]))
    names = {"client": api.client, "rounds": f"/v1/campaigns/{campaign['id']}/rounds"}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    exec("\n".join(blocks), names)  # noqa: S102 - our own page
    return {**names, "stored": api.client.get(f"/v1/campaigns/{campaign['id']}/results").json()["items"]}


def test_the_example_runs_and_finds_what_it_made_up(page: dict[str, Any]) -> None:
    assert page["pick_list"].startswith("Source Plate Name,")
    assert set(page["failed"]["failed_wells"]) == {page["lost"]}
    dry = page["dry"].json()
    previewed = [row.pop("would_store") for row in dry["report"]["rows"]]
    assert {item["plate"] for item in previewed} == {"P-0001"}
    assert [row.pop("would_store") for row in page["read"]["report"]["rows"]] == [None] * 3
    assert dry == page["read"]
    assert page["read"]["report"]["accepted"] == 3
    stored = {item["candidate_id"]: item for item in page["stored"]}
    for candidate_id, true in page["truth"].items():
        finding, result = page["results"][candidate_id], stored[candidate_id]
        if true > 10:
            assert (finding["relation"], result["relation"], result["value"]) == (">", ">", 10_000.0)
            continue
        assert finding["curve"]["low"] <= true <= finding["curve"]["high"]
        assert result["value"] == pytest.approx(1000 * finding["value"])
        assert abs(math.log10(finding["value"] / true)) < 0.1
        assert 0 < result["standard_error"] < result["value"]
        assert "95 % interval" in result["comment"]
    lost = {well["well"]: well for well in page["client"].get(page["address"]).json()["analysis"]["wells"]}[
        page["lost"]
    ]
    assert "Well not found" in lost["excluded"]
    assert page["picture"].startswith(b"\x89PNG")
    if PICTURE is not None:
        Path(PICTURE).write_bytes(page["picture"])
