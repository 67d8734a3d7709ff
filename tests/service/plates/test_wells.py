"""Files of readers: grids, long files and workbooks read to the same numbers; what is not of the plate is refused."""

import io
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from plate_readings import COLUMNS, ROWS, grid, long, name

from service.errors import UnprocessableError
from service.exchange import QuestionError, TableError, UnknownFormatError
from service.plates.analysis import WellsFile, analyse, read_wells
from service.plates.blocks import Signals
from service.plates.layouts import lay_out
from service.plates.sheets import XLSX
from service.plates.specs import LayoutSpec

SIZES = [96, 384, 1536]


def spec(wells: int = 96, **changes: Any) -> LayoutSpec:
    doses = {"top": 10, "points": 5}
    return LayoutSpec.model_validate({"name": "P-1", "type": "IC50", "wells": wells, "doses": doses, **changes})


def read(text: str, asked: LayoutSpec | None = None, media_type: str = "text/csv", **options: Any) -> Signals:
    return read_wells(WellsFile(text.encode(), media_type, **options), asked or spec())[0]


def whole(wells: int) -> dict[str, float]:
    """A plate on which no two wells have one signal."""
    at = ((row, column) for row in range(ROWS[wells]) for column in range(COLUMNS[wells]))
    return {name(row, column): round(100 + row + column / 100, 2) + 0.5 for row, column in at}


def rounded(signals: dict[str, float]) -> dict[str, float]:
    return {well: round(value, 1) for well, value in signals.items()}


@pytest.mark.parametrize("wells", SIZES)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("write", [grid, long], ids=["grid", "long"])
def test_grids_and_long_files_read_to_the_same_numbers(wells: int, delimiter: str, write: Any) -> None:
    signals = whole(wells)
    text = grid(signals, wells) if write is grid else long(signals)
    assert read(text.replace(",", delimiter), spec(wells)).values == pytest.approx(rounded(signals))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_decimal_commas_are_read(delimiter: str) -> None:
    signals = whole(96)
    text = grid(signals, 96, delimiter=delimiter).replace(".", ",")
    assert read(text).values == pytest.approx(rounded(signals))


def test_numbers_that_can_be_read_in_two_ways_are_a_question() -> None:
    signals = dict.fromkeys(whole(96), 0.0)
    text = grid(signals, 96, delimiter=";").replace("0.0", "1.234")
    with pytest.raises(QuestionError) as asked:
        read(text)
    assert (asked.value.parameter, asked.value.choices) == ("decimal", ("point", "comma"))
    assert set(read(text, decimal="comma").values.values()) == {1234.0}


def test_a_workbook_is_read_as_its_cells_are_typed() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Data"
    for line in grid(whole(96), 96).splitlines():
        sheet.append([float(text) if text.replace(".", "").isdigit() else text for text in line.split(",")])
    book.create_sheet("Notes").append(["nothing"])
    out = io.BytesIO()
    book.save(out)
    found, warnings = read_wells(WellsFile(out.getvalue(), XLSX), spec())
    assert found.values == pytest.approx(rounded(whole(96)))
    assert any("'Data'" in warning for warning in warnings)
    with pytest.raises(TableError, match="no wells are in the file"):
        read_wells(WellsFile(out.getvalue(), XLSX, sheet="Notes"), spec())
    with pytest.raises(TableError, match="no sheet 'Plate 9'"):
        read_wells(WellsFile(out.getvalue(), XLSX, sheet="Plate 9"), spec())


def test_rows_without_letters_count_from_a_where_the_plate_is_whole() -> None:
    lines = grid(whole(96), 96).splitlines()
    bare = [lines[1].lstrip(","), *(line.partition(",")[2] for line in lines[2:])]
    assert read("\n".join(bare)).values == pytest.approx(rounded(whole(96)))
    assert read("\n".join(bare[1:])).values == pytest.approx(rounded(whole(96)))
    with pytest.raises(TableError):
        read("\n".join(bare[:-1]))


def test_a_temperature_beside_a_block_is_no_well() -> None:
    lines = grid(whole(96), 96, delimiter="\t").splitlines()
    head, body = lines[1], lines[2:]
    softmax = [
        "Plate:\tP-1",
        f"\tTemperature{head}",
        *(f"\t{'25.0' if n == 0 else ''}\t{line.split(chr(9), 1)[1]}" for n, line in enumerate(body)),
    ]
    assert read("\n".join(softmax)).values == pytest.approx(rounded(whole(96)))


def test_of_several_blocks_the_one_with_the_plates_name_is_read() -> None:
    signals = whole(96)
    other = {well: value * 2 for well, value in signals.items()}
    text = grid(other, 96, title="Plate P-10") + "\n" + grid(signals, 96, title="Plate: P-1 (450 nm)")
    found = read(text)
    assert (found.source, found.values) == ("Plate: P-1 (450 nm)", pytest.approx(rounded(signals)))
    with pytest.raises(QuestionError, match="which is plate P-3"):
        read(text, spec(name="P-3"))
    assert read(text, block="1").source == "Plate P-10"
    assert read(text, block="plate p-10").source == "Plate P-10"
    with pytest.raises(QuestionError, match="is no block"):
        read(text, block="3")


@pytest.mark.parametrize(("given", "wanted"), [(96, 384), (384, 96), (384, 1536), (1536, 384)])
def test_a_block_of_another_size_is_no_corner_of_the_plate(given: int, wanted: int) -> None:
    with pytest.raises(TableError, match=f"no plate of {wanted} wells"):
        read(grid(whole(given), given), spec(wanted))


def test_of_a_long_file_of_several_plates_one_is_read() -> None:
    signals = whole(96)
    text = long({well: value + 1 for well, value in signals.items()}, "P-2") + long(signals, "P-1").partition("\n")[2]
    assert read(text).values == pytest.approx(rounded(signals))
    with pytest.raises(QuestionError, match="names no plate P-7") as asked:
        read(text, spec(name="P-7"))
    assert asked.value.choices == ("1: P-2 Signal", "2: P-1 Signal")
    assert read(text, spec(name="P-7"), block="2").values == pytest.approx(rounded(signals))
    with pytest.raises(QuestionError):
        read(long(signals, "P-1"), spec(name="P-7"))


def test_thousands_are_no_cells_and_a_header_may_be_missing() -> None:
    text = "Well\tRLU\n" + "".join(f"A{column}\t{column},234,567\n" for column in range(1, 9))
    assert read(text).values["A3"] == 3_234_567.0
    bare = "".join(f"A{column:02d}\t{column}.5\n" for column in range(1, 9))
    assert read(bare).values == {f"A{column}": column + 0.5 for column in range(1, 9)}
    with pytest.raises(TableError, match="well A1 is in rows 1 and 9"):
        read(f"{bare}A1\t0.5\n")


def test_rows_and_columns_name_a_well_as_well() -> None:
    text = "Row,Column,OD (450)\nA,1,0.5\nB,12,0.25\n2,3,0.75\n"
    assert read(text).values == {"A1": 0.5, "B12": 0.25, "B3": 0.75}


def test_an_array_of_wells_is_a_long_file() -> None:
    rows = [
        {"well": "A1", "signal": 0.5},
        {"well": "B2", "signal": "OVRFLW", "note": None},
        {"well": "C3", "signal": 7},
    ]
    found = read(json.dumps(rows), media_type="application/json")
    assert (found.values, set(found.unread)) == ({"A1": 0.5, "C3": 7.0}, {"B2"})


def test_several_columns_of_numbers_are_a_question_unless_one_is_named_signal() -> None:
    text = "Well,450,570,Sample\nA1,0.5,0.1,x\nA2,0.6,0.2,y\n"
    with pytest.raises(QuestionError) as asked:
        read(text)
    assert asked.value.choices == ("1: 450", "2: 570")
    assert read(text, block="2").values == {"A1": 0.1, "A2": 0.2}
    assert read(text.replace("570", "RFU")).values == {"A1": 0.1, "A2": 0.2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Well,Signal\nA1,1\nA01,2\n", "well A1 is in rows 2 and 3"),
        ("Well,Signal\nA1,1\nZ1,2\n", "'Z1' is no well"),
        ("Well,Signal\nA1,1\nMean,2\n", "'Mean' is no well"),
        ("smiles,IC50\nCCO,3\n", "no wells are in the file"),
        ("", "no wells are in the file"),
    ],
)
def test_a_long_file_that_is_not_of_one_plate_is_refused(text: str, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read(text)


def test_what_is_no_number_is_told_and_never_guessed() -> None:
    found = read("Well,Signal\nA1,OVRFLW\nA2,>4.0\nA3,\nA4,####\nA5,1.5 *\nA6,2\n")
    assert found.values == {"A6": 2.0}
    assert set(found.unread) == {"A1", "A2", "A3", "A4", "A5"}
    assert "OVRFLW" in found.unread["A1"]


@pytest.mark.parametrize("media_type", ["", "image/png", "application/octet-stream"])
def test_other_files_are_refused_with_what_is_read(media_type: str) -> None:
    with pytest.raises(UnknownFormatError, match="text/csv"):
        read("x", media_type=media_type)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for media_type in ("text/csv", XLSX, "application/json"):
        try:
            read_wells(WellsFile(content, media_type), spec())
        except (TableError, UnprocessableError):
            continue


def test_a_well_that_counts_for_nothing_says_why() -> None:
    asked = spec(96, edge=1)
    candidate = UUID(int=1)
    layout = lay_out(asked, [candidate], seed=1)
    signals = {well.well: {"positive": 10.0, "negative": 110.0, "sample": 60.0}[well.role] for well in layout.wells}
    mine = [well.well for well in layout.wells if well.role == "sample"]
    controls = [well.well for well in layout.wells if well.role == "positive"]
    text = (
        long(signals).replace(f"{mine[0]},60.0", f"{mine[0]},OVRFLW").replace(f"{controls[0]},10.0", f"{controls[0]},")
    )
    found = analyse(WellsFile(text.encode(), "text/csv"), asked, layout, {mine[1]: "transfer failed"})
    wells = {well.well: well for well in found.wells}
    assert "OVRFLW" in (wells[mine[0]].excluded or "")
    assert wells[mine[1]].excluded == "transfer failed"
    assert found.quality.n_positive == len(controls) - 1
    assert any("3 of" in warning for warning in found.warnings)
    assert {well.inhibition for well in found.wells if well.role == "sample"} == {None, 50.0}


def test_a_file_with_most_wells_missing_is_of_another_plate() -> None:
    asked = spec(96)
    layout = lay_out(asked, [UUID(int=1)], seed=1)
    with pytest.raises(TableError, match="is it of this plate"):
        analyse(WellsFile(b"Well,Signal\nB2,1\nB3,2\n", "text/csv"), asked, layout, {})


@pytest.mark.parametrize("text", ["1e308", "-1e308", "1E+31"])
def test_a_signal_beyond_every_detector_is_no_reading(text: str) -> None:
    signals = read(f"Well,Signal\nA1,{text}\nA2,1e6\n")
    assert signals.values == {"A2": 1e6}
    assert text in signals.unread["A1"]
    assert "no signal" in signals.unread["A1"]
