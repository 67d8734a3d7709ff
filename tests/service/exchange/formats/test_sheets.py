"""Which sheet of a workbook is read, which row names its columns, and what stands beside the table."""

from __future__ import annotations

import pytest
from workbooks import file_of, saved, sheet_of

from service.exchange import QuestionError, ReadingOptions, TableError, read_table
from service.exchange.formats.workbook import MEDIA_TYPE


def test_remarks_beside_a_table_are_no_reason_to_refuse_it():
    table = read_table(
        file_of(["word", None, "a"], ["x", "repeat this one", 1], ["y", None, 2, "odd"]), MEDIA_TYPE
    )
    assert table.columns == ("word", "remarks in B", "a", "remarks in D")
    assert [row.cells["a"] for row in table.rows] == ["1", "2"]


def cover_and(*titles: str) -> bytes:
    book = sheet_of(["Results of March"], [], ["ask A. Person"])
    for title in titles:
        sheet = book.create_sheet(title)
        for row in (["smiles", "IC50 (nM)"], ["CCO", len(title)]):
            sheet.append(row)
    return saved(book)


def test_the_only_sheet_that_names_what_was_measured_is_read():
    table = read_table(cover_and("Run 1"), MEDIA_TYPE, ("smiles",))
    assert [dict(row.cells) for row in table.rows] == [{"smiles": "CCO", "IC50 (nM)": "5"}]
    assert "'Run 1' was read, which alone names what was measured" in table.warnings[0]


def test_of_several_such_sheets_it_is_asked_which():
    with pytest.raises(QuestionError, match="which sheet holds the results") as caught:
        read_table(cover_and("Run 1", "Run 02"), MEDIA_TYPE, ("smiles",))
    assert (caught.value.parameter, caught.value.choices) == ("sheet", ("Run 1", "Run 02"))
    table = read_table(cover_and("Run 1", "Run 02"), MEDIA_TYPE, ("smiles",), "run 02")
    assert table.rows[0].cells["IC50 (nM)"] == "6"


def test_a_row_that_is_said_to_be_the_header_is_it():
    content = file_of(["smiles", "note"], ["smiles", "IC50 (nM)"], ["CCO", 5])
    table = read_table(content, MEDIA_TYPE, options=ReadingOptions(header_row=2))
    assert (table.columns, table.header_row) == (("smiles", "IC50 (nM)"), 2)
    with pytest.raises(TableError, match="row 9 is said to name the columns"):
        read_table(content, MEDIA_TYPE, options=ReadingOptions(header_row=9))


@pytest.mark.parametrize("start", [0, 1])
def test_a_column_without_a_name_that_counts_rows_is_left_out(start: int):
    rows = [[None, "smiles", "IC50 (nM)"], [start, "CCO", 5], [start + 1, "CCN", 6]]
    table = read_table(file_of(*rows), MEDIA_TYPE)
    assert table.columns == ("smiles", "IC50 (nM)")
    assert [row.cells["IC50 (nM)"] for row in table.rows] == ["5", "6"]
    with pytest.raises(TableError, match="column A has no name"):
        read_table(file_of(rows[0], [7, "CCO", 5], [3, "CCN", 6]), MEDIA_TYPE)
