"""Robots get volumes that they move, and wells hold what these come to; their reports say which do not."""

import csv
import io
from collections import defaultdict
from typing import Any
from uuid import UUID

import pytest

from service.errors import ConflictError, UnprocessableError
from service.exchange import TableError
from service.plates.filling import Filling
from service.plates.layouts import lay_out
from service.plates.pick_lists import write_pick_list
from service.plates.records import PlateLayout
from service.plates.specs import LayoutSpec
from service.plates.transfer_reports import TransferReport, read_transfer_report

IDS = [UUID(int=place + 1) for place in range(4)]
STOCKS: dict[str, Any] = {"concentrations": [10, 0.1, 0.002], "assay_volume_ul": 50}


def planned(**changes: Any) -> tuple[LayoutSpec, PlateLayout]:
    doses = changes.pop("doses", {"top": 10, "points": 10})
    stocks = {**STOCKS, **changes}
    spec = LayoutSpec.model_validate({"name": "P-1", "type": "IC50", "doses": doses, "stocks": stocks})
    return spec, lay_out(spec, IDS, seed=1)


def test_echo_volumes_are_multiples_of_its_drop_and_all_wells_get_the_same() -> None:
    _, layout = planned()
    totals: defaultdict[str, float] = defaultdict(float)
    for item in layout.transfers:
        assert item.volume_nl % 2.5 == 0
        assert item.volume_nl >= 2.5
        totals[item.well] += item.volume_nl
    assert len(set(totals.values())) == 1
    assert set(totals) == {well.well for well in layout.wells}
    assert max(totals.values()) <= 500  # 1 % of 50 uL


def test_a_well_has_what_its_volume_comes_to() -> None:
    _, layout = planned()
    stocks = {source.well: source for source in layout.sources}
    moved = {(item.well, item.sample): item for item in layout.transfers}
    for well in layout.wells:
        if well.candidate_id is None:
            continue
        item = moved[well.well, str(well.candidate_id)]
        stock = stocks[item.source_well].concentration
        assert stock is not None
        assert well.concentration == pytest.approx(1000 * stock * item.volume_nl / 50_000, rel=1e-5)
        wanted = 10 / 3 ** ((well.dose or 0) - 1)
        assert well.concentration == pytest.approx(wanted, rel=0.101)


def test_what_is_taken_from_a_source_well_is_told() -> None:
    _, layout = planned()
    taken: defaultdict[str, float] = defaultdict(float)
    for item in layout.transfers:
        taken[item.source_well] += item.volume_nl
    assert {source.well: source.volume_nl for source in layout.sources} == pytest.approx(dict(taken))
    assert [source.sample for source in layout.sources[-2:]] == ["positive", "vehicle"]


def test_a_dose_that_no_stock_makes_is_refused_with_what_it_would_take() -> None:
    with pytest.raises(UnprocessableError, match=r"dose 4, 0\.37037 uM, would take 1\.85 nL of 10 mM.* add a stock"):
        planned(concentrations=[10])
    with pytest.raises(UnprocessableError, match="dose 1, 10 uM"):
        planned(concentrations=[0.1])


def test_source_wells_are_those_that_are_named() -> None:
    wells = {str(IDS[1]): ["p24", "P23", "O24"]}
    _, layout = planned(wells=wells, vehicle_well="A1")
    at = {(source.sample, source.concentration): source.well for source in layout.sources}
    assert at[str(IDS[1]), 10.0] == "P24"
    assert at["vehicle", None] == "A1"
    assert at[str(IDS[0]), 10.0] == "B1"
    for bad, reason in (
        ({"wells": {str(IDS[1]): ["A1"]}}, "give 3 wells"),
        ({"wells": {str(UUID(int=99)): ["A1", "A2", "A3"]}}, "not on the plate"),
        ({"wells": {str(IDS[1]): ["Q1", "A2", "A3"]}}, "no well"),
        ({"positive_well": "C3", "vehicle_well": "c03"}, "in one source well, C3"),
        ({"wells": {str(IDS[1]): ["A1", "A2", "a01"]}}, "in one source well, A1"),
    ):
        with pytest.raises(UnprocessableError, match=reason):
            planned(**bad)


def test_an_echo_pick_list_has_the_columns_of_its_software() -> None:
    spec, layout = planned()
    rows = list(csv.DictReader(io.StringIO(write_pick_list(spec, layout, "echo").decode())))
    assert len(rows) == len(layout.transfers)
    first = rows[0]
    assert (first["Source Plate Name"], first["Destination Plate Barcode"]) == ("Source1", "P-1")
    assert float(first["Transfer Volume"]) == layout.transfers[0].volume_nl
    assert {row["Destination Well"] for row in rows} == {well.well for well in layout.wells}


def test_a_biomek_pick_list_is_in_microlitres() -> None:
    doses = {"top": 10, "points": 6}
    spec, layout = planned(
        robot="biomek", concentrations=[0.2, 0.01, 0.005], assay_volume_ul=100, max_solvent_percent=5, doses=doses
    )
    rows = list(csv.DictReader(io.StringIO(write_pick_list(spec, layout, "biomek").decode())))
    assert min(float(row["Volume"]) for row in rows) >= 0.5
    assert [float(row["Volume"]) * 1000 for row in rows] == pytest.approx([t.volume_nl for t in layout.transfers])


def test_drops_are_no_work_for_a_pipette() -> None:
    spec, layout = planned()
    with pytest.raises(ConflictError, match="planned for the echo"):
        write_pick_list(spec, layout, "biomek")


HEAD = "Source Plate Barcode,Source Well,Destination Plate Barcode,Destination Well,Transfer Volume,Actual Volume"


def report(*rows: str, status: bool = True, section: str = "") -> bytes:
    head = f"{HEAD},Transfer Status" if status else HEAD
    return "\n".join((*((section,) if section else ()), head, *rows)).encode()


def test_short_volumes_and_exceptions_fail_and_remarks_are_told() -> None:
    rows = ("S,A1,P1,B2,25,25,", "S,A1,P1,B3,25,0,MM1: empty", "S,A1,P1,B04,25,20,", "S,A1,P1,B5,25,25,low volume")
    found = read_transfer_report(report(*rows), "p1", 384)
    assert set(found.failed) == {"B3", "B4"}
    assert "MM1: empty" in found.failed["B3"]
    assert "20 of 25 nL" in found.failed["B4"]
    assert any("B5" in warning and "low volume" in warning for warning in found.warnings)
    listed = read_transfer_report(report("S,A1,P1,B6,25,,calibration", section="[EXCEPTIONS]"), "P1", 384)
    assert "calibration" in listed.failed["B6"]
    assert read_transfer_report(report("S,A1,P1,B2,25,25", status=False), "P1", 384).failed == {}


def test_transfers_into_other_plates_are_passed_over_and_told() -> None:
    found = read_transfer_report(report("S,A1,P1,B2,25,25,", "S,A1,P2,B3,25,0,x"), "P1", 384)
    assert (found.failed, found.n_transfers) == ({}, 1)
    assert any("'P2'" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"well,value\nA1,3\n", "Destination Well"),
        (b"Destination Well,Transfer Status\nA1,x\n", "Destination Plate Barcode"),
        (b"Destination Plate Barcode,Destination Well\nP1,A1\n", "Transfer Status"),
        (report("S,A1,P1,Z99,25,0,"), "'Z99' is no well"),
        (report("S,A1,P1,A1,many,0,"), "'many' is no volume"),
        (report("S,A1,P2,A1,25,0,"), "no transfer into plate 'P1'"),
        (b"", "no table"),
        (b'"' + b"x" * 200_000, "not valid CSV"),
    ],
)
def test_what_is_no_report_of_the_plate_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read_transfer_report(content, "P1", 384)


def test_a_well_counts_again_when_each_lost_transfer_was_made_since() -> None:
    start = Filling().after(TransferReport({"B2": "lost"}, 2, failed_from={"B2": frozenset({"A1", "D1"})}), ())
    half = start.after(TransferReport({}, 1, moved={"B2": frozenset({"A1"}), "B3": frozenset({"A1"})}), ())
    assert (half.failed, half.missing) == ({"B2": "lost"}, {"B2": {"D1"}})
    stored = Filling.from_stored(half.as_json())
    assert stored == half
    last = TransferReport({}, 1, moved={"B2": frozenset({"D1"})})
    assert stored.after(last, ()) == Filling()
    assert stored.after(last, ("B2",)) == stored
    worse = TransferReport({"B2": "again"}, 2, failed_from={"B2": frozenset({"A1"})}, moved={"B2": frozenset({"D1"})})
    assert stored.after(worse, ()) == Filling({"B2": "again"}, {"B2": frozenset({"A1"})})


@pytest.mark.parametrize("volumes", ["nan,25", "25,NaN", "-25,0", "25,-1", "inf,25", "25,inf", "ten,25"])
@pytest.mark.parametrize("section", ["EXCEPTIONS", "DETAILS"])
def test_a_volume_that_is_none_is_refused(volumes: str, section: str) -> None:
    head = "Destination Plate Barcode,Destination Well,Transfer Volume,Actual Volume,Transfer Status"
    with pytest.raises(TableError, match="is no volume") as refused:
        read_transfer_report(f"[{section}]\n{head}\nP-1,B2,{volumes},\n".encode(), "P-1", 384)
    assert refused.value.row == 3
    assert refused.value.column in ("Transfer Volume", "Actual Volume")
