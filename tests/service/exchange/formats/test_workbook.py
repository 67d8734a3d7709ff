"""Workbooks as people send them: messy, broken, or made to harm."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font
from workbooks import file_of, saved, sheet_of

from service.exchange import (
    SheetError,
    TableError,
    UnknownFormatError,
    read_objects,
    read_results,
    read_table,
)
from service.exchange.formats import workbook
from service.exchange.formats.workbook import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.exchange import CampaignView

DAMAGES = ("xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml")


SMALL = file_of(["word", "a"], ["x", 1])


def cells_of(content: bytes):
    return [dict(row.cells) for row in read_table(content, MEDIA_TYPE).rows]


def changed(content: bytes, part: str, text: bytes):
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, text if name == part else source.read(name))
    return out.getvalue()


def part_of(content: bytes, part: str):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(part)


def test_cells_become_what_a_person_sees():
    book = sheet_of(
        ["word", "a", "b", "c", "d"],
        ["  x\u00a0", 0.1 + 0.2, 5.0, datetime(2024, 5, 31), True],  # noqa: DTZ001 - a sheet has no zones
        ["<10", 1e-12, 10**15, datetime(2024, 5, 31, 14, 29, 59), None],  # noqa: DTZ001 - a sheet has no zones
        ["'=x", 42, 0.07, date(2024, 5, 31), "1,234.5"],
    )
    book.active["B4"].number_format = "00000"
    book.active["C4"].number_format = "0.0%"
    first, second, third = cells_of(saved(book))
    assert list(first.values()) == ["x", "0.3", "5", "2024-05-31", "TRUE"]
    assert list(second.values()) == ["<10", "1e-12", "1000000000000000", "2024-05-31T14:29:59", ""]
    assert list(third.values()) == ["=x", "00042", "7%", "2024-05-31", "1,234.5"]


def test_rows_are_those_of_the_sheet_and_blank_ends_are_passed_over():
    book = sheet_of(
        [], [None, "word", "IC50\n(nM)", None, ""], [], [None, "alpha", 3], ["", "", "  "], [None, "beta"]
    )
    book.active["H90"].number_format = "0.00"  # formatted and empty
    table = read_table(saved(book), MEDIA_TYPE)
    assert table.columns == ("word", "IC50 (nM)")
    assert [row.number for row in table.rows] == [4, 6]
    assert table.warnings == ()


def test_a_messy_sheet_is_reported_by_row_and_column(view: CampaignView):
    content = file_of(
        ["Word", "IC50 (µM)", "Measured at", "Comment"],
        ["alpha", 0.3, datetime(2024, 5, 31), None],  # noqa: DTZ001 - a sheet has no zones
        ["beta", "< 10", None, "'=censored"],
        [],
        ["gamma", "1,5", None, None],
        [4711, 2, None, None],
        ["delta", date(2024, 1, 2), None, None],
        ["epsilon", "#DIV/0!", None, None],
        ["zeta", None, None, None],
    )
    report = read_results(content, MEDIA_TYPE, view)
    told = [(row.row, row.status, row.column) for row in report.rows]
    assert told == [
        (2, "accepted", None),
        (3, "accepted", None),
        (5, "rejected", "IC50 (µM)"),
        (6, "rejected", "word"),
        (7, "rejected", "IC50 (µM)"),
        (8, "rejected", "IC50 (µM)"),
        (9, "skipped", None),
    ]
    assert report.rows[0].result.value == pytest.approx(300)
    assert report.rows[0].result.measured_at.date() == date(2024, 5, 31)
    assert (report.rows[1].result.relation, report.rows[1].result.comment) == ("<", "=censored")
    assert "decimal point" in report.rows[2].reason


def test_only_the_first_visible_sheet_is_read_and_the_others_are_named():
    book = sheet_of(["hidden"], ["x"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Results").append(["word"])
    book["Results"].append(["alpha"])
    book.create_sheet("Notes")
    book.active = 1
    table = read_table(saved(book), MEDIA_TYPE)
    assert [dict(row.cells) for row in table.rows] == [{"word": "alpha"}]
    (warning,) = table.warnings
    assert warning.startswith("only the first sheet, 'Results', was read, not 'Notes'")


@pytest.fixture(scope="module")
def plates() -> bytes:
    """Return a workbook of three sheets, one of them hidden and two of them alike."""
    book = sheet_of(["word"], ["first"])
    book.active.title = "Read me"
    for name, text in (("Plate 2", "second"), ("plate 2 ", "third"), ("Old", "hidden")):
        book.create_sheet(name).append(["word", "b"])
        book[name].append([text, "=1+1"])
    book["Old"].sheet_state = "hidden"
    return saved(book)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("Plate 2", "second"),
        ("plate 2 ", "third"),
        (" PLATE 2", "second"),
        ("old", "hidden"),
        ("Read me", "first"),
    ],
)
def test_a_sheet_is_found_by_its_name_and_no_warning_names_the_others(plates: bytes, asked: str, text: str):
    table = read_table(plates, MEDIA_TYPE, sheet=asked)
    assert [row.cells["word"] for row in table.rows] == [text]
    assert table.warnings == ()
    problems = [row.problem or "" for row in table.rows]
    assert ["never calculated" in problem for problem in problems] == [text != "first"]


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(plates: bytes):
    with pytest.raises(
        SheetError, match=r"no sheet 'Plate 3'; it has 'Read me', 'Plate 2', 'plate 2 ', 'Old'$"
    ):
        read_table(plates, MEDIA_TYPE, sheet="Plate 3")


@pytest.mark.parametrize(
    ("media_type", "content"),
    [("text/csv", b"word\nx\n"), ("application/json", b'[{"word": "x"}]'), ("chemical/x-mdl-sdfile", b"")],
)
def test_other_formats_have_no_sheets(media_type: str, content: bytes):
    with pytest.raises(SheetError, match="no sheets to choose from, ods, xlsx, xls have"):
        read_table(content, media_type, sheet="Results")
    with pytest.raises(UnknownFormatError):
        read_table(content, "application/pdf", sheet="Results")


@pytest.mark.parametrize(
    ("rows", "place", "message"),
    [
        ([[], ["word", None, "a"], ["x", None, 1], ["y", "stray 7", 2]], (2, "B"), "B4 holds 'stray 7'"),
        ([["word"], ["x", 7]], (1, "B"), "B2 holds '7'"),
        ([], (None, None), "is empty"),
        ([[None, " "]], (None, None), "is empty"),
    ],
)
def test_a_header_that_does_not_name_a_column_is_refused_with_its_place(
    rows: list[list[Any]], place: tuple[int, str], message: str
):
    with pytest.raises(TableError, match=message) as caught:
        read_table(file_of(*rows), MEDIA_TYPE)
    assert (caught.value.row, caught.value.column) == place


def test_a_merged_header_names_only_its_first_column():
    book = sheet_of(["word", "IC50 (nM)", None], ["alpha", 3, 4])
    book.active.merge_cells("B1:C1")
    with pytest.raises(TableError, match=r"column C has no name in row 1.*merged"):
        read_table(saved(book), MEDIA_TYPE)


def test_a_formula_that_was_never_calculated_stops_only_who_reads_its_column():
    content = file_of(["word", "a", "b"], ["alpha", "=1+1", 5])
    (row,) = read_table(content, MEDIA_TYPE).rows
    assert row.lacks == ("a",)
    assert row.cells["b"] == "5"


def test_formulas_count_as_what_was_last_calculated():
    content = file_of(
        ["word", "a", "b"], ["alpha", "=1+1", 5], ["beta", 3, '=IF(B3=3,"",1)'], ["gamma", 4, None]
    )
    first, second, third = read_table(content, MEDIA_TYPE).rows
    assert (first.problem or "").startswith("the formula in B2 was never calculated")
    assert "C3" in (second.problem or "")
    assert third.problem is None
    part = "xl/worksheets/sheet1.xml"
    text = part_of(content, part)
    assert text.count(b"</f><v />") + text.count(b"</f><v/>") + text.count(b"</f><v></v>") == 2
    for blank in (b"<v />", b"<v/>", b"<v></v>"):
        text = text.replace(b"<f>1+1</f>" + blank, b"<f>1+1</f><v>2</v>")
    text = text.replace(b'<c r="C3">', b'<c r="C3" t="str">')
    assert cells_of(changed(content, part, text))[:2] == [
        {"word": "alpha", "a": "2", "b": "5"},
        {"word": "beta", "a": "3", "b": ""},
    ]


@pytest.mark.parametrize("content", [b"", b"word,a\nx,1\n", b"PK\x03\x04 broken", file_of(["word"])[:-40]])
def test_what_is_no_workbook_is_told(content: bytes):
    with pytest.raises(TableError, match="no XLSX workbook"):
        read_table(content, MEDIA_TYPE)


@pytest.mark.parametrize("part", DAMAGES)
@pytest.mark.parametrize("text", [b"", b"<a", b"<a/>"])
def test_a_damaged_part_is_told(part: str, text: bytes):
    with pytest.raises(TableError, match=r"damaged|no visible sheet|is empty"):
        read_table(changed(file_of(["word"], ["x"]), part, text), MEDIA_TYPE)


def test_a_sheet_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workbook, "MAX_CELLS", 50)
    assert len(cells_of(file_of(["a"], *[[i] for i in range(40)]))) == 40
    with pytest.raises(TableError, match="more than 50 cells"):
        read_table(file_of(["a"], ["x", *[None] * 60, "far away"]), MEDIA_TYPE)


def test_a_row_below_the_last_of_a_sheet_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workbook, "LAST_ROW", 1_000)
    content = file_of(["word"], ["x"])
    text = (
        part_of(content, "xl/worksheets/sheet1.xml")
        .replace(b'r="2"', b'r="1999999999"')
        .replace(b'"A2"', b'"A99"')
    )
    with pytest.raises(TableError, match="more than"):
        read_table(changed(content, "xl/worksheets/sheet1.xml", text), MEDIA_TYPE)


@settings(max_examples=40)
@given(data=st.data())
def test_a_flipped_byte_leaves_a_table_or_a_table_error(data: st.DataObject):
    content = bytearray(SMALL)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        table = read_table(bytes(content), MEDIA_TYPE)
    except TableError:
        return
    assert all(set(row.cells) <= set(table.columns) for row in table.rows)


@settings(max_examples=40)
@given(
    part=st.sampled_from(DAMAGES),
    data=st.data(),
    new=st.sampled_from([b"", b"0", b"<", b'"', b"99999999999999999999", b"-1", b"x", b"A1"]),
)
def test_a_changed_part_leaves_a_table_or_a_table_error(part: str, data: st.DataObject, new: bytes):
    text = part_of(SMALL, part)
    start = data.draw(st.integers(0, len(text) - 1))
    end = start + data.draw(st.integers(0, 5))
    try:
        table = read_table(changed(SMALL, part, text[:start] + new + text[end:]), MEDIA_TYPE)
    except TableError:
        return
    assert all(set(row.cells) <= set(table.columns) for row in table.rows)


def test_objects_alone_come_as_workbooks_too(view: CampaignView):
    report = read_objects(
        file_of(["note", "Word"], ["x", "Apple"], ["y", None], ["z", 42]), MEDIA_TYPE, view.domain
    )
    assert [(row.row, row.status, row.object, row.column) for row in report.rows] == [
        (2, "accepted", "apple", None),
        (3, "skipped", None, None),
        (4, "rejected", None, "Word"),
    ]


RAISED, STRUCK, BOLD = InlineFont(vertAlign="superscript"), InlineFont(strike=True), InlineFont(b=True)


def in_the_sheet(*runs: tuple[str, InlineFont | None]) -> bytes:
    """Return a workbook whose first value is written in letters of several fonts."""
    text = CellRichText(*(part if font is None else TextBlock(font, part) for part, font in runs))
    return file_of(["word", "type", "value"], ["gamma", "logS", text], ["delta", "logS", 7])


def in_shared_texts(*runs: tuple[str, InlineFont | None]) -> bytes:
    """Return the same as spreadsheet programs write it: cells point into a table of texts."""
    content = file_of(["word", "type", "value"], ["gamma", "logS", "MARK"], ["delta", "logS", 7])
    sheet, types = part_of(content, "xl/worksheets/sheet1.xml"), part_of(content, "[Content_Types].xml")
    pointing = sheet.replace(b't="inlineStr"><is><t>MARK</t></is>', b't="s"><v>0</v>')
    assert pointing != sheet
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    parts = "".join(f"<r>{'' if font is None else _properties(font)}<t>{part}</t></r>" for part, font in runs)
    texts = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si>{parts}</si></sst>'
    content = changed(content, "xl/worksheets/sheet1.xml", pointing)
    content = changed(content, "[Content_Types].xml", types.replace(b"</Types>", override.encode()))
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", texts)
    return out.getvalue()


def _properties(font: InlineFont) -> str:
    marks = {"<b/>": font.b, "<strike/>": font.strike, '<vertAlign val="superscript"/>': font.vertAlign}
    return f"<rPr>{''.join(mark for mark, is_set in marks.items() if is_set)}</rPr>"


@pytest.mark.parametrize("written", [in_the_sheet, in_shared_texts])
@pytest.mark.parametrize(
    ("runs", "value"),
    [
        ([("12.5", None), ("1", RAISED)], None),
        ([("12.5", BOLD), ("2", RAISED)], None),
        ([("5 x 10", None), ("-3", RAISED)], 0.005),
        ([("10", BOLD), ("3", RAISED)], 1000.0),
        ([("12", BOLD), (".5", None)], 12.5),
        ([("5", None), ("0", STRUCK)], None),
        ([("5.", None), ("5", STRUCK), ("7", BOLD)], None),
    ],
)
def test_raised_and_struck_letters_are_no_digits_of_a_number(
    view: CampaignView,
    written: Callable[..., bytes],
    runs: list[tuple[str, InlineFont | None]],
    value: float | None,
):
    first, second = read_results(written(*runs), MEDIA_TYPE, view).rows
    assert (first.result.value if first.result else None) == value
    assert first.status == ("rejected" if value is None else "accepted")
    assert second.result.value == 7
    if any(font is STRUCK for _, font in runs):
        assert "some letters in C2 are struck through" in first.reason


def test_letters_that_are_struck_where_nothing_is_read_reject_no_row(view: CampaignView):
    note = CellRichText("see ", TextBlock(STRUCK, "page 4"))
    content = file_of(["word", "type", "value", "colour"], ["gamma", "logS", 5, note])
    (row,) = read_results(content, MEDIA_TYPE, view).rows
    assert (row.status, row.result.value) == ("accepted", 5)


def test_hidden_rows_and_struck_cells_are_told(view: CampaignView):
    book = sheet_of(
        ["word", "type", "value"], ["gamma", "logS", 1], ["delta", "logS", 2], ["beta", "logS", 3]
    )
    assert read_results(saved(book), MEDIA_TYPE, view).warnings == ()
    book.active["C2"].font = Font(strike=True)
    book.active["B4"].font = Font(bold=True)
    book.active.row_dimensions[3].hidden = True
    report = read_results(saved(book), MEDIA_TYPE, view)
    assert [row.status for row in report.rows] == ["accepted"] * 3
    assert report.warnings == (
        "rows that are hidden were read as well (3): delete what does not count",
        "cells that are struck through were read as well (C2): delete what does not count",
    )


def test_notes_at_cells_are_told_and_those_of_the_header_are_not(view: CampaignView):
    book = sheet_of(["word", "type", "value"], ["gamma", "logS", 1], ["delta", "logS", 2])
    book.active["C1"].comment = Comment("in decades", "A")
    assert read_results(saved(book), MEDIA_TYPE, view).warnings == ()
    book.active["C3"].comment = Comment("excluded:\nprecipitate", "A")
    report = read_results(saved(book), MEDIA_TYPE, view)
    assert [row.status for row in report.rows] == ["accepted"] * 2
    (warning,) = report.warnings
    assert warning == "notes at cells were not read (C3: 'excluded: precipitate'): delete what does not count"


def test_many_marks_are_told_in_short(view: CampaignView):
    book = sheet_of(["word", "type", "value"], *(["gamma", "logS", number] for number in range(40)))
    for number in range(2, 42):
        book.active.row_dimensions[number].hidden = True
    (warning,) = read_results(saved(book), MEDIA_TYPE, view).warnings
    assert warning.startswith("rows that are hidden were read as well (2, 3, 4")
    assert "21, ...)" in warning
