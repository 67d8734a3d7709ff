"""Hazard lists are read completely or refused, naming the wrong file, row or entry."""

import hashlib
import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from models.domains import installed, open_domain
from models.safety import hazard_lists
from models.safety.hazard_lists import HazardList, HazardListError, load_hazard_lists, read_hazard_list
from models.specs.base import DomainSpec

LIST: dict[str, Any] = {
    "name": "sparks",
    "version": "2026-01",
    "domain": "switches",
    "entries": [{"pattern": "111", "reason": "burns"}, {"pattern": "000", "reason": "freezes"}],
}
CSV = """\
name,version,domain,pattern,reason
motifs,3,peptides,KKK,made up for this test
motifs,3,peptides,"C.{1,2}C",x
"""


def written(folder: Path, content: Any, name: str = "list.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def spec_of(kind: str, **fields: Any) -> DomainSpec:
    return installed()[kind].spec.model_validate({"kind": kind, **fields})


def test_a_json_list_gives_the_first_reason(tmp_path: Path):
    path = written(tmp_path, LIST)
    (result,) = load_hazard_lists([path])
    assert (result.name, result.version, result.domain) == ("sparks", "2026-01", "switches")
    assert result.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    match = result.open(open_domain(spec_of("switches", n=7)))
    assert [match(text) for text in ("0111000", "1000011", "0101010")] == ["burns", "freezes", None]


def test_a_csv_list_is_the_same(tmp_path: Path):
    (result,) = load_hazard_lists([written(tmp_path, "\ufeff" + CSV, "list.CSV")])
    match = result.open(open_domain(spec_of("peptides")))
    assert [match(text) for text in ("AKKKA", "CAAC", "AKKA")] == ["made up for this test", "x", None]


def test_a_list_applies_where_its_conditions_hold(tmp_path: Path):
    elements = [{"pattern": "Cd", "reason": "toxic"}]
    path = written(tmp_path, LIST | {"domain": "materials", "where": {"space": "composition"}, "entries": elements})
    (result,) = load_hazard_lists([path])
    assert result.applies(spec_of("materials", space="composition", elements=["Cd", "S"]))
    assert not result.applies(spec_of("materials", space="mixture", components=["water", "salt"]))
    assert not result.applies(spec_of("peptides"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "list.json cannot be read"),
        ({}, "name: Field required"),
        (LIST | {"entries": []}, "entries"),
        (LIST | {"entries": [{"pattern": "111"}]}, r"entries\.0\.reason"),
        (LIST | {"enties": []}, "enties"),
        (LIST | {"domain": "molecule"}, "no installed domain is 'molecule'"),
        (LIST | {"entries": [{"pattern": "KK", "reason": "x"}]}, "'sparks': entry 1: expected letters 0 and 1"),
        (LIST | {"where": {"n": 99}}, "`where`"),
    ],
)
def test_what_is_no_whole_list_is_an_error(tmp_path: Path, content: Any, message: str):
    with pytest.raises(HazardListError, match=message):
        load_hazard_lists([written(tmp_path, content)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is empty"),
        ("name,version,domain,pattern\n", "the columns must be"),
        (CSV.splitlines()[0] + "\n", "there must be rows"),
        (CSV + "motifs,3,peptides,KK\n", "row 4 has not one cell for each column"),
        (CSV + "motifs,4,peptides,KK,x\n", "the same name, version and domain"),
        (CSV + "motifs,3,peptides,,x\n", r"entries\.2\.pattern"),
        (CSV + 'motifs,3,peptides,"KK,x\n', "unexpected end of data"),
    ],
)
def test_what_is_no_whole_table_is_an_error(tmp_path: Path, content: str, message: str):
    with pytest.raises(HazardListError, match=message):
        load_hazard_lists([written(tmp_path, content, "list.csv")])


def test_a_missing_file_and_a_foreign_encoding_are_errors(tmp_path: Path):
    with pytest.raises(HazardListError, match=r"nowhere\.json cannot be read"):
        read_hazard_list(tmp_path / "nowhere.json")
    (tmp_path / "latin.json").write_bytes('{"name": "ä"}'.encode("latin-1"))
    with pytest.raises(HazardListError, match=r"latin\.json cannot be read"):
        read_hazard_list(tmp_path / "latin.json")


def test_two_lists_of_one_name_are_an_error(tmp_path: Path):
    with pytest.raises(HazardListError, match="two hazard lists have the name 'sparks'"):
        load_hazard_lists([written(tmp_path, LIST), written(tmp_path, LIST, "again.json")])


def offered() -> HazardList:
    """Return a list without a file, as from a package."""
    return HazardList("ones", "1", "switches", "0" * 64, lambda _: lambda text: "all on" if "0" not in text else None)


def broken() -> HazardList:
    """Fail like a package with missing data."""
    raise OSError("its table is missing")


def test_packages_offer_lists_by_an_entry_point(monkeypatch: pytest.MonkeyPatch):
    def points(name: str) -> Any:
        point = EntryPoint(name, f"{__name__}:{name}", hazard_lists.ENTRY_POINT_GROUP)
        monkeypatch.setattr(EntryPoint, "load", lambda self: {"offered": offered, "broken": broken}[self.name])
        return lambda group: [point] if group == "assayflow.hazards" else []

    monkeypatch.setattr(hazard_lists, "entry_points", points("offered"))
    assert [item.name for item in load_hazard_lists([])] == ["ones"]
    monkeypatch.setattr(hazard_lists, "entry_points", points("broken"))
    with pytest.raises(HazardListError, match="'broken' cannot be loaded: its table is missing"):
        load_hazard_lists([])
