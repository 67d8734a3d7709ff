"""Workbooks to download, and the way back: one that is filled in is a valid upload."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from service.exchange import CampaignView, read_results, read_table, write_batch
from service.exchange.formats import parquet
from service.exchange.formats.workbook import MEDIA_TYPE, write
from service.exchange.predictions import prediction_formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from openpyxl import Workbook

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import BatchRow


def saved(book: Workbook):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cells_of(content: bytes):
    return [dict(row.cells) for row in read_table(content, MEDIA_TYPE).rows]


CELLS = (
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
    | st.integers(-(10**14), 10**14)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.none()
)


def expected(value: Any):
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-7)
    return value


def back(text: str, value: Any):
    if isinstance(value, int):
        return int(text)
    return float(text) if isinstance(value, float) else (text or None)


@settings(max_examples=40)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_what_is_written_is_read(rows: list[tuple[Any, Any]]):
    content = write([{"key": f"k{i}", "left": a, "right": b} for i, (a, b) in enumerate(rows)])
    read = read_table(content, MEDIA_TYPE).rows
    assert len(read) == len(rows)
    for row, values in zip(read, rows, strict=True):
        for name, value in zip(("left", "right"), values, strict=True):
            if isinstance(value, str):
                text = value.strip()
                told = text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text
                assert row.cells[name] == told
            else:
                assert back(row.cells[name], value) == expected(value)


def test_a_written_sheet_runs_nothing_and_keeps_its_header_in_view():
    content = write(
        [{"word": "=SUM(A1)", "id": "0101", "x": 1 / 3, "y": float("nan"), "z": "a\x0bb", "none": None}]
    )
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[1]] == ["word", "id", "x", "y", "z", "none"]
    assert all(cell.font.bold for cell in sheet[1])
    formula, number, share, *_ = sheet[2]
    assert (formula.value, formula.data_type, formula.quotePrefix) == ("=SUM(A1)", "s", True)
    assert (number.value, number.data_type, number.quotePrefix) == ("0101", "s", False)
    assert (share.value, share.data_type) == (0.33333333, "n")
    assert [cell.value for cell in sheet[2][3:]] == [None, "a\ufffdb", None]


def test_the_columns_are_those_of_csv(
    batch_rows: Callable[..., list[BatchRow]], spec: CampaignSpec, domain: Domain
):
    rows = batch_rows(["alpha", "beta"])
    file = write_batch(rows, spec, domain, "xlsx")
    assert (file.media_type, file.extension) == (MEDIA_TYPE, "xlsx")
    header, *body = load_workbook(io.BytesIO(file.content)).active.iter_rows(values_only=True)
    table = read_table(write_batch(rows, spec, domain, "csv").content, "text/csv")
    assert header == table.columns
    assert header[-6:] == ("potency", "solubility", "relation", "units", "outcome", "comment")
    assert len(body) == 2
    assert cells_of(file.content) == [dict(row.cells) for row in table.rows]
    assert prediction_formats() == {"csv": "text/csv", "parquet": parquet.MEDIA_TYPE, "xlsx": MEDIA_TYPE}


def test_the_downloaded_file_unfilled_is_skipped_row_by_row(
    batch_rows: Callable[..., list[BatchRow]], view: CampaignView
):
    content = write_batch(
        batch_rows(["alpha", "beta"], list(view.candidates)), view.spec, view.domain, "xlsx"
    ).content
    report = read_results(content, MEDIA_TYPE, view)
    assert [row.status for row in report.rows] == ["skipped", "skipped"]
    assert report.warnings == ()


@settings(max_examples=20)
@given(
    values=st.lists(
        st.tuples(
            st.floats(1e-9, 1e9) | st.integers(1, 10**6),
            st.floats(-1e9, 1e9),
            st.sampled_from(["", "<", ">=", "~", "="]),
            st.sampled_from(["", "=cmd()", "fine", "+1", "a,b\n'c'"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_filled_in_download_comes_back_value_by_value(
    values: list[tuple[float, float, str, str]],
    batch_rows: Callable[..., list[BatchRow]],
    spec: CampaignSpec,
    domain: Domain,
):
    ids = [f"{i:08d}-0000-4000-8000-000000000000" for i in range(len(values))]
    words = ["w" + "abcdef"[i] for i in range(len(values))]
    book = load_workbook(io.BytesIO(write_batch(batch_rows(words, ids), spec, domain, "xlsx").content))
    field_errors = {cell.value: cell.column for cell in book.active[1]}
    for number, cells in enumerate(values, 2):
        potency, solubility, relation, comment = cells
        told = (f"{relation}{potency!r}" if relation else potency, solubility, comment)
        for name, value in zip(("potency", "solubility", "comment"), told, strict=True):
            cell = book.active.cell(number, field_errors[name], None if value == "" else value)
            cell.data_type = "s" if value and isinstance(value, str) else "n"
    report = read_results(
        saved(book), MEDIA_TYPE, CampaignView(spec, domain, dict(zip(ids, words, strict=True)))
    )
    assert [row.status for row in report.rows] == ["accepted"] * (2 * len(values))
    for i, (potency, solubility, relation, comment) in enumerate(values):
        first, second = report.rows[2 * i].result, report.rows[2 * i + 1].result
        assert (first.value, second.value) == (
            pytest.approx(potency, rel=1e-14),
            pytest.approx(solubility, rel=1e-14),
        )
        assert (first.relation, first.comment or "") == (relation or "=", comment)
        assert report.rows[2 * i].candidate_id == ids[i]
