"""The groups of commands over HTTP, against a real API: tables, JSON, files, errors and exit codes."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from api_actors import SPEC
from typer.testing import CliRunner, Result

from assayflow import ComputationError, ConflictError, ValidationFailedError, WaitTimeoutError
from service.cli.main import app, commands

if TYPE_CHECKING:
    from players import Player

Shell = Callable[..., Result]
CSV = "switches,type,value,units\n1010,glow,2.5,mW\n0101,glow,1.5,mW\n"


@pytest.fixture
def shell(player: "Player") -> Shell:
    def typed(*words: object) -> Result:
        return CliRunner().invoke(commands, [*map(str, words)], env=player.environment)

    return typed


@pytest.fixture
def campaign(player: "Player") -> str:
    made: str = player.api.campaign()["id"]
    return made


def told(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def exits(
    words: list[object], player: "Player", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Run the command as a process would, and return its exit code, output and errors."""
    for name, value in player.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["assayflow", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        app()
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def test_a_campaign_is_made_listed_changed_and_archived(shell: Shell, tmp_path: Path) -> None:
    spec, changes = tmp_path / "spec.json", tmp_path / "changes.json"
    spec.write_text(json.dumps({**SPEC, "name": "From the shell"}))
    changes.write_text('{"name": "Renamed"}')
    campaign = shell("campaigns", "create", spec).stdout.strip()
    assert campaign in shell("campaigns", "list").stdout
    assert told(shell("campaigns", "show", campaign, "--json"))["name"] == "From the shell"
    assert "glow" in shell("campaigns", "show", campaign).stdout
    assert "Renamed" in shell("campaigns", "update", campaign, changes).stdout
    assert "is archived" in shell("campaigns", "archive", campaign).stdout
    (item,) = [item for item in told(shell("campaigns", "list", "--json")) if item["id"] == campaign]
    assert (item["name"], item["state"]) == ("Renamed", "archived")


def test_results_are_tried_uploaded_listed_and_exported(shell: Shell, campaign: str, tmp_path: Path) -> None:
    table, out = tmp_path / "plates.csv", tmp_path / "all.csv"
    table.write_text(CSV)
    dry = shell("results", "upload", campaign, table, "--dry-run")
    assert "2 accepted" in dry.stdout
    assert "Dry run: nothing was stored." in dry.stdout
    assert told(shell("results", "list", campaign, "--json")) == []
    report = told(shell("results", "upload", campaign, table, "--json"))
    assert report["accepted"] == 2
    listed = shell("results", "list", campaign, "--status", "current").stdout
    assert all(text in listed for text in ("1010", "2.5", "mW"))
    result = told(shell("results", "list", campaign, "--json"))[0]["id"]
    assert result in shell("results", "show", campaign, result).stdout
    assert "2 results written" in shell("results", "export", campaign, "--out", out).stdout
    with out.open() as file:
        assert {row["object"] for row in csv.DictReader(file)} == {"1010", "0101"}
    (file_item,) = told(shell("results", "files", campaign, "--json"))
    copy = tmp_path / "copy.csv"
    assert shell("results", "file", campaign, file_item["id"], "--out", copy).exit_code == 0
    assert copy.read_text() == CSV
    assert shell("results", "export", campaign, "--out", tmp_path / "all.docx").exit_code == 2


def test_columns_words_and_kept_readings_say_how_a_file_is_read(
    shell: Shell, campaign: str, tmp_path: Path
) -> None:
    table = tmp_path / "reader.csv"
    table.write_text("Lamp;Brightness\n1010;2,5\n0101;dark\n")
    options = [
        "--column", "Lamp=switches", "--column", "Brightness=glow (mW)", "--word", "dark=< 0.1",
        "--decimal", "comma", "--delimiter", "semicolon",
    ]  # fmt: skip
    shown = shell("results", "upload", campaign, table, *options, "--dry-run")
    assert "2 accepted" in shown.stdout, (shown.output, shown.exception)
    assert "Lamp → switches" in shown.stdout
    assert "is kept" in shell("readings", "save", campaign, "default", *options).stdout
    assert "default" in shell("readings", "list", campaign).stdout
    assert "comma" in shell("readings", "show", campaign, "default").stdout
    assert told(shell("results", "upload", campaign, table, "--json"))["accepted"] == 2
    assert {
        (item["relation"], item["value"]) for item in told(shell("results", "list", campaign, "--json"))
    } == {
        ("=", 2.5),
        ("<", 0.1),
    }
    assert "is forgotten" in shell("readings", "delete", campaign, "default").stdout
    assert told(shell("readings", "list", campaign, "--json")) == []
    assert shell("results", "upload", campaign, table, "--column", "Lamp").exit_code == 2


def test_a_refused_table_is_told_row_by_row_with_exit_1(
    player: "Player", campaign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], shell: Shell,
) -> None:  # fmt: skip
    table = tmp_path / "bad.csv"
    table.write_text(f"{CSV}12,glow,3,mW\n")
    code, _, errors = exits(["results", "upload", campaign, table], player, monkeypatch, capsys)
    assert code == 1
    assert any(line.startswith("4 ") and "rejected" in line for line in errors.splitlines()), errors
    refused = shell("results", "upload", campaign, table, "--json")
    assert isinstance(refused.exception, ValidationFailedError)
    assert [row["status"] for row in json.loads(refused.stdout)["error"]["rows"]] == [
        "accepted", "accepted", "rejected",
    ]  # fmt: skip
    assert told(shell("results", "list", campaign, "--json")) == []
    partly = shell("results", "upload", campaign, table, "--mode", "partial")
    assert "2 accepted, 1 rejected" in partly.stdout


def test_results_are_amended_in_their_group_too(shell: Shell, campaign: str, tmp_path: Path) -> None:
    table = tmp_path / "plates.csv"
    table.write_text(CSV)
    shell("results", "upload", campaign, table)
    first, second = (item["id"] for item in told(shell("results", "list", campaign, "--json")))
    shown = shell("results", "correct", campaign, first, "--set", "value=9", "--reason", "misread")
    assert f"is in the place of {first}" in shown.stdout
    assert "counts no more" in shell(
        "results", "withdraw", campaign, "--result", second, "--reason", "wrong plate"
    ).stdout  # fmt: skip
    assert len(told(shell("results", "list", campaign, "--status", "current", "--json"))) == 1


def test_a_round_is_started_followed_and_its_batch_decided_and_released(
    player: "Player", shell: Shell, campaign: str, tmp_path: Path
) -> None:
    assert "no round yet" in str(shell("rounds", "follow", campaign).exception)
    assert "round 1 is started" in shell("rounds", "start", campaign).stdout
    late = shell("rounds", "follow", campaign, "--timeout", "0.2")
    assert isinstance(late.exception, WaitTimeoutError)
    assert isinstance(shell("rounds", "start", campaign).exception, ConflictError)
    (started,) = told(shell("rounds", "list", campaign, "--json"))
    player.worker.finish_with_reserves(started, ("1111", "1110"), ("0111",))
    assert "awaiting_results" in shell("rounds", "follow", campaign, "1").stdout
    assert "awaiting_results" in shell("rounds", "show", campaign).stdout
    first, second = (item["id"] for item in told(shell("batch", "show", campaign, "--json"))["candidates"])
    shown = shell("batch", "show", campaign).stdout
    assert first in shown
    assert "2.00 ± 0.50" in shown
    assert "is approved" in shell("candidates", "decide", first, "approved", "--reason", "nice").stdout
    assert "is rejected" in shell("candidates", "decide", second, "rejected", "--reason", "toxic").stdout
    assert "0111" in shell("candidates", "replace", second).stdout
    assert "toxic" in shell("candidates", "decisions", second).stdout
    assert "glow" in shell("candidates", "show", first).stdout
    out = tmp_path / "batch.csv"
    assert f"written to {out}" in shell("batch", "download", campaign, "--out", out).stdout
    assert out.read_text().startswith("candidate_id,rank,switches")
    assert shell("batch", "release", campaign).exit_code == 1  # nobody answered the question
    assert told(shell("rounds", "show", campaign, "--json"))["released_at"] is None
    released = told(shell("batch", "release", campaign, "--yes", "--json"))
    assert released["batch_sha256"]


def test_a_cancelled_round_is_repeated(shell: Shell, campaign: str) -> None:
    shell("rounds", "start", campaign)
    assert "will be cancelled" in shell("rounds", "cancel", campaign).stdout
    ended = shell("rounds", "follow", campaign)
    assert isinstance(ended.exception, ComputationError)
    assert "round 1 is started" in shell("rounds", "retry", campaign).stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["campaigns", "list", "--url", "http://127.0.0.1:9"], 3, "no answer from http://127.0.0.1:9"),
        (["campaigns", "show", "00000000-0000-0000-0000-000000000000"], 1, "Not found"),
        (["campaigns", "list", "--key", "af_nobody"], 1, "A valid API key is required"),
        (["campaigns", "show"], 2, "CAMPAIGN"),
        (["rounds", "follow", "{campaign}", "--timeout", "0.1"], 4, "not finished after 0.1 s"),
        (["rounds", "follow", "{cancelled}"], 5, "round 1 cancelled"),
    ],
)
def test_every_way_to_fail_has_its_exit_code(  # noqa: PLR0913, PLR0917 - fixtures
    words: list[object], code: int, said: str, player: "Player", shell: Shell,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    running, cancelled = (str(player.api.campaign()["id"]) for _ in range(2))
    for each in (running, cancelled):
        shell("rounds", "start", each)
    shell("rounds", "cancel", cancelled)
    places = {"{campaign}": running, "{cancelled}": cancelled}
    given = [places.get(str(word), word) for word in words]
    ended, _, errors = exits(given, player, monkeypatch, capsys)
    assert ended == code
    assert said in errors
    assert "Traceback" not in errors


def test_keys_of_a_running_service_are_managed_over_http(
    player: "Player", shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = told(shell("keys", "create", "robot", "--scope", "read", "--days", "3", "--json"))
    assert made["secret"].startswith(f"af_{made['id']}_")
    shown = shell("keys", "current").stdout
    assert player.url in shown
    assert "read write admin" in shown
    listed = shell("keys", "list").stdout
    assert made["id"] in listed
    assert made["secret"] not in listed
    monkeypatch.chdir(tmp_path)
    local = shell("keys", "list", "--local")
    assert "there is no database" in str(local.exception)
    assert "is revoked" in shell("keys", "revoke", made["id"]).stdout
    (row,) = [item for item in told(shell("keys", "list", "--json")) if item["id"] == made["id"]]
    assert row["revoked_at"]


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_the_shell_completes_groups_and_commands(shell_name: str) -> None:
    environment = {"_ASSAYFLOW_COMPLETE": f"complete_{shell_name}"}
    environment |= {
        "COMP_WORDS": "assayflow rounds ",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "assayflow rounds ",
    }
    environment |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": ""}
    shown = CliRunner().invoke(commands, [], env=environment, prog_name="assayflow").stdout
    assert "start" in shown
    assert "follow" in shown
