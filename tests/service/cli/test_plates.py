"""A batch measured in plates from the command line, against a real API."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from plate_readings import grid, long, simulated
from typer.testing import CliRunner, Result

from assayflow import AssayflowError
from service.cli.main import commands

if TYPE_CHECKING:
    from players import Player

OBJECTIVES = [
    {"name": "potency", "type": "IC50", "units": "nM", "transform": "log10", "direction": "minimize"}
]
LAYOUT = {
    "name": "P-1",
    "type": "IC50",
    "doses": {"top": 10, "units": "uM", "points": 10, "factor": 3},
    "seed": 5,
    "stocks": {"concentrations": [10, 0.1, 0.002], "assay_volume_ul": 50},
}
Shell = Callable[..., Result]


@pytest.fixture
def campaign(player: "Player") -> str:
    """A campaign whose first round has a batch of three."""
    made: str = player.api.campaign(objectives=OBJECTIVES)["id"]
    player.worker.finish(player.api.round(made))
    return made


@pytest.fixture
def shell(player: "Player", campaign: str) -> Shell:
    """Types `assayflow plates COMMAND CAMPAIGN WORDS`."""

    def typed(command: str, *words: object) -> Result:
        return CliRunner().invoke(
            commands, ["plates", command, campaign, *map(str, words)], env=player.environment
        )

    return typed


@pytest.fixture
def plate(player: "Player", campaign: str, shell: Shell, tmp_path: Path) -> dict[str, Any]:
    """The plate P-1 of round 1, laid out from a file."""
    spec = tmp_path / "layout.json"
    spec.write_text(json.dumps(LAYOUT))
    shown = shell("lay-out", spec)
    assert shown.exit_code == 0, shown.output
    assert "P-1 of round 1 is laid out: " in shown.output
    assert " 3 candidates, seed 5" in shown.output
    address = f"/v1/campaigns/{campaign}/rounds/1/plates"
    (summary,) = player.api.client.get(address).json()["items"]
    assert summary["id"] in shown.output
    found: dict[str, Any] = player.api.client.get(f"{address}/{summary['id']}").json()
    return found


def results(player: "Player", campaign: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = player.api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"]
    return items


def signals(plate: dict[str, Any]) -> dict[str, float]:
    """Signals of IC50s of 0.05 and 1 uM, and of an inactive candidate."""
    ids = sorted({well["candidate_id"] for well in plate["layout"]["wells"]} - {None})
    return simulated(plate["layout"], dict(zip(ids, (0.05, 1.0, None), strict=True)), noise=3.0)


def test_a_plate_is_listed_and_written_as_files(shell: Shell, plate: dict[str, Any], tmp_path: Path) -> None:
    listed = shell("list").output.splitlines()
    assert listed[1].split() == ["1", "P-1", "IC50", "laid_out", plate["id"]]
    table, book, picks = (tmp_path / name for name in ("map.csv", "map.xlsx", "picks.csv"))
    assert f"written to {table}" in shell("map", "P-1", "--out", table).output
    assert len(table.read_text().splitlines()) == 1 + len(plate["layout"]["wells"])
    assert shell("map", plate["id"], "--out", book).exit_code == 0
    assert book.read_bytes().startswith(b"PK")
    assert shell("pick-list", "P-1", "--out", picks, "--robot", "echo").exit_code == 0
    assert len(picks.read_text().splitlines()) == 1 + len(plate["layout"]["transfers"])
    other = shell("pick-list", "P-1", "--out", tmp_path / "no.csv", "--robot", "biomek")
    assert "planned for the echo" in str(other.exception)
    assert not (tmp_path / "no.csv").exists()


def test_a_robots_report_names_the_wells_that_it_did_not_fill(
    player: "Player", campaign: str, shell: Shell, plate: dict[str, Any], tmp_path: Path
) -> None:
    lost = next(well["well"] for well in plate["layout"]["wells"] if well["role"] == "sample")
    columns = "Destination Plate Barcode,Destination Well,Transfer Volume,Actual Volume,Transfer Status"
    report = tmp_path / "echo.csv"
    report.write_text(f"[EXCEPTIONS]\n{columns}\nP-1,{lost},25,0,MM0202007: Well not found\n")
    where = f"/v1/campaigns/{campaign}/rounds/1/plates/{plate['id']}"
    dry = shell("transfers", "P-1", report, "--dry-run")
    assert "1 transfers, 1 wells failed" in dry.output
    assert f"  {lost}: transfer failed; MM0202007: Well not found; 0 of 25 nL moved" in dry.output
    assert "Dry run: nothing was stored." in dry.output
    assert player.api.client.get(where).json()["failed_wells"] == {}
    shown = shell("transfers", "P-1", report)
    assert "Dry run" not in shown.output
    assert set(player.api.client.get(where).json()["failed_wells"]) == {lost}


def test_readings_become_results_unless_it_is_a_dry_run(
    player: "Player", campaign: str, shell: Shell, plate: dict[str, Any], tmp_path: Path
) -> None:
    export, kept = tmp_path / "reader.csv", tmp_path / "answer.json"
    export.write_text(long(signals(plate)))
    dry = shell("wells", "P-1", export, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "Dry run: nothing was stored." in dry.output
    assert results(player, campaign) == []
    assert shell("curves", "P-1", "--folder", tmp_path / "early").exit_code != 0
    shown = shell("wells", "P-1", export, "--json", kept)
    assert "results: 3 accepted" in shown.output
    assert "Z' 0." in shown.output
    answer = json.loads(kept.read_text())
    assert len(results(player, campaign)) == len(answer["findings"]) == 3
    for item in answer["findings"]:
        line = next(line for line in shown.output.splitlines() if line.startswith(item["candidate_id"]))
        relation = "" if item["relation"] == "=" else f"{item['relation']} "
        assert f" {relation}{item['value']:.3g} uM " in line
        if item["verdict"] == "measured":
            assert f"{item['curve']['low']:.3g} to {item['curve']['high']:.3g}" in line
    assert "results: no rows, 3 stored before" in shell("wells", "P-1", export).output
    folder = tmp_path / "curves"
    assert shell("curves", "P-1", "--folder", folder, "--format", "png").exit_code == 0
    names = {f"{item['candidate_id']}.png" for item in answer["findings"]}
    assert {path.name for path in folder.iterdir()} == names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_one_of_several_readings_is_chosen(shell: Shell, plate: dict[str, Any], tmp_path: Path) -> None:
    read = signals(plate)
    export = tmp_path / "reader.txt"
    other = {well: value / 7 for well, value in read.items()}
    export.write_text(
        grid(other, title="Read 1", delimiter="\t") + "\n" + grid(read, title="Read 2", delimiter="\t")
    )
    asked = shell("wells", "P-1", export)
    assert isinstance(asked.exception, AssayflowError)
    assert "1: Read 1" in str(asked.exception)
    assert "read from Read 2: Z' " in shell("wells", "P-1", export, "--block", "2").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("wells", "P-1", "x.pdf"), "readings end in .csv"),
        (("wells", "P-9", "x.csv"), "the campaign has no plate P-9"),
        (("wells", "P-1", "x.csv", "--round", "1"), "no wells are in the file"),
        (("map", "P-1", "--out", "map.pdf"), "must end in .csv or .xlsx"),
        (("lay-out", "x.csv"), "is no JSON"),
        (("lay-out", "list.json"), "no JSON object"),
        (("lay-out", "none.json"), "/doses"),
        (("curves", "P-1", "--folder", "curves"), "was not read yet"),
    ],
)
@pytest.mark.usefixtures("plate")
def test_a_mistake_is_told_with_its_place(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("x.csv", "a,b\n"), ("x.pdf", "%PDF"), ("list.json", "[]"), ("none.json", "{}")):
        Path(name).write_text(text)
    refused = shell(*words)
    assert refused.exit_code != 0
    assert said in f"{refused.output}{refused.exception}"
    assert not Path("curves").exists()


def test_a_plate_that_was_only_laid_out_is_deleted(shell: Shell, plate: dict[str, Any]) -> None:
    assert plate["id"] in shell("list", "--round", "1").output
    assert "P-1 is deleted." in shell("delete", "P-1").output
    assert plate["id"] not in shell("list").output


def test_a_machine_reads_json_of_every_command(shell: Shell, tmp_path: Path) -> None:
    spec = tmp_path / "layout.json"
    spec.write_text(json.dumps(LAYOUT))
    plate = json.loads(shell("lay-out", spec, "--json").stdout)
    assert plate["name"] == "P-1"
    assert [item["name"] for item in json.loads(shell("list", "--json").stdout)] == ["P-1"]
    out = tmp_path / "map.csv"
    assert json.loads(shell("map", "P-1", "--out", out, "--json").stdout) == {"path": str(out)}
    assert json.loads(shell("delete", "P-1", "--json").stdout) == {"deleted": plate["id"]}
    assert "no plate P-1" in json.loads(shell("delete", "P-1", "--json").stdout)["error"]["title"]
