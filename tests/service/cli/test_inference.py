"""Samples, predictions and insights from the command line, against a real API."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from api_actors import judged
from openpyxl import Workbook
from typer.testing import CliRunner

from assayflow import AssayflowError
from service.cli.main import commands

if TYPE_CHECKING:
    from players import Player

ROOT = Path(__file__).parents[3]
NOBODY = "http://127.0.0.1:9"


def test_samples_are_shown_and_kept(player: "Player", tmp_path: Path):
    answer = player.worker.samples("1010", "0101")
    answer["summary"]["statements"] = ["2 of 5 [sic] were found."]
    table, kept = tmp_path / "samples.csv", tmp_path / "samples.json"
    for out in (table, kept):
        with player.answering("samples", lambda job: player.worker.answer(job, answer)):
            shown = player.type(
                "samples", "--n", "5", "--beta", "8", "--beta", "32", "--preference", "glow=0.7,ones=0.3",
                "--like", "switches=1110", "--similarity", "0.4", "--avoid", "00", "--seed", "3",
                "--out", str(out),
            )  # fmt: skip
        assert shown.exit_code == 0, shown.output
    request = player.jobs("samples")[0]["request"]
    assert (request["n"], request["beta"], request["seed"], request["avoid"]) == (5, [8, 32], 3, ["00"])
    assert request["preference"] == [{"glow": 0.7, "ones": 0.3}]
    assert request["like"] == {"object": {"switches": "1110"}, "similarity": 0.4}
    first = next(line for line in shown.output.splitlines() if "1010" in line)
    assert re.split(r"\s{2,}", first.strip()) == ["1", "1010", "2.00 ± 0.50", "2.00", "8", "70/30", "-2.0"]
    assert "Why the first one: it has many lights" in shown.output
    assert "2 of 5 samples; round 1, seed 3" in shown.output
    assert "2 of 5 [sic] were found." in shown.output
    assert table.read_text().startswith("candidate_id,rank,switches")
    assert [item["object"] for item in json.loads(kept.read_text())["samples"]] == ["1010", "0101"]


def test_own_objects_are_predicted_and_bad_rows_reported(player: "Player", tmp_path: Path):
    table, out = tmp_path / "mine.csv", tmp_path / "told.csv"
    table.write_text("switches\n1010\n1111\n12\n")
    answer = {"rows": [judged(1, "1010"), judged(2, "1111")]}
    with player.answering("predictions", lambda job: player.worker.answer(job, answer)):
        shown = player.type("predict", str(table), "--out", str(out))
    assert shown.exit_code == 0, shown.output
    assert "rows of mine.csv: 2 accepted, 1 rejected" in shown.output
    assert re.search(r"^  row 4: .+", shown.output, re.MULTILINE)
    shown_numbers = {line.split()[1]: line for line in shown.output.splitlines() if "±" in line}
    assert "no: measured already" in shown_numbers["1111"]
    assert "yes" in shown_numbers["1010"]
    assert "1.50 ± 0.50" in shown_numbers["1010"]
    assert out.read_text().splitlines()[0].startswith("row,switches")


def test_json_rows_are_judged_too(player: "Player", tmp_path: Path):
    table = tmp_path / "mine.json"
    table.write_text('[{"switches": "1010"}]')
    with player.answering(
        "predictions", lambda job: player.worker.answer(job, {"rows": [judged(1, "1010")]})
    ):
        shown = player.type("predict", str(table))
    assert "rows of mine.json: 1 accepted" in shown.output


def test_a_sheet_of_objects_is_chosen_by_name(player: "Player", tmp_path: Path):
    table = tmp_path / "mine.xlsx"
    book = Workbook()
    book.active.append(["a title page"])
    for row in (["switches"], ["1010"]):
        (book["Mine"] if "Mine" in book.sheetnames else book.create_sheet("Mine")).append(row)
    book.save(table)
    with player.answering(
        "predictions", lambda job: player.worker.answer(job, {"rows": [judged(1, "1010")]})
    ):
        shown = player.type("predict", str(table), "--sheet", "Mine")
    assert "rows of mine.xlsx: 1 accepted" in shown.output
    refused = player.type("predict", str(table), "--sheet", "Yours")
    assert "/sheet: the workbook has no sheet 'Yours'; it has 'Sheet', 'Mine'" in str(refused.exception)


def test_insights_are_sentences_and_files(player: "Player", tmp_path: Path):
    numbers = tmp_path / "insights.json"
    shown = player.type(
        "insights", "--json", str(numbers), "--figures", str(tmp_path / "figures"), "--format", "png",
        "--threshold", "glow=2.5",
    )  # fmt: skip
    assert shown.exit_code == 0, shown.output
    shown_numbers = json.loads(numbers.read_text())
    assert shown_numbers["hits"]["thresholds"] == {"glow": 2.5}
    assert all(statement in shown.output for statement in shown_numbers["statements"])
    assert len(shown_numbers["figures"]) == 8
    for figure in shown_numbers["figures"]:
        assert (tmp_path / "figures" / f"{figure['name']}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["samples", "--preference", "warmth=1"],
            "/preference/0/warmth: unknown objective; this campaign has glow, ones",
        ),
        (["samples", "--n", "5000"], "/n: "),
        (["samples", "--round", "9"], "/round: there is no round 9"),
        (["insights", "--threshold", "warmth=1"], "warmth"),
    ],
)
def test_a_problem_is_one_line_with_its_location(player: "Player", words: list[str], said: str):
    refused = player.type(*words)
    assert isinstance(refused.exception, AssayflowError)
    assert said in str(refused.exception)
    assert "\n" not in str(refused.exception)


def test_a_failed_job_gives_the_reason(player: "Player"):
    def fail(job: dict[str, Any]) -> None:
        player.api.client.post(f"/v1/campaigns/{player.campaign}/samples/{job['id']}/cancel")

    with player.answering("samples", fail):
        shown = player.type("samples")
    assert "samples cancelled" in str(shown.exception)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["samples", "--out", "batch.docx"], "--out"),
        (["predict", "table.docx"], "FILE"),
        (["samples", "--beta", "hot"], "a number, colder or bolder"),
        (["insights", "--format", "gif"], "svg"),
    ],
)
def test_unreadable_options_are_refused_before_any_request(
    player: "Player", words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("table.docx").touch()
    before = len(player.jobs("samples"))
    refused = player.type(*words)
    assert refused.exit_code == 2
    assert said in refused.output
    assert len(player.jobs("samples")) == before


def test_a_key_and_a_running_service_are_needed():
    environment = {"ASSAYFLOW_URL": NOBODY, "ASSAYFLOW_KEY": "", "ASSAYFLOW_API_KEY": ""}
    without = CliRunner().invoke(commands, ["insights", "c"], env=environment)
    assert "ASSAYFLOW_API_KEY" in str(without.exception)
    alone = CliRunner().invoke(commands, ["insights", "c", "--key", "af_x"], env=environment)
    assert f"no answer from {NOBODY}" in str(alone.exception)


def test_ctrl_c_stops_the_job_as_well(player: "Player"):
    before = len(player.jobs("samples"))
    command = [sys.executable, "-m", "service.cli.main", "samples", player.campaign]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env={**os.environ, **player.environment}, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while len(found := player.jobs("samples")) == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert player.key not in said
    state = player.api.client.get(f"/v1/campaigns/{player.campaign}/samples/{found[0]['id']}").json()["state"]
    assert state == "cancelled"
