"""A batch as a workbook for the bench: what is locked, what is offered, and every way back."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from openpyxl import load_workbook

from models.specs.objectives import Objective
from service.exchange import BatchRequest, CampaignView, read_results, write_batch
from service.exchange.formats.workbook import MEDIA_TYPE
from service.records import StandardResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import BatchRow, Report

REQUEST = BatchRequest("c0ffee", 3, "awaiting_results", "2026-11-30T15:00:00+00:00", "ab" * 32)
IDS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(4)]
WORDS = ["alpha", "beta", "gamma", "delta"]
FILLED: dict[int, dict[str, Any]] = {
    2: {"potency": 12.5, "solubility": -3.25},
    3: {"potency": 10, "potency_relation": ">", "potency_units": "uM"},
    4: {"outcome": "insoluble", "comment": "cloudy"},
}
MEANT = [
    (IDS[0], "IC50", "=", 12.5, "ok"),
    (IDS[0], "logS", "=", -3.25, "ok"),
    (IDS[1], "IC50", ">", 10_000.0, "ok"),
    (IDS[2], "IC50", "=", None, "insoluble"),
    (IDS[2], "logS", "=", None, "insoluble"),
]


@pytest.fixture
def content(batch_rows: Callable[..., list[BatchRow]], spec: CampaignSpec, domain: Domain) -> bytes:
    rows = batch_rows(WORDS, IDS)
    rows[3] = replace(rows[3], status="rejected")
    measured = StandardResult(object="alpha", type="IC50", relation=">", value=30.0, units="nM")
    rows[0] = replace(rows[0], results=(measured, replace(measured, value=None, outcome="assay_failed")))
    return write_batch(rows, spec, domain, "xlsx", REQUEST).content


@pytest.fixture
def filled(content: bytes) -> bytes:
    return filled_in(content, FILLED)


def filled_in(content: bytes, rows: Mapping[int, Mapping[str, Any]]) -> bytes:
    book = load_workbook(io.BytesIO(content))
    places = places_of(book["Results"])
    for row, cells in rows.items():
        for name, value in cells.items():
            book["Results"].cell(row, places[name]).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def read(spec: CampaignSpec, domain: Domain) -> Callable[[bytes, str], Report]:
    view = CampaignView(spec, domain, dict(zip(IDS, WORDS, strict=True)))
    return lambda content, media_type: read_results(content, media_type, view)


def places_of(sheet: Worksheet) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1]}


def meant(report: Report):
    found = [row for row in report.rows if row.status != "skipped"]
    assert {row.status for row in found} == {"accepted"}, [row.reason for row in found]
    return [
        (row.candidate_id, row.result.type, row.result.relation, row.result.value, row.result.outcome)
        for row in found
    ]


def test_results_can_be_written_and_ids_cannot(content: bytes) -> None:
    sheet = load_workbook(io.BytesIO(content))["Results"]
    assert sheet.protection.sheet
    assert sheet.protection.password is None
    places = places_of(sheet)
    is_locked = {name: sheet.cell(2, place).protection.locked for name, place in places.items()}
    open_cells = {name for name, locked in is_locked.items() if not locked}
    own = {f"{name}{part}" for name in ("potency", "solubility") for part in ("", "_relation", "_units")}
    assert open_cells == {*own, "relation", "units", "outcome", "comment"}
    assert not sheet.column_dimensions["A"].hidden
    assert sheet.freeze_panes == "C2"


def test_words_are_offered_and_others_taken_as_well(content: bytes) -> None:
    sheet = load_workbook(io.BytesIO(content))["Results"]
    places = places_of(sheet)
    rules = {rule.sqref.ranges.copy().pop().min_col: rule for rule in sheet.data_validations.dataValidation}
    offered = {
        name: rules[place].formula1
        for name, place in places.items()
        if place in rules and rules[place].formula1
    }
    assert offered == {
        "potency_relation": '"<,<=,>,>=,~"',
        "potency_units": '"nM,pM,uM,mM,M"',
        "solubility_relation": '"<,<=,>,>=,~"',
        "outcome": '"ok,failed_synthesis,failed_qc,insoluble,assay_failed,not_tested"',
    }
    assert not any(rule.showErrorMessage for rule in rules.values())
    assert rules[places["potency"]].prompt == "IC50 in nM, unless potency_units says otherwise"


def test_what_was_measured_so_far_is_shown_and_not_read_back(
    content: bytes, read: Callable[..., Report]
) -> None:
    sheet = load_workbook(io.BytesIO(content))["Results"]
    place = places_of(sheet)["potency_so_far"]
    assert [sheet.cell(row, place).value for row in (2, 3)] == ["> 30 nM; assay_failed", None]
    report = read(content, MEDIA_TYPE)
    assert [row.status for row in report.rows] == ["skipped"] * 4
    assert report.warnings == ()


def test_the_reasons_are_printed_whole(content: bytes) -> None:
    page = load_workbook(io.BytesIO(content))["Samples"]
    (column,) = [cell.column_letter for cell in page[1] if cell.value == "reason"]
    assert all(cell.alignment.wrap_text for cell in page[column][1:])
    for cell in page[column][1:]:
        room = page.column_dimensions[column].width * page.row_dimensions[cell.row].height / 15
        assert len(cell.value) <= room
    assert not page["A2"].alignment.wrap_text


def test_other_sheets_say_what_to_make_and_where(content: bytes) -> None:
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Results", "Samples", "Plate map", "Request"]
    assert book.active.title == "Results"
    samples = pd.read_excel(io.BytesIO(content), sheet_name="Samples", engine="openpyxl")
    assert list(samples["suggested_well"].fillna("")) == ["A1", "A2", "A3", ""]
    assert list(samples["candidate_id"]) == IDS
    grid = [[cell.value for cell in row] for row in book["Plate map"].iter_rows(min_row=3, max_row=4)]
    assert grid == [["Plate 1", *range(1, 13)], ["A", 1, 2, 3, *[None] * 9]]
    told = {row[0].value: row[1].value for row in book["Request"].iter_rows()}
    assert (told["Round"], told["To be made"], told["SHA-256"]) == ("3", "3", "ab" * 32)


@pytest.mark.parametrize(("n", "last"), [(96, (1, "H12")), (97, (1, "E1")), (1537, (2, "A1"))])
def test_as_many_plates_as_are_needed(
    batch_rows: Callable[..., list[BatchRow]],
    spec: CampaignSpec,
    domain: Domain,
    n: int,
    last: tuple[int, str],
) -> None:
    rows = batch_rows(["word"] * n)
    samples = load_workbook(io.BytesIO(write_batch(rows, spec, domain, "xlsx", REQUEST).content))["Samples"]
    assert (samples.cell(n + 1, 1).value, samples.cell(n + 1, 2).value) == last


def test_the_filled_in_workbook_is_a_valid_upload(filled: bytes, read: Callable[..., Report]) -> None:
    report = read(filled, MEDIA_TYPE)
    assert meant(report) == MEANT
    assert report.warnings == ()


def test_the_sheet_of_results_is_found_wherever_it_stands(filled: bytes, read: Callable[..., Report]) -> None:
    book = load_workbook(io.BytesIO(filled))
    book.move_sheet("Results", 3)
    book.create_sheet("Notes", 0).append(["mind the gap"])
    out = io.BytesIO()
    book.save(out)
    report = read(out.getvalue(), MEDIA_TYPE)
    assert meant(report) == MEANT
    (warning,) = report.warnings
    assert "'Notes'" in warning
    assert "'Samples'" not in warning


@pytest.mark.parametrize("form", ["xlsx", "csv", "json", "sheets"])
def test_it_comes_back_through_pandas(filled: bytes, read: Callable[..., Report], form: str) -> None:
    frame = pd.read_excel(io.BytesIO(filled), engine="openpyxl")
    out = io.BytesIO()
    if form == "csv":
        report = read(frame.to_csv(index=False).encode(), "text/csv")
    elif form == "json":
        report = read(frame.to_json(orient="records").encode(), "application/json")
    elif form == "xlsx":
        frame.to_excel(out, index=False)
        report = read(out.getvalue(), MEDIA_TYPE)
    else:
        with pd.ExcelWriter(out) as writer:
            for name, sheet in pd.read_excel(io.BytesIO(filled), sheet_name=None, engine="openpyxl").items():
                sheet.to_excel(writer, sheet_name=name, index=False)
        report = read(out.getvalue(), MEDIA_TYPE)
    assert meant(report) == MEANT


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(("form", "media_type"), [("xlsx", MEDIA_TYPE), ("csv", "text/csv")])
def test_it_comes_back_through_libreoffice(
    filled: bytes, read: Callable[..., Report], tmp_path: Path, form: str, media_type: str
) -> None:
    (tmp_path / "batch.xlsx").write_bytes(filled)
    profile, out = (tmp_path / "profile").as_uri(), tmp_path / "saved"
    command = [
        "soffice",
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        form,
        "--outdir",
        str(out),
    ]
    command.append(str(tmp_path / "batch.xlsx"))
    subprocess.run(command, check=True, capture_output=True, timeout=240)  # noqa: S603 - our own words
    report = read((out / f"batch.{form}").read_bytes(), media_type)
    assert meant(report) == MEANT
    assert report.warnings == ()


def test_an_objective_named_like_another_column_has_its_own_relation(
    batch_rows: Callable[..., list[BatchRow]], spec_of: Callable[..., CampaignSpec], domain: Domain
) -> None:
    spec = spec_of(Objective(name="length"), Objective(name="value", type="logS"))
    book = load_workbook(
        io.BytesIO(write_batch(batch_rows(["alpha"]), spec, domain, "xlsx", REQUEST).content)
    )
    sheet, places = book["Results"], places_of(book["Results"])
    cells = {"length_result": 7, "length_relation": "<", "value_result": -2, "logS_relation": ">"}
    for name, value in cells.items():
        sheet.cell(2, places[name]).value = value
    out = io.BytesIO()
    book.save(out)
    report = read_results(out.getvalue(), MEDIA_TYPE, CampaignView(spec, domain, {"id-0": "alpha"}))
    told = [(row.result.type, row.result.relation, row.result.value) for row in report.rows if row.result]
    assert told == [("length", "<", 7), ("logS", ">", -2)]


def test_names_that_a_spreadsheet_cannot_hold_are_shortened_or_left_out(
    batch_rows: Callable[..., list[BatchRow]], spec_of: Callable[..., CampaignSpec], domain: Domain
) -> None:
    objective = Objective.model_construct(
        name="x", type="t" * 300, units='a,"b', computed=None, direction="maximize"
    )
    content = write_batch(batch_rows(["alpha"]), spec_of(objective), domain, "xlsx", REQUEST).content
    rules = load_workbook(io.BytesIO(content))["Results"].data_validations.dataValidation
    assert all(len(rule.prompt or "") <= 255 for rule in rules)
    assert not any('a,"b' in (rule.formula1 or "") for rule in rules)


@pytest.mark.parametrize(
    ("cells", "warnings"),
    [
        ({"potency_relation": ">"}, ["potency_relation: not stored"]),
        ({"comment": "vial broke"}, ["comment: not stored"]),
        ({"potency_relation": "<", "comment": "late"}, ["potency_relation and comment: not stored"]),
        ({"potency_relation": "="}, []),
        ({"potency_units": "uM"}, []),
        ({"solubility": -3.0, "comment": "clear"}, []),
    ],
)
def test_what_stands_beside_no_result_is_named(
    content: bytes, read: Callable[..., Report], cells: dict[str, Any], warnings: list[str]
) -> None:
    report = read(filled_in(content, {2: cells}), MEDIA_TYPE)
    assert report.count("rejected") == 0
    found = [warning for row in report.rows if row.status == "skipped" for warning in row.warnings]
    assert [text.partition(",")[0] for text in sorted(found)] == warnings
