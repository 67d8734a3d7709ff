"""The decimal sign is decided from the whole file.

It is read to the right numbers, or asked for, and never guessed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.exchange import CampaignView, QuestionError, ReadingOptions, read_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange.values import Decimal


def table(cells: Sequence[str], delimiter: str = ",") -> bytes:
    quoted = [f'"{cell}"' if delimiter in cell else cell for cell in cells]
    lines = [delimiter.join(("word", "type", "value"))]
    return "\n".join([*lines, *(delimiter.join(("gamma", "logS", cell)) for cell in quoted)]).encode()


def values(view: CampaignView, content: bytes, decimal: Decimal | None = None, media_type: str = "text/csv"):
    rows = read_results(content, media_type, view, ReadingOptions(decimal=decimal)).rows
    return [row.result.value if row.result else row.status for row in rows]


@pytest.mark.parametrize(
    ("cells", "delimiter", "found"),
    [
        (["12,5", "0,75"], "\t", [12.5, 0.75]),
        (["12,5", "1,2E+03"], ";", [12.5, 1200]),
        (["12,5", "100"], ",", [12.5, 100]),
        (["1.234,5", "2.500"], ";", [1234.5, 2500]),
        (["1,234.5", "2,500"], ",", [1234.5, 2500]),
        (["1.234.567", "2.500"], ";", [1234567, 2500]),
        (["1.234.567", "2.500"], ",", [1234567, 2500]),
        (["1'234.5", "3"], ",", [1234.5, 3]),
        (["1 234.5", "3"], ",", [1234.5, 3]),
        (["1.234", "2"], ",", [1.234, 2]),
        (["1,234", "2,5"], ";", [1.234, 2.5]),
        (["0,123"], "\t", [0.123]),
        (["1.234", "12.5"], ";", [1.234, 12.5]),
        (["1 to 2,5"], ";", [1]),
        (["12.5", "1,234"], ",", [12.5, 1234]),
        (["12.5", ">10,000"], ",", [12.5, 10000]),
        (["0.75", "12", ">10,000"], ",", [0.75, 12, 10000]),
    ],
)
def test_the_cells_of_a_file_decide_together(
    view: CampaignView, cells: list[str], delimiter: str, found: list[float]
):
    assert values(view, table(cells, delimiter)) == found


@pytest.mark.parametrize(
    ("cells", "delimiter", "point", "comma"),
    [
        (["1,234"], ",", [1234], [1.234]),
        (["1,234"], ";", [1234], [1.234]),
        (["1.234"], ";", [1.234], [1234]),
        (["1.234"], "\t", [1.234], [1234]),
        (["12,5", "1.234"], ";", ["rejected", 1.234], [12.5, 1234]),
        (["12.5", "10,000"], ";", [12.5, 10000], ["rejected", 10]),
        (["12.5", "10,000"], "\t", [12.5, 10000], ["rejected", 10]),
        (["12.5", "12,5"], ",", [12.5, "rejected"], ["rejected", 12.5]),
        (["12.5", "0,500"], ",", [12.5, 500], ["rejected", 0.5]),
        (["12", "10,000"], ",", [12, 10000], [12, 10]),
        (["12.5", "0,75"], "\t", [12.5, "rejected"], ["rejected", 0.75]),
    ],
)
def test_what_can_be_read_in_two_ways_is_one_question_that_the_sender_answers(
    view: CampaignView, cells: list[str], delimiter: str, point: list[object], comma: list[object]
):
    with pytest.raises(QuestionError, match="decimal=point or decimal=comma") as caught:
        values(view, table(cells, delimiter))
    assert (caught.value.parameter, caught.value.choices) == ("decimal", ("point", "comma"))
    assert values(view, table(cells, delimiter), "point") == point
    assert values(view, table(cells, delimiter), "comma") == comma


@pytest.mark.parametrize(
    "cells", [("12,5", "1.234"), ("1.234", "-0,75"), ("1.234.567", "1.234"), ("1.234,5", "2.500")]
)
def test_a_text_beside_one_with_another_sign_is_asked_about_in_typed_formats_too(
    view: CampaignView, cells: tuple[str, str]
):
    rows = [{"word": "gamma", "type": "logS", "value": cell} for cell in (*cells, 7.25)]
    content, media_type = json.dumps(rows).encode(), "application/json"
    with pytest.raises(QuestionError, match="which is the decimal sign"):
        values(view, content, media_type=media_type)
    commas = values(view, content, "comma", media_type)
    assert commas == [*(float(cell.replace(".", "").replace(",", ".")) for cell in cells), 7.25]


def test_numbers_of_typed_cells_have_points_whatever_texts_do(view: CampaignView):
    def rows(*cells: object) -> bytes:
        return json.dumps([{"word": "gamma", "type": "logS", "value": cell} for cell in cells]).encode()

    assert values(view, rows(1.234, "1,5"), None, "application/json") == [1.234, "rejected"]
    assert values(view, rows(1.234, "1,5"), "comma", "application/json") == [1.234, 1.5]
    for number, text in ((1.234, "1,234"), (12.5, "10,200")):
        with pytest.raises(QuestionError):
            values(view, rows(number, text), None, "application/json")
    assert values(view, rows("12.5", ">10,000", 7.25), None, "application/json") == [12.5, 10000, 7.25]
    with pytest.raises(QuestionError):
        values(view, rows("12.5", "0,75", "10,000"), None, "application/json")


def written(number: float, decimal: str, group: str, field_errors: int) -> str:
    text = f"{number:,.{field_errors}f}"
    return text.translate({ord(","): group, ord("."): decimal})


@given(
    numbers=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6),
    field_errors=st.integers(0, 4),
    custom=st.tuples(
        st.sampled_from([",", ";", "\t"]),
        st.sampled_from([".", ","]),
        st.sampled_from(["", "'", "\u00a0", "other"]),
    ),
)
def test_a_table_is_read_to_the_numbers_that_were_written_or_asks(
    spec: CampaignSpec,
    domain: Domain,
    numbers: list[int],
    field_errors: int,
    custom: tuple[str, str, str],
):
    """A lone `1.234` among commas is a decimal point, as every program writes it.

    There the tables show their comma.
    """
    delimiter, decimal, group = custom
    meant = [number / 10**field_errors for number in numbers]
    expected = [float(f"{number:.{field_errors}f}") for number in meant]
    separator = {"other": "," if decimal == "." else "."}.get(group, group)
    cells = [written(number, decimal, separator, field_errors) for number in meant]
    if (delimiter, decimal, separator) == (",", ",", "."):
        expected, cells = [*expected, 0.5], [*cells, "0,5"]
    view = CampaignView(spec, domain)
    answer: Decimal = "point" if decimal == "." else "comma"
    try:
        assert values(view, table(cells, delimiter)) == expected
    except QuestionError:
        assert values(view, table(cells, delimiter), answer) == expected


def test_the_report_says_how_the_file_was_read(view: CampaignView):
    report = read_results(b"word;IC50;Qualifier\n;uM;\ngamma;1,5;>\n", "text/csv", view)
    assert report.as_json()["reading"] == {
        "sheet": None,
        "header_row": 1,
        "encoding": "utf-8",
        "delimiter": ";",
        "decimal": "comma",
        "thousands": None,
        "date_order": None,
        "units_row": 2,
        "columns": {"word": "word", "Qualifier": "relation", "IC50": "value of IC50 in uM"},
        "stated": {},
        "questions": [],
    }
    assert (report.rows[0].result.relation, report.rows[0].result.value) == (">", 1500)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_short_row_is_read_when_nothing_that_matters_is_missing(view: CampaignView, delimiter: str):
    text = "word,type,value,units,comment\ngamma,IC50,5,nM\ndelta,IC50,5\n".replace(",", delimiter)
    report = read_results(text.encode(), "text/csv", view)
    assert [row.status for row in report.rows] == ["accepted", "rejected"]
    assert "3 cells, the header 5" in report.rows[1].reason


def test_an_unnamed_column_that_only_counts_is_an_index(view: CampaignView):
    assert values(view, b",word,type,value\n0,gamma,logS,1\n1,delta,logS,2\n") == [1, 2]
    assert values(view, b",word,type,value\n7,gamma,logS,1\n9,delta,logS,2\n") == ["rejected", "rejected"]


def test_a_header_alone_is_told(view: CampaignView):
    assert "no rows" in read_results(b"word,type,value\n", "text/csv", view).warnings[-1]


def test_windows_1252_keeps_its_signs(view: CampaignView):
    report = read_results(
        "word,type,value,comment\ngamma,logS,1,“5 € \u2013 ok”\n".encode("cp1252"), "text/csv", view
    )
    assert report.rows[0].result.comment == "“5 € \u2013 ok”"
    assert "Windows-1252" in report.warnings[0]


def test_a_boolean_hides_no_later_column(view: CampaignView):
    rows = [
        {"word": "gamma", "active": True, "tags": ["x"], "IC50": 5, "units": "nM"},
        {"word": "beta", "IC50": True},
    ]
    report = read_results(json.dumps([rows[0] | {"tags": "x"}, rows[1]]).encode(), "application/json", view)
    assert [row.status for row in report.rows] == ["accepted", "rejected"]
    nested = read_results(json.dumps(rows[:1]).encode(), "application/json", view)
    assert nested.rows[0].result.value == 5
    comment = read_results(json.dumps([rows[1] | {"comment": ["x"]}]).encode(), "application/json", view)
    assert "'comment' must be a text" in comment.rows[0].reason


def test_stored_results_as_they_are_listed_can_be_sent_again(view: CampaignView):
    listed = {
        "id": "x",
        "candidate_id": None,
        "row": 2,
        "verbatim": {"value": "<5"},
        "object": "gamma",
        "type": "logS",
    }
    said = {
        "relation": "<",
        "value": 5.0,
        "units": None,
        "outcome": "ok",
        "external_id": None,
        "comment": None,
    }
    report = read_results(json.dumps([listed | said]).encode(), "application/json", view)
    assert (report.rows[0].object, report.rows[0].result.relation, report.rows[0].result.value) == (
        "gamma",
        "<",
        5,
    )


@pytest.mark.parametrize(("order", "day"), [("day_first", "2025-01-17"), ("year_first", "2017-01-25")])
def test_a_month_by_name_between_short_numbers_is_asked_about(view: CampaignView, order: str, day: str):
    content = b"word,IC50 (nM),measured_at\ngamma,5,17-Jan-25\n"
    with pytest.raises(QuestionError, match="17-Jan-25"):
        read_results(content, "text/csv", view)
    (row,) = read_results(content, "text/csv", view, ReadingOptions(date_order=order)).rows
    assert row.result.measured_at.date().isoformat() == day


def test_a_month_by_name_is_read_where_only_one_number_can_be_the_day(view: CampaignView):
    content = b"word,IC50 (nM),measured_at\ngamma,5,17-Jan-99\ndelta,6,99 Jan 17\n"
    days = [row.result.measured_at.date().isoformat() for row in read_results(content, "text/csv", view).rows]
    assert days == ["2099-01-17", "2099-01-17"]
