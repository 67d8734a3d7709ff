"""Rows, cells, lines and markup are counted before a table is built of them."""

import io
import zipfile
from typing import Any

import pytest
from rdkit import Chem

from service.exchange import TableError, most_rows, read_table
from service.exchange.formats import delimited, json_rows, sdf, workbook
from service.exchange.tables import MAX_TITLE_ROWS
from service.exchange.values import MAX_VALUE, ValueTextError, read_value

HEADER = '<row><c t="inlineStr"><is><t>a</t></is></c></row>'


def book(sheet: str) -> bytes:
    """Return the least workbook with this content of its sheet."""
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/></Types>'
    )
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    root = links.format(f'<Relationship Id="rId1" Type="{kinds}/officeDocument" Target="xl/workbook.xml"/>')
    inner = links.format(f'<Relationship Id="rId1" Type="{kinds}/worksheet" Target="worksheets/sheet1.xml"/>')
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
    named = f'<workbook xmlns="{main}" xmlns:r="{kinds}">{sheets}</workbook>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", root)
        archive.writestr("xl/workbook.xml", named)
        archive.writestr("xl/_rels/workbook.xml.rels", inner)
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
        )
    return out.getvalue()


@pytest.fixture
def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("parsed before the limits")

    monkeypatch.setattr("json.loads", fail)
    monkeypatch.setattr("openpyxl.load_workbook", fail)
    monkeypatch.setattr(delimited, "_row", fail)
    monkeypatch.setattr(json_rows, "_row", fail)


@pytest.mark.usefixtures("no_parsing")
@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"a,b\n" * 300_000, "text/csv", "more than 250000 rows"),
        (b"\n" * 1_100_000 + b"a,b\n", "text/csv", "more than 1048576 lines"),
        (b"a," * 600_000, "text/csv", "row is longer than 1000000"),
        (b"a,b\n" + b'"\n",' * 400_000, "text/csv", "row is longer than 1000000"),
        (b"a" + b",b" * 1_000 + (b"\n" + b"1," * 1_000) * 3_100, "text/csv", "more than 3000000 cells"),
        (b"[" + b"null," * 3_100_000 + b"null]", "application/json", "more than 3000000 cells"),
        (b"[" + b"{}," * 260_000 + b"{}]", "application/json", "more than 250000 rows"),
        (b"$$$$\n" * 260_000, "chemical/x-mdl-sdfile", "more than 250000 rows"),
        (
            book(HEADER + "<row><c><v>1</v></c></row>" * 60_000),
            workbook.MEDIA_TYPE,
            "compressed more than 200:1",
        ),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_too_much_is_refused_before_a_table_is_built(content: bytes, media_type: str, reason: str):
    with pytest.raises(TableError, match=reason):
        read_table(content, media_type)


def test_a_workbook_is_refused_by_its_rows_before_all_of_them_are_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.exchange.tables.MAX_ROWS", 20)
    seen = []
    real = workbook._text
    monkeypatch.setattr(workbook, "_text", lambda *given: seen.append(1) or real(*given))
    with pytest.raises(TableError, match="more than 20 rows"):
        read_table(
            book(HEADER + "".join(f"<row><c><v>{i}</v></c></row>" for i in range(200))), workbook.MEDIA_TYPE
        )
    assert len(seen) <= MAX_TITLE_ROWS + 1


@pytest.mark.parametrize("count", ["M  V30 COUNTS 1000 999 0 0 0", "M  V30 COUNTS 998 4000 0 0 0"])
def test_a_structure_is_refused_by_its_counts_before_chemistry(count: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sdf, "_molecule", None)
    record = (
        f"\n\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\n{count}\nM  V30 END CTAB\nM  "
        f"END\n$$$$\n"
    )
    (row,) = read_table(record.encode(), "chemical/x-mdl-sdfile").rows
    assert "more than" in str(row.problem)


def test_a_structure_of_usual_size_is_read():
    record = Chem.MolToMolBlock(Chem.MolFromSmiles("c1ccccc1" * 8), forceV3000=True) + "$$$$\n"
    (row,) = read_table(record.encode(), "chemical/x-mdl-sdfile").rows
    assert row.problem is None


@pytest.mark.parametrize(
    ("content", "media_type", "n_rows"),
    [
        (b"a,b\n1,2\n3,4", "text/csv", 2),
        (b"a\r1\r2\r3\r", "text/csv", 3),
        (b'[{"a":1},{"a":2}]', "application/json", 2),
        (b"x\n$$$$\ny\n$$$$\n", "chemical/x-mdl-sdfile", 2),
        (book(HEADER + "<row/>" * 50 + "<row><c><v>1</v></c></row>" * 3), workbook.MEDIA_TYPE, 3),
    ],
)
def test_rows_are_counted_without_reading_them_and_never_too_few(
    content: bytes, media_type: str, n_rows: int
):
    assert n_rows <= most_rows(content, media_type) <= n_rows + 2


def test_what_no_format_reads_has_no_rows_and_what_is_too_long_is_refused_while_counting():
    assert most_rows(b"a\n" * 9, "image/png") == 0
    with pytest.raises(TableError, match="no XLSX workbook"):
        most_rows(b"PK nothing", workbook.MEDIA_TYPE)
    with pytest.raises(TableError, match="more than 1048576 lines"):
        most_rows(b"a\n" * 1_100_000, "text/csv")
    with pytest.raises(TableError, match="more than 250000 rows"):
        most_rows(b"$$$$\n" * 300_000, "chemical/x-mdl-sdfile")


def test_the_name_of_a_column_and_the_text_of_a_value_have_a_length():
    with pytest.raises(TableError, match="name of a column is longer than 300"):
        read_table(b"a" * 301 + b",b\n1,2\n", "text/csv")
    with pytest.raises(ValueTextError, match=f"at most {MAX_VALUE}"):
        read_value("1" * 100_000 + "!")
