"""Files under media types that say nothing, packed, in parts, or as JSON in other shapes."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from service.exchange import CampaignView, TableError, UnknownFormatError, read_results, read_table
from service.exchange.media import GENERIC, MAX_UNPACKED, unwrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

CSV = b"word,type,value,units\nalpha,IC50,5,nM\n"
ROWS = [{"word": "alpha", "type": "IC50", "value": 5, "units": "nM"}]
JSON = json.dumps(ROWS).encode()
BOUNDARY = "xyz"


def values(content: bytes, media_type: str, view: CampaignView) -> list[float | None]:
    report = read_results(content, media_type, view)
    assert [row.status for row in report.rows] == ["accepted"] * len(report.rows)
    return [row.result.value for row in report.accepted if row.result]


def multipart(*parts: tuple[str, bytes, str]) -> tuple[bytes, str]:
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"{name}\r\n{kind}\r\n'.encode()
        + content
        + b"\r\n"
        for name, content, kind in parts
    )
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


@pytest.mark.parametrize("media_type", sorted(GENERIC))
@pytest.mark.parametrize("content", [CSV, JSON, JSON[1:-1] + b"\n" + JSON[1:-1], gzip.compress(CSV)])
def test_a_generic_media_type_is_what_the_bytes_are(content: bytes, media_type: str, view: CampaignView):
    assert set(values(content, media_type, view)) == {5.0}


def test_gzip_is_unpacked_under_any_media_type(view: CampaignView):
    assert values(gzip.compress(CSV), "text/csv", view) == [5.0]
    assert values(gzip.compress(JSON), "application/json", view) == [5.0]


def test_a_charset_of_a_generic_type_is_kept(view: CampaignView):
    content = "word,type,value,units\nalpha,IC50,5,µM\n".encode("cp1252")
    assert values(content, "text/plain; charset=cp1252", view) == [5000.0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(CSV)[:-9], "too early"),
        (b"\x1f\x8b" + b"x" * 50, "damaged"),
        (gzip.compress(bytes(MAX_UNPACKED + 1)), "more than 64 MiB"),
    ],
)
def test_a_broken_or_huge_gzip_file_is_refused(content: bytes, reason: str):
    with pytest.raises(TableError, match=reason):
        read_table(content, "text/csv")


@pytest.mark.parametrize(
    "kind", ["Content-Type: text/csv\r\n", "Content-Type: application/octet-stream\r\n", ""]
)
def test_the_one_file_of_a_form_is_read(kind: str, view: CampaignView):
    body, media_type = multipart(("", b"some text", ""), ('; filename="run.csv"', CSV, kind))
    assert values(body, media_type, view) == [5.0]


def test_a_form_without_a_file_or_with_two_is_refused(view: CampaignView):
    for parts in ([("", CSV, "")], [('; filename="a"', CSV, ""), ('; filename="b"', CSV, "")]):
        with pytest.raises(TableError, match=r"holds [02] files"):
            read_results(*multipart(*parts), view)
    with pytest.raises(TableError, match="boundary"):
        read_results(CSV, "multipart/form-data", view)


@pytest.mark.parametrize("name", ["results", "rows", "data", "items", "records"])
def test_an_array_in_an_object_is_read(name: str, view: CampaignView):
    report = read_results(json.dumps({name: ROWS, "next_cursor": None}).encode(), "application/json", view)
    assert [row.status for row in report.rows] == ["accepted"]
    assert f"not read: 'next_cursor' beside '{name}'" in report.warnings


@pytest.mark.parametrize("body", [{"results": ROWS, "rows": ROWS}, {"word": {"0": "alpha"}}, {}])
def test_an_object_without_one_array_of_rows_is_refused(body: Mapping[str, Any]):
    with pytest.raises(TableError, match="array of rows"):
        read_table(json.dumps(body).encode(), "application/json")


@pytest.mark.parametrize(
    "media_type", ["application/x-ndjson", "application/jsonl", "application/x-jsonlines"]
)
def test_lines_of_json_are_rows(media_type: str, view: CampaignView):
    line = JSON[1:-1]
    assert values(line + b"\n\n" + line.replace(b"5,", b"7.50,") + b"\r\n", media_type, view) == [5.0, 7.5]
    with pytest.raises(TableError, match="line 2 is not valid JSON"):
        read_table(line + b"\n{,}\n", media_type)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read_and_told(encoding: str, view: CampaignView):
    report = read_results(CSV.decode().encode(encoding), "text/csv", view)
    assert [row.result.value for row in report.accepted] == [5.0]
    assert f"the file has no byte order mark; it was read as {encoding.upper()}" in report.warnings


def test_what_curl_sends_by_itself_is_refused_with_the_way_out():
    with pytest.raises(UnknownFormatError, match="curl"):
        read_table(CSV, "application/x-www-form-urlencoded")


@pytest.mark.parametrize("media_type", ["text/plain", "application/octet-stream"])
@pytest.mark.parametrize("end", ["", ",", "\t"])
def test_the_dollar_signs_of_a_helm_make_no_sdf(media_type: str, end: str, view: CampaignView) -> None:
    helm = "PEPTIDE1{A.F}$$$$"
    delimiter = end or ";"
    header = ["word", "type", "value", "units", "Notebook"]
    rows = [header, ["alpha", "IC50", "5", "nM", helm], ["beta", "IC50", "6", "nM", "M  END"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert values(text.encode(), media_type, view) == [5.0, 6.0]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("line", ["M  END", "$$$$", "$$$$ "])
def test_an_sdf_is_known_by_the_ends_of_its_records(line: str, line_end: str) -> None:
    content = line_end.join(["name", "", "", "  0  0  0  0  0  0  0  0  0  0999 V2000", line, ""]).encode()
    assert unwrapped(content, "text/plain")[1] == "chemical/x-mdl-sdfile"
