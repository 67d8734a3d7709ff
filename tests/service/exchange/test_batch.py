"""Batches as files, and the way back: a downloaded file, filled in, is a valid upload."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.specs.objectives import Objective
from service.exchange import (
    CampaignView,
    UnknownFormatError,
    batch_formats,
    flat_rows,
    read_results,
    write_batch,
)
from service.exchange.formats import parquet, workbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import BatchRow


def table_of(content: bytes):
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def filled(rows: list[dict[str, Any]]):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_columns_are_those_of_the_contract_in_its_order(
    batch_rows: Callable[..., list[BatchRow]], spec: CampaignSpec, domain: Domain
):
    file = write_batch(batch_rows(["alpha"]), spec, domain, "csv")
    assert (file.media_type, file.extension) == ("text/csv", "csv")
    (row,) = table_of(file.content)
    assert list(row) == [
        "candidate_id",
        "rank",
        "word",
        "status",
        "potency_mean",
        "potency_sd",
        "potency_low",
        "potency_high",
        "solubility_mean",
        "solubility_sd",
        "solubility_low",
        "solubility_high",
        "length",
        "acquisition",
        "feasibility",
        "beta",
        "preference_potency",
        "preference_solubility",
        "preference_size",
        "nearest_measured",
        "nearest_similarity",
        "purpose",
        "in_domain",
        "reason",
        "potency",
        "solubility",
        "relation",
        "units",
        "outcome",
        "comment",
    ]
    assert row["solubility_mean"] == "-3.25"
    assert row["relation"] == row["potency"] == ""


def test_a_control_has_blank_conditions_and_comes_back_like_any_other(
    batch_rows: Callable[..., list[BatchRow]], control_row: BatchRow, spec: CampaignSpec, domain: Domain
):
    rows = table_of(write_batch([*batch_rows(["beta"]), control_row], spec, domain, "csv").content)
    assert [(row["purpose"], row["in_domain"]) for row in rows] == [("exploit", ""), ("control", "true")]
    assert (rows[0]["beta"], rows[0]["preference_size"]) == ("8", "0.25")
    assert (rows[1]["beta"], rows[1]["preference_size"], rows[1]["potency_mean"]) == ("", "", "12.5")
    rows[1].update(potency="7", solubility="-2")
    view = CampaignView(spec, domain, {"id-0": "beta", "id-c": "alpha"})
    report = read_results(filled(rows), "text/csv", view)
    assert report.warnings == ()
    assert [(row.candidate_id, row.result.value) for row in report.rows if row.result] == [
        ("id-c", 7),
        ("id-c", -2),
    ]


def test_texts_that_look_like_formulas_are_disarmed_and_numbers_are_not(
    batch_rows: Callable[..., list[BatchRow]], spec: CampaignSpec, domain: Domain
):
    (row,) = table_of(write_batch(batch_rows(["alpha"]), spec, domain, "csv").content)
    assert row["reason"].startswith("'=SUM")
    assert float(row["solubility_low"]) == -4


def test_the_downloaded_file_unfilled_is_skipped_row_by_row(
    batch_rows: Callable[..., list[BatchRow]], view: CampaignView
):
    rows = batch_rows(["alpha", "beta"], list(view.candidates))
    content = write_batch(rows, view.spec, view.domain, "csv").content
    report = read_results(content, "text/csv", view)
    assert [row.status for row in report.rows] == ["skipped", "skipped"]
    assert report.warnings == ()


@settings(max_examples=40)
@given(
    values=st.lists(
        st.tuples(
            st.floats(1e-9, 1e9),
            st.floats(-1e9, 1e9),
            st.sampled_from(["", "<", ">=", "~", "="]),
            st.sampled_from(["", "=cmd()", "fine", "+1", "a,b\n'c'"]),
        ),
        min_size=1,
        max_size=5,
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
    rows = table_of(write_batch(batch_rows(words, ids), spec, domain, "csv").content)
    for row, (potency, solubility, relation, comment) in zip(rows, values, strict=True):
        row.update(
            potency=f"{relation}{potency!r}", solubility=repr(solubility), relation="'=", comment=comment
        )
        row["relation"] = row["relation"] if relation in ("", "=") else ""
    report = read_results(
        filled(rows), "text/csv", CampaignView(spec, domain, dict(zip(ids, words, strict=True)))
    )
    assert [row.status for row in report.rows] == ["accepted"] * (2 * len(values))
    for i, (potency, solubility, relation, comment) in enumerate(values):
        first, second = report.rows[2 * i].result, report.rows[2 * i + 1].result
        assert (first.value, second.value) == (potency, solubility)
        assert (first.relation, second.relation) == (relation or "=", "=")
        assert (first.comment or "") == comment
        assert report.rows[2 * i].candidate_id == ids[i]


def test_an_objective_may_be_named_like_another_column(
    batch_rows: Callable[..., list[BatchRow]], spec_of: Callable[..., CampaignSpec], domain: Domain
):
    spec = spec_of(Objective(name="length"), Objective(name="value", type="logS"))
    view = CampaignView(spec, domain, {"id-0": "alpha"})
    rows = table_of(write_batch(batch_rows(["alpha"]), spec, domain, "csv").content)
    rows[0].update(length_result="7", value_result="-2")
    report = read_results(filled(rows), "text/csv", view)
    assert [(row.result.type, row.result.value) for row in report.rows] == [("length", 7), ("logS", -2)]


def test_the_domain_s_own_formats_are_offered(
    batch_rows: Callable[..., list[BatchRow]], spec: CampaignSpec, domain: Domain
):
    tables = {"csv": "text/csv", "parquet": parquet.MEDIA_TYPE, "xlsx": workbook.MEDIA_TYPE}
    assert batch_formats(domain) == {**tables, "txt": "text/plain"}
    assert write_batch(batch_rows(["alpha", "beta"]), spec, domain, "txt").content == b"alpha\nbeta"
    with pytest.raises(UnknownFormatError, match="json, csv, parquet, xlsx, txt"):
        write_batch([], spec, domain, "docx")


@pytest.mark.parametrize("name", ["csv", "xlsx"])
def test_the_ids_of_a_laboratory_travel_with_the_batch_and_back(
    name: str, batch_rows: Callable[..., list[BatchRow]], spec: CampaignSpec, domain: Domain
):
    first, second = batch_rows(["alpha", "beta"])
    assert "compound_id" not in flat_rows([first, second], spec, domain)[0]
    known = replace(second, compound_id="LAB-0002")
    rows = flat_rows([first, known], spec, domain)
    assert list(rows[0])[:4] == ["candidate_id", "rank", "compound_id", "word"]
    assert [row["compound_id"] for row in rows] == [None, "LAB-0002"]
    file = write_batch([first, known], spec, domain, name)
    ids = {row.candidate_id: row.candidate.object for row in (first, known)}
    view = CampaignView(spec, domain, ids)
    if name == "csv":
        rows_sent = [{**row, "solubility": "1.5"} for row in table_of(file.content)]
        report = read_results(filled(rows_sent), "text/csv", view)
        assert [row.verbatim.get("compound_id") for row in report.rows if row.result] == [None, "LAB-0002"]
        assert {row.object for row in report.rows if row.result} == {"alpha", "beta"}
    else:
        assert read_results(file.content, file.media_type, view).as_json()["rejected"] == 0
