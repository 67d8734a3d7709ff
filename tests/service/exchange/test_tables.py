"""Reading bytes as a table: encodings, delimiters, broken files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.exchange import TableError, UnknownFormatError, media_type_named, media_types, read_table

if TYPE_CHECKING:
    from service.exchange.tables import Table


def rows_of(table: Table):
    return [dict(row.cells) for row in table.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_are_recognised(encoding: str):
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    table = read_table(mark + "word,IC50 (µM)\nalpha,3\n".encode(encoding), "text/csv")
    assert rows_of(table) == [{"word": "alpha", "IC50 (µM)": "3"}]
    assert table.warnings == ()


def test_windows_1252_is_read_with_a_warning():
    table = read_table("word,units\nalpha,µM\n".encode("latin-1"), "text/csv")
    assert rows_of(table) == [{"word": "alpha", "units": "µM"}]
    assert "Windows-1252" in table.warnings[0]


def test_a_declared_charset_is_used_and_checked():
    assert rows_of(read_table("a\nµ\n".encode("cp1252"), "text/csv; charset=cp1252")) == [{"a": "µ"}]
    with pytest.raises(TableError, match="unknown charset"):
        read_table(b"a\n1\n", "text/csv; charset=klingon")
    with pytest.raises(TableError, match="not valid"):
        read_table(b"a\n\xff\n", "text/csv; charset=utf-8")
    with pytest.raises(TableError, match="unknown charset"):
        read_table(b"a\n1\n", "text/csv; charset=zlib")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_sniffed_outside_quotes(delimiter: str):
    text = f'"a,;\t"{delimiter}b{delimiter}c\n1{delimiter}"two\nlines"{delimiter}"say ""x"""\n'
    table = read_table(text.encode(), "text/csv")
    assert rows_of(table) == [{"a,;": "1", "b": "two\nlines", "c": 'say "x"'}]
    assert table.delimiter == delimiter


def test_excel_s_separator_line_is_understood():
    table = read_table(b"sep=;\na;b\n1;2\n", "text/csv")
    assert rows_of(table) == [{"a": "1", "b": "2"}]
    assert table.rows[0].number == 3


def test_rows_count_as_in_a_spreadsheet_and_blank_ones_are_passed_over():
    table = read_table(b"a,b\n1,2\n\n,\n3,4\n", "text/csv")
    assert [row.number for row in table.rows] == [2, 5]


def test_ragged_rows_carry_a_problem_and_trailing_blanks_do_not():
    table = read_table(b"a,b\n1\n1,2,\n1,2,3\n", "text/csv")
    assert [row.problem for row in table.rows] == [
        "the row has 1 cells, the header 2",
        None,
        "the row has 3 cells, the header 2",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b'a,b\n1,"2\n', "not valid CSV"),
        (b"a\0b,c\n1,2\n", "NUL"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "field"),
    ],
)
def test_broken_tables_are_refused_with_a_sentence(content: bytes, message: str):
    with pytest.raises(TableError, match=message):
        read_table(content, "text/csv")


def test_a_header_alone_is_a_table_without_rows():
    table = read_table(b"word,type,value\n", "text/csv")
    assert table.columns == ("word", "type", "value")
    assert table.rows == ()


def test_json_keeps_the_digits_and_refuses_nesting():
    rows = (
        b'[{"word": "a", "value": 1.50, "units": null}, {"word": ["a"]}, 7, {"a": 1, "a": 2}, {"value": NaN}]'
    )
    table = read_table(rows, "application/json")
    assert dict(table.rows[0].cells) == {"word": "a", "value": "1.50", "units": ""}
    assert ["must be" in (row.problem or "") or "twice" in (row.problem or "") for row in table.rows] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert table.rows[4].cells["value"] == "NaN"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1", b'"a"', b"[" * 100_000, b"\xff\xfe\xfd", b'[{"a": "\\ud800"}]']
)
def test_json_that_is_no_array_of_rows_is_refused(content: bytes):
    with pytest.raises(TableError):
        read_table(content, "application/json")


def test_formats_are_found_and_others_are_named():
    assert {"text/csv", "application/json"} <= set(media_types())
    with pytest.raises(UnknownFormatError, match="text/csv"):
        read_table(b"", "image/png")


@given(st.binary(max_size=300), st.sampled_from(["text/csv", "application/json", "text/csv; charset=utf-16"]))
def test_arbitrary_bytes_are_a_table_or_a_table_error(content: bytes, media_type: str):
    try:
        table = read_table(content, media_type)
    except TableError:
        return
    assert all(row.problem or set(row.cells) <= set(table.columns) for row in table.rows)


CELLS = st.text(max_size=5) | st.floats() | st.none()


@given(st.lists(st.dictionaries(st.sampled_from("abc"), CELLS, max_size=3), max_size=4))
def test_json_rows_of_texts_and_numbers_are_all_read(rows: list[dict[str, Any]]):
    try:
        table = read_table(json.dumps(rows).encode(), "application/json")
    except TableError:
        assert any(letter in json.dumps(rows) for letter in ("\\u0000", "\\ud"))
        return
    assert len(table.rows) == len(rows)
    assert all(row.problem is None for row in table.rows)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("plate.CSV", "text/csv"),
        ("plate.tsv", "text/csv"),
        ("plate.txt", "text/csv"),
        ("rows.json", "application/json"),
        ("mols.sdf", "chemical/x-mdl-sdfile"),
        ("plate.pdf", None),
        ("plate", None),
    ],
)
def test_a_file_s_name_tells_its_format(name: str, media_type: str | None):
    assert media_type_named(name) == media_type
