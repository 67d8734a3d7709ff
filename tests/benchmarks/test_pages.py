"""The benchmark pages match the committed results, and every result is on a page."""

import json
import re
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmarks.__main__ import names
from benchmarks.report import Report
from benchmarks.results import PUBLISHED, Claim, Result, read
from benchmarks.tables.catalogue import TABLES
from docs import benchmark_pages
from docs.benchmark_pages import INDEX, PageError, pages, sections, written

FILES = sorted(PUBLISHED.glob("*.json"))
MOST_BYTES = 40_000
RUN = {"source": "run", "commit": "0123abc", "date": "2026-11-30", "machine": "a machine", "seeds": [0, 1]}


def result(**fields: object) -> Result:
    content = {
        "name": "x",
        "title": "X",
        "command": "x",
        "versions": {"python": "3"},
        "rows": [],
        "claims": [],
    }
    return Result.model_validate(content | RUN | fields)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_is_what_the_results_give(page: Path) -> None:
    assert written(page, sections(pages())) == page.read_text(encoding="utf-8"), "run `make benchmark-pages`"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_results_follows_the_schema_and_is_small(file: Path) -> None:
    published = read(file)
    assert published.rows
    assert not published.commit.endswith("+changes")
    assert "--quick" not in published.command
    assert file.stat().st_size < MOST_BYTES


def test_every_file_of_results_is_on_one_page() -> None:
    texts = "".join(page.read_text(encoding="utf-8") for page in pages())
    there = [file.stem for file in FILES]
    needed = re.findall(r"^<!-- results: ([^ |]+)", texts, flags=re.MULTILINE)
    if_run = re.findall(r"^<!-- results if run: ([^ |]+)", texts, flags=re.MULTILINE)
    assert sorted([*needed, *set(if_run) & set(there)]) == sorted(there)
    assert len(if_run) == len(set(if_run))


def test_the_index_has_every_claim_and_every_lost_one() -> None:
    claims = [claim for file in FILES for claim in read(file).claims]
    index = INDEX.read_text(encoding="utf-8")
    lost, everything = index.split("## Where we lose")[1].split("## All claims")
    for claim in claims:
        assert f"[{claim.name}](" in everything
        assert (f"[{claim.name}](" in lost) is not claim.holds
    assert sum(claim.holds for claim in claims) == everything.count("| yes")


def test_a_figure_that_changes_changes_its_page_and_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_pages, "PUBLISHED", tmp_path)
    for file in FILES:
        shutil.copy(file, tmp_path)
    content = json.loads((tmp_path / "selection.json").read_text(encoding="utf-8"))
    claim = content["claims"][0]
    claim |= {"value": -77.25, "holds": False}
    (tmp_path / "selection.json").write_text(json.dumps(content), encoding="utf-8")
    shown = sections(pages())
    changed = [page.stem for page in pages() if written(page, shown) != page.read_text(encoding="utf-8")]
    assert changed == ["selection", "index"]
    assert f"[{claim['name']}](selection.md#quality-and-spread) | -77.25 | ≥ 1.5 | **no** |" in written(
        INDEX, shown
    )


def test_results_that_are_not_there_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_pages, "PUBLISHED", tmp_path)
    with pytest.raises(PageError, match=r"throughput\.md asks for the results 'throughput-as-trained'"):
        sections(pages())


def test_results_that_may_come_later_are_told_as_missing_until_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_pages, "PUBLISHED", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("# T\n<!-- results if run: x | tv -->\nold\n<!-- end -->\n", encoding="utf-8")
    assert sections([page]) == []
    assert "Not measured yet." in written(page, [])
    result(rows=[{"tv": 0.5}, {"tv": 1.0, "who": "a"}]).write(tmp_path / "x.json")
    assert [section.anchor for section in sections([page])] == ["t"]
    assert "| tv |\n| --- |\n| 0.5 |\n| 1 |\n" in written(page, [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("<!-- losses -->\n<!-- claims -->\n<!-- end -->\n", "needs an end"),
        ("<!-- losses -->\n", "needs an end"),
        ("<!-- result: x -->\n<!-- end -->\n", "is not one of"),
    ],
)
def test_a_marker_that_would_swallow_text_is_refused(text: str, wrong: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(PageError, match=wrong):
        written(page, [])


def test_columns_choose_rows_and_cells_read_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"seed": 1, "tv": 0.123456, "who": None},
        {"tv": 2_000, "mean": True, "who": "a|b"},
        {"calls": 18_639.4},
    ]
    result(rows=rows).write(tmp_path / "x.json")
    monkeypatch.setattr(benchmark_pages, "PUBLISHED", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("<!-- results: x | tv, mean -->\nold\n<!-- end -->\n", encoding="utf-8")
    text = written(page, [])
    assert "| tv | mean |\n| --- | --- |\n| 2,000 | yes |\n" in text
    assert "0.1235" not in text
    assert "old" not in text
    assert "*Measured at `0123abc` on 2026-11-30; a machine. 2 seeds.* Command: `x`." in text
    page.write_text("<!-- results: x -->\n<!-- end -->\n", encoding="utf-8")
    assert "| 1 | 0.1235 | - |" in written(page, [])
    assert "| 2,000 | yes | a\\|b |" in written(page, [])
    assert "| 18,639 |" in written(page, [])


@pytest.mark.parametrize(
    ("value", "half", "measured", "holds"),
    [
        (1.00053, None, "1.001", "**no**"),
        (1.0000001, None, "1.0000001", "**no**"),
        (0.98, 0.05, "0.98 ± 0.05", "yes, within its interval"),
        (1.3, 0.25, "1.3 ± 0.25", "**no**"),
    ],
)
def test_a_claim_shows_how_near_its_bar_it_is(
    value: float, half: float | None, measured: str, holds: str
) -> None:
    claim = Claim(name="c", value=value, half=half, relation="<=", bar=1.0)
    assert benchmark_pages._figures(claim) == (measured, "≤ 1", holds)


def test_figures_copied_from_a_page_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_pages, "PUBLISHED", tmp_path)
    result(source="page at 0123abc", versions={}).write(tmp_path / "x.json")
    page = tmp_path / "page.md"
    page.write_text("<!-- results: x -->\n<!-- end -->\n", encoding="utf-8")
    assert "*Copied from the earlier page, published first at `0123abc` on 2026-11-30" in written(page, [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"commit": "main"},
        {"source": "memory"},
        {"date": "30 November"},
        {"versions": {}},
        {"surprise": 1},
        {"claims": [{"name": "c", "value": 1.0, "relation": ">=", "bar": 2.0, "holds": True}]},
        {"claims": [{"name": "c", "value": float("nan"), "relation": ">=", "bar": 2.0}]},
    ],
    ids=str,
)
def test_results_that_do_not_follow_the_schema_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        result(**wrong)


def test_a_report_is_written_as_it_is_read(tmp_path: Path) -> None:
    arguments = ["--json", "out.json", "--part", "losses", "--resume=there"]
    report = Report("Title", "fidelity", arguments, commit="0123abc+changes")
    report.row(seed=3, tv=float("inf"))
    report.row(tv=0.5)
    report.claim("tv", 0.5, "<=", 0.5, half=float("nan"))
    report.claim("difference to nobody", float("nan"), "<=", 0.5)
    report.write(tmp_path / "x.json")
    actual = read(tmp_path / "x.json")
    assert actual.rows == [{"seed": 3, "tv": None}, {"tv": 0.5}]
    assert actual.notes == ["difference to nobody: this run has no figure for it"]
    assert actual.claims == [Claim(name="tv", value=0.5, relation="<=", bar=0.5)]
    assert actual.claims[0].holds
    assert (actual.seeds, actual.commit, actual.source) == ([3], "0123abc+changes", "run")
    assert actual.command == "python -m benchmarks.fidelity --part losses"
    assert {"python", "torch", "numpy"} <= actual.versions.keys()


def test_what_runs_and_reports_is_a_benchmark() -> None:
    actual = names()
    assert {"throughput", "campaigns", "reading"} <= set(actual)
    assert not {"tables", "peer", "report", "results", "policy"} & set(actual)


def test_the_page_of_tables_names_each_one() -> None:
    text = (INDEX.parent / "tables.md").read_text(encoding="utf-8")
    for table in TABLES:
        assert table.path in text
        assert table.sha256 in text
