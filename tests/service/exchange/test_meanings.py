"""Words in place of values, limits, local dates and columns that the sender names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from service.exchange import QuestionError, ReadingOptions, TableError, read_results

if TYPE_CHECKING:
    from service.exchange import CampaignView, Report


def read(view: CampaignView, table: str, **options: Any) -> Report:
    return read_results(table.encode(), "text/csv", view, ReadingOptions(**options))


def stored(report: Report) -> list[Any]:
    """Return relation and value of accepted rows, the status of others."""
    return [
        (row.result.relation, row.result.value) if row.result and row.result.outcome == "ok" else row.status
        for row in report.rows
    ]


@pytest.mark.parametrize("header", ["LLOQ (uM)", "IC50 LLOQ (uM)", "LOQ [uM]", "potency_LLOQ_uM"])
def test_a_word_for_a_limit_is_censored_at_the_limit_of_its_row(header: str, view: CampaignView):
    report = read(
        view, f"word,IC50 (nM),{header}\nalpha,<LLOQ,0.005\nbeta,BLQ,0.01\ngamma,5,\ndelta,<LOD,0.005\n"
    )
    assert stored(report) == [("<", 5), ("<", 10), ("=", 5), "rejected"]
    assert report.reading is not None
    assert report.reading.columns[header] == "limit"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        *(
            ("<LOD", "LOD"),
            ("< lod", "LOD"),
            ("BLOD", "LOD"),
            ("below detection limit", "LOD"),
            ("<LLOQ", "LLOQ"),
        ),
        *(("BLOQ", "LLOQ"), ("Below the limit of quantification", "LOQ"), ("not detectable", "LOD")),
    ],
)
def test_a_limit_that_the_sender_states_counts(word: str, name: str, view: CampaignView):
    table = f"word,IC50 (nM)\nalpha,{word}\n"
    assert stored(read(view, table, limits={f"IC50 {name}": "2 uM"})) == [("<", 2000)]
    report = read(view, table)
    assert stored(report) == ["rejected"]


def test_an_upper_limit_turns_the_other_way(view: CampaignView):
    table = "word,IC50 (nM)\nalpha,>ULOQ\nbeta,ALQ\ngamma,Above detection range\n"
    assert stored(read(view, table, limits={"IC50 ULOQ": "30 uM"})) == [(">", 30_000)] * 3


def test_words_mean_what_the_sender_says_and_the_cell_is_kept(view: CampaignView):
    table = "word,IC50 (nM)\nalpha,inactive\nbeta,No Fit\ngamma,bad well\ndelta,7\n"
    words = {"Inactive": "> 30 uM", "no fit": "missing", "bad well": "assay_failed"}
    report = read(view, table, words=words)
    assert stored(report) == [(">", 30_000), "skipped", "accepted", ("=", 7)]
    assert report.rows[2].result is not None
    assert report.rows[2].result.outcome == "assay_failed"
    assert [row.verbatim.get("value") for row in report.rows] == ["inactive", None, "bad well", "7"]


def test_the_words_of_one_assay_are_asked_about_once_for_the_file(view: CampaignView):
    report = read(view, "word,type,value\n" + "alpha,logS,No Fit\n" * 30 + "beta,logS,OVRFLW\nbeta,logS,-1\n")
    assert report.count("rejected") == 31
    assert report.reading is not None
    (question,) = report.reading.questions
    assert question["parameter"] == "words"
    assert "'No Fit' (30 times), 'OVRFLW' (1 times)" in question["detail"]
    assert {"missing", "assay_failed"} <= set(question["choices"])


def test_a_meaning_has_a_point_whatever_the_file_has(view: CampaignView):
    table = b"word;IC50 (uM);LLOQ\nalpha;inactive;\nbeta;BLQ;0,5\ngamma;1,5;\n"
    options = ReadingOptions(words={"inactive": "> 1.500 mM"})
    report = read_results(table, "text/csv", view, options)
    assert stored(report) == [(">", 1.5e6), ("<", 500), ("=", 1500)]


@pytest.mark.parametrize(
    "options",
    [{"words": {"x": "whatever"}}, {"limits": {"Ki LOD": "5 nM"}}, {"limits": {"IC50 top": "5 nM"}}],
)
def test_a_meaning_that_is_none_is_refused(options: dict[str, Any], view: CampaignView):
    with pytest.raises(TableError):
        read(view, "word,IC50 (nM)\nalpha,x\n", **options)


def days(report: Report) -> list[str | None]:
    return [
        row.result.measured_at.isoformat(timespec="minutes")[:16]
        if row.result and row.result.measured_at
        else row.reason
        for row in report.rows
    ]


def dated(*texts: str) -> str:
    return "word,IC50 (nM),measured_at\n" + "".join(f'alpha,5,"{text}"\n' for text in texts)


@pytest.mark.parametrize(
    ("texts", "right"),
    [
        (("05.01.2025", "17.01.2025"), ("2025-01-05T00:00", "2025-01-17T00:00")),
        (("1/17/2025", "3/4/2025 4:42 p.m."), ("2025-01-17T00:00", "2025-03-04T16:42")),
        (("17-1-2025 12:05 AM", "05.05.2025"), ("2025-01-17T00:05", "2025-05-05T00:00")),
        (
            ("5 Jan 2025", "Jan 5, 2025", "05-Jan-2025 10:30"),
            ("2025-01-05T00:00", "2025-01-05T00:00", "2025-01-05T10:30"),
        ),
        (
            ("2025/01/05", "20250105", "2025-01-05T10:00+02:00"),
            ("2025-01-05T00:00", "2025-01-05T00:00", "2025-01-05T08:00"),
        ),
        (("46082", "46082.5"), ("2026-03-01T00:00", "2026-03-01T12:00")),
    ],
)
def test_dates_are_read_in_the_order_that_the_file_shows(
    texts: tuple[str, ...], right: tuple[str, ...], view: CampaignView
):
    assert tuple(days(read(view, dated(*texts)))) == right


@pytest.mark.parametrize(
    "texts", [("05.01.2025",), ("1/2/2025", "3/4/2025"), ("5/1/25",), ("17/1/2025", "1/17/2025")]
)
def test_an_order_that_stays_open_is_asked_once(texts: tuple[str, ...], view: CampaignView):
    with pytest.raises(QuestionError, match="in which order are dates written") as caught:
        read(view, dated(*texts))
    assert (caught.value.parameter, caught.value.choices) == (
        "date_order",
        ("year_first", "day_first", "month_first"),
    )


def test_the_sender_may_say_the_order(view: CampaignView):
    found = [
        days(read(view, dated("05/01/25"), date_order=order))[0]
        for order in ("day_first", "month_first", "year_first")
    ]
    assert found == ["2025-01-05T00:00", "2025-05-01T00:00", "2005-01-25T00:00"]


@pytest.mark.parametrize("text", ["31.02.2025", "tomorrow", "12:30", "2025-13-01", "5 Foo 2025"])
def test_what_is_no_date_rejects_its_row_alone(text: str, view: CampaignView):
    report = read(view, dated(text, "2025-01-05"))
    assert [row.status for row in report.rows] == ["rejected", "accepted"]
    assert report.rows[0].column == "measured_at"


def test_columns_are_what_the_sender_says(view: CampaignView):
    table = "Entry,Kinase X IC50,run,junk\nalpha,5,L-1,7\n"
    columns = {
        "Entry": "word",
        "Kinase  X IC50": "IC50 (uM)",
        "run": "lot",
        "junk": "ignored",
        "other": "plate",
    }
    report = read(view, table, columns=columns)
    assert report.rows[0].result is not None
    assert (report.rows[0].result.value, report.rows[0].result.lot) == (5000, "L-1")
    assert report.warnings == ("columns names 'other', which the table does not have",)
    assert report.reading is not None
    assert report.reading.columns == {"Entry": "word", "Kinase X IC50": "value of IC50 in uM", "run": "lot"}
    assert report.reading.stated["columns"] == columns


def test_messages_name_the_column_as_it_was_sent(view: CampaignView):
    report = read(
        view, "Entry,Kinase X IC50\nalpha,high\n", columns={"Entry": "word", "Kinase X IC50": "IC50"}
    )
    assert report.rows[0].column == "Kinase X IC50"


def test_two_columns_cannot_be_one(view: CampaignView):
    with pytest.raises(TableError, match="'a' and 'b' would both be 'IC50'"):
        read(view, "word,a,b\nalpha,5,6\n", columns={"a": "IC50", "b": "IC50"})


def test_options_are_joined_and_the_nearer_ones_win():
    kept = ReadingOptions(decimal="comma", words={"a": "missing", "b": "missing"}, sheet="Run")
    nearer = ReadingOptions(decimal="point", words={"a": "assay_failed"})
    joined = nearer.over(kept)
    assert joined.stated() == {
        "decimal": "point",
        "sheet": "Run",
        "words": {"a": "assay_failed", "b": "missing"},
    }


@pytest.mark.parametrize(
    ("text", "right"), [("A", "A"), ("b", "B"), ("n3", "3"), ("rep 2", "2"), ("#4", "4"), ("2.0", "2")]
)
def test_readings_are_counted_by_numbers_or_letters(text: str, right: str, view: CampaignView):
    report = read(view, f"word,IC50 (nM),replicate\nalpha,5,{text}\n")
    assert [row.result and row.result.replicate for row in report.rows] == [right]


def test_a_preview_shows_what_every_row_would_store(view: CampaignView):
    from dataclasses import replace

    report = read(view, "word,IC50 (uM),lot\nalpha,>5,L1\nbeta,x,L2\n")
    assert [row["would_store"] for row in report.as_json()["rows"]] == [None, None]
    shown = [row["would_store"] for row in replace(report, is_preview=True).as_json()["rows"]]
    assert shown[1] is None
    assert {name: shown[0][name] for name in ("relation", "value", "units", "lot")} == {
        "relation": ">",
        "value": 5000,
        "units": "nM",
        "lot": "L1",
    }
