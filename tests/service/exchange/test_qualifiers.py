"""What qualifies a value is found under any name, belongs to its own assay, and is never dropped silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import Report

NAMES = [
    *(
        "Qualifier",
        "Operator",
        "Modifier",
        "Prefix",
        "Sign",
        "Standard Relation",
        "Relationship",
        "mod",
        "Rel",
        "?!",
    ),
    *("> or <", "Symbol", "Comparator", "standard_relation", "Flag"),
]


def told(report: Report) -> list[tuple[str, str, float | None] | str]:
    return [
        (row.result.type, row.result.relation, row.result.value) if row.result else row.status
        for row in report.rows
    ]


def read(view: CampaignView, text: str) -> Report:
    return read_results(text.encode(), "text/csv", view)


@pytest.mark.parametrize("name", NAMES)
def test_a_relation_column_of_a_long_table_is_read_under_any_name(view: CampaignView, name: str):
    report = read(view, f'word,type,"{name}",value,units\ngamma,IC50,>,10000,nM\ndelta,IC50,,50,nM\n')
    assert told(report) == [("IC50", ">", 10000), ("IC50", "=", 50)]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "IC50_PREFIX",
            "IC50 Operator",
            "IC50 (nM) Qualifier",
            "potency mod",
            "Operator IC50",
            "IC50 relation",
        ),
        "IC50_modifier",
    ],
)
def test_a_relation_column_of_one_assay_is_read_under_any_name(view: CampaignView, name: str):
    report = read(view, f"word,{name},IC50 (nM),logS\ngamma,>,10000,-2\ndelta,=,50,-3\n")
    assert told(report) == [("IC50", ">", 10000), ("logS", "=", -2), ("IC50", "=", 50), ("logS", "=", -3)]


@pytest.mark.parametrize("word", ["gt", "greater than", "'>'", ">>", "GT"])
def test_relations_are_read_as_words(view: CampaignView, word: str):
    assert told(read(view, f"word,Qualifier,IC50 (nM)\ngamma,{word},10\n")) == [("IC50", ">", 10)]


def test_a_column_of_that_name_that_holds_names_of_people_is_only_not_read(view: CampaignView):
    report = read(view, "word,Operator,IC50 (nM)\ngamma,A. Person,10\n")
    assert told(report) == [("IC50", "=", 10)]
    assert report.warnings == ("not read: column 'Operator'",)


@pytest.mark.parametrize(
    ("word", "relation"),
    [
        *(
            ("&gt;", ">"),
            ("＞", ">"),  # noqa: RUF001 - as a full-width keyboard types it
            ("≧", ">="),
            ("above", ">"),
            ("below", "<"),
            ("greater", ">"),
            ("less", "<"),
        ),
        *(("over", ">"), ("more than", ">"), ("less than", "<"), ("Exact", "=")),
    ],
)
def test_relations_in_other_words_are_read_where_the_header_says_so(
    view: CampaignView, word: str, relation: str
):
    assert told(read(view, f"word,Qualifier,IC50 (nM)\ngamma,{word},10\n")) == [("IC50", relation, 10)]


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        *(
            ("Qualifier", "1"),
            ("Qualifier", "-1"),
            ("Qualifier", "right"),
            ("Modifier", "U"),
            ("IC50 sign", "+"),
        ),
        *(("Flag", "right"), ("Flag", "left"), ("IC50 flag", "U"), ("IC50 flag", "L"), ("Limit", "upper")),
        *(("Above max", "yes"), ("BLQ", "Y"), ("Saturated", "Y"), ("below LOQ", "x")),
        *(
            ("LOD", "yes"),
            ("> max", "yes"),
            ("In range", "no"),
            ("Detected", "N"),
            ("IC50_qual", "1"),
            ("Censoring", "r"),
        ),
    ],
)
def test_what_says_a_limit_in_words_that_are_not_known_is_refused(view: CampaignView, header: str, cell: str):
    with pytest.raises(TableError, match="say it as a relation, < or >"):
        read(view, f"word,{header},IC50 (nM)\ngamma,{cell},10\n")


def test_a_number_that_qualifies_a_value_in_json_is_refused(view: CampaignView):
    with pytest.raises(TableError, match="column 'qualifier' says '1' in row 1"):
        read_results(b'[{"word": "gamma", "qualifier": 1, "IC50 (nM)": 10}]', "application/json", view)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        *(
            ("Flag", "ok"),
            ("Flag", "1"),
            ("BLQ", "N"),
            ("Saturated", "0"),
            ("Detection limit", "0.1"),
            ("Ki", ">10"),
        ),
        *(
            ("Operator", "Max"),
            ("Operator", "AP"),
            ("Above ground", "12.5"),
            ("Gene symbol", "EGFR"),
            ("mod", "Ac"),
        ),
        *(
            ("Note", "> 95 % pure"),
            ("Note", "<- see page 4"),
            ("Note", "<5 mg left"),
            ("Note", "<b>good</b>"),
        ),
        *(
            ("Note", "greater than 95 % pure"),
            ("Note", "above the previous lot"),
            ("Note", "inactive in cells"),
        ),
        *(
            ("LOD", "1"),
            ("Detected", "yes"),
            ("Range", "1-10"),
            ("qual", "good"),
            ("Flag", "yes"),
            ("status", "> x"),
        ),
        *(
            ("Operator", "L"),
            ("Op", "H"),
            ("Operator", "7"),
            ("Side", "right"),
            ("Direction", "up"),
            ("Tail", "R"),
        ),
        *(("Flag color", "low"), ("Tox flag", "high"), ("hERG flag", "low"), ("Side chain", "upper")),
        *(
            ("Above background", "yes"),
            ("Saturated ring", "yes"),
            ("Censored by", "JD"),
            ("Within budget range", "no"),
        ),
    ],
)
def test_what_says_no_limit_of_the_value_is_only_not_read(view: CampaignView, header: str, cell: str):
    assert told(read(view, f"word,{header},IC50 (nM)\ngamma,{cell},10\n")) == [("IC50", "=", 10)]


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        *(
            (header, cell)
            for header in ("Note", "comment", "Remarks")
            for cell in ("> max conc", ">top", "< LOQ")
        ),
        *(
            (header, cell)
            for header in ("comment", "Activity Comment", "IC50 comment")
            for cell in (">", "&gt;")
        ),
        *(
            ("Notes", "greater than max"),
            ("Notes", "inactive at top conc"),
            ("comment", "Below the limit of detection"),
        ),
        *(("comment", "gt"), ("Remark", "above"), ("comment", "right-censored"), ("IC50 flag", "> max conc")),
    ],
)
def test_a_comment_that_says_a_limit_rejects_the_value_without_a_relation(
    view: CampaignView, header: str, cell: str
):
    text = (
        f"word,relation,{header},IC50 (nM)\ngamma,,{cell},10\ndelta,>,{cell},10\nbeta,,{cell},>10\nalpha,,"
        f",10\n"
    )
    report = read(view, text)
    assert told(report) == ["rejected", ("IC50", ">", 10), ("IC50", ">", 10), ("IC50", "=", 10)]
    assert "the value has no relation" in report.rows[0].reason


@pytest.mark.parametrize("header", ["nearest_measured", "batch_display", "parent"])
def test_words_are_relations_only_where_the_header_says_so(view: CampaignView, header: str):
    report = read(view, f"word,{header},IC50 (nM)\ngamma,GE,10\ndelta,WE,10\nbeta,LT,10\n")
    assert told(report) == [("IC50", "=", 10)] * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word,Flag,IC50 (nM)\ngamma,>,10\ndelta,ok,10\n", "relation '>' in row 2 and 'ok' in row 3"),
        ("word,Flag,IC50 (nM)\ngamma,see the notes,10\ndelta,<,10\n", "relation '<' in row 3"),
        (
            "word,IC50 (nM),logS,Flag\ngamma,10,-2,>\n",
            "does not say of which assay: name it IC50_relation or logS_rel",
        ),
        ("word,Censored,IC50 (nM)\ngamma,no,10\ndelta,right,10\n", "'right' in row 3: say it as a relation"),
        ("word,Qualifier,Operator,IC50 (nM)\ngamma,>,<,10\n", "both hold relations"),
    ],
)
def test_a_relation_column_that_cannot_be_read_is_refused(view: CampaignView, text: str, message: str):
    with pytest.raises(TableError, match=message):
        read(view, text)


def test_a_relation_beside_chembl_s_standard_columns_counts(view: CampaignView):
    text = "word,standard_type,relation,standard_value,standard_units\ngamma,IC50,>,10000,nM\n"
    assert told(read(view, text)) == [("IC50", ">", 10000)]


def test_one_relation_for_two_values_is_asked_for_and_not_applied_to_both(view: CampaignView):
    report = read(
        view, "word,potency,solubility,relation\ngamma,10,-2,>\ndelta,10,-2,=\nbeta,10,,>\nalpha,,-2,<\n"
    )
    assert told(report)[2:] == [("IC50", "=", 10), ("logS", "=", -2), ("IC50", ">", 10), ("logS", "<", -2)]
    assert [row.status for row in report.rows[:2]] == ["rejected", "rejected"]
    assert (
        "does not say of which assay it is: use a column IC50_relation or logS_relation"
        in report.rows[0].reason
    )


@pytest.mark.parametrize("name", ["upper_value", "standard_error"])
def test_one_spread_for_two_values_is_asked_for(view: CampaignView, name: str):
    report = read(view, f"word,potency,solubility,{name}\ngamma,10,-2,11\n")
    assert [(row.status, row.column) for row in report.rows] == [("rejected", name)] * 2


def test_units_belong_to_the_assay_that_has_such_units(view: CampaignView):
    report = read(view, "word,potency,solubility,units\ngamma,2,-2,uM\n")
    assert told(report) == [("IC50", "=", 2000), ("logS", "=", -2)]
    assert [row.result.units for row in report.rows] == ["nM", None]


def test_units_that_two_assays_could_have_are_asked_for(spec_of: Callable[..., CampaignSpec], domain: Domain):
    spec = spec_of(Objective(name="IC50", units="nM"), Objective(name="CC50", units="nM"))
    view = CampaignView(spec, domain)
    report = read(view, "word,IC50,CC50,units\ngamma,2,3,uM\ndelta,2,3,nM\nbeta,2,,uM\n")
    assert told(report) == ["rejected", "rejected", ("IC50", "=", 2), ("CC50", "=", 3), ("IC50", "=", 2000)]


def test_a_measured_mean_is_not_taken_for_a_prediction(view: CampaignView):
    with pytest.raises(TableError, match="name the column potency if it was measured"):
        read(view, "word,potency_mean,solubility\ngamma,5,-2\n")
    batch = "word,potency_mean,potency_sd,potency_low,potency_high,solubility\ngamma,5,1,3,7,-2\n"
    assert told(read(view, batch)) == [("logS", "=", -2)]
    report = read(view, "word,IC50 mean (uM),IC50 SD,n\ngamma,5,0.6,9\n")
    assert told(report) == [("IC50", "=", 5000)]
    assert report.rows[0].result.standard_error == pytest.approx(200)


@pytest.mark.parametrize(
    "word",
    [
        *(
            "AVERAGE",
            "Mean",
            "MIN",
            "SD",
            "CV",
            "TEST",
            "PLATE",
            "QC",
            "QC1",
            "nc",
            "Mean:",
            "MEAN SD",
            "QC sample",
        ),
        *(
            "SALINE",
            "WATER",
            "MEDIA",
            "CELLS",
            "STERILE",
            "NTC",
            "FAIL",
            "INVALID",
            "PEPTIDE",
            "ALL",
            "GMEAN",
        ),
        *("AMPICILLIN", "Penicillin", "GENTAMICIN", "TETRACYCLINE", "CLINDAMYCIN", "IMIPENEM", "GRAMICIDIN"),
        *("FCCP", "CCCP", "PCP", "FCS", "NSC", "NSC 23766", "CCO mean", "ACDK geo mean", "CCO  SD"),
    ],
)
def test_words_of_summaries_and_controls_are_no_objects(view: CampaignView, word: str):
    report = read(view, f"word,type,value\ngamma,logS,1\n{word},logS,1\n")
    assert [row.status for row in report.rows] == ["accepted", "rejected"]
    assert "summary or control row" in report.rows[1].reason


@pytest.mark.parametrize(
    "word", ["minor", "meanwhile", "planet", "mining", "na", "nd", "alloy", "waters", "PbS", "CoN"]
)
def test_objects_that_only_begin_like_such_words_are_objects(view: CampaignView, word: str):
    assert told(read(view, f"word,type,value\n{word},logS,1\n")) == [("logS", "=", 1)]


def test_a_limit_of_another_assay_is_not_one_of_the_value(view: CampaignView):
    report = read(view, "word,Ki,IC50 (nM)\ngamma,> max conc,10\ndelta,5,10\n")
    assert told(report) == [("IC50", "=", 10)] * 2
