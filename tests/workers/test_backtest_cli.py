"""`assayflow backtest`, from files to files."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

SPEC = {
    "name": "switches",
    "domain": {"kind": "peptides", "min_length": 3, "max_length": 3},
    "objectives": [{"name": "signal"}],
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "spec.json").write_text(json.dumps(SPEC), encoding="utf-8")
    rows = [f"{text},{text.count('K')}" for text in map("".join, itertools.product("EGKL", repeat=3))]
    (tmp_path / "table.csv").write_text("\n".join(["sequence,signal", *rows, "A?C,1", ""]), encoding="utf-8")
    return tmp_path


def run(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable,
        "-m",
        "service.cli.main",
        "backtest",
        "--spec",
        f"{folder}/spec.json",
        *options,
    ]
    return subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=300
    )


def test_curves_a_table_and_a_picture(files: Path) -> None:
    wanted = [
        "--rounds",
        "2",
        "--batch-size",
        "4",
        "--initial",
        "8",
        "--seeds",
        "2",
        "--methods",
        "random,genetic",
    ]
    outputs = ["--json", f"{files}/out.json", "--plot", f"{files}/out.svg"]
    done = run(files, "--table", f"{files}/table.csv", *wanted, *outputs)
    assert done.returncode == 0, done.stderr
    assert "genetic" in done.stdout
    assert "1 rows" in done.stderr
    answer = json.loads((files / "out.json").read_text(encoding="utf-8"))
    assert answer["objects"] == 64
    assert {(row["method"], row["round"]) for row in answer["curves"]} == {
        (method, number) for method in ("random", "genetic") for number in range(3)
    }
    assert "<svg" in (files / "out.svg").read_text(encoding="utf-8")


def test_mistakes_are_one_line(files: Path) -> None:
    done = run(files, "--table", f"{files}/table.csv", "--methods", "luck")
    assert done.returncode == 1
    assert "luck" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sheet_of_a_workbook_is_the_table(files: Path) -> None:
    book = Workbook()
    book.active.append(["nothing", "of", "use"])
    page = book.create_sheet("Plates")
    for line in (files / "table.csv").read_text(encoding="utf-8").splitlines():
        page.append(line.split(","))
    book.save(files / "table.xlsx")
    wanted = ["--rounds", "1", "--batch-size", "4", "--initial", "8", "--seeds", "1", "--methods", "random"]
    table = ["--table", f"{files}/table.xlsx"]
    done = run(files, *table, "--sheet", "plates", *wanted)
    assert done.returncode == 0, done.stderr
    assert "64 objects" in done.stdout
    missing = run(files, *table, "--sheet", "Wells", *wanted)
    assert (missing.returncode, "'Sheet', 'Plates'" in " ".join(missing.stderr.split())) == (1, True)
    assert "Traceback" not in missing.stderr


def test_a_wrong_specification_names_its_field(files: Path) -> None:
    (files / "spec.json").write_text(json.dumps(SPEC | {"batch": {"size": 0}}), encoding="utf-8")
    done = run(files, "--table", f"{files}/table.csv", "--methods", "random")
    assert done.returncode == 1
    assert "batch.size" in done.stderr
    assert "Traceback" not in done.stderr
