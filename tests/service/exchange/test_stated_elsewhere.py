"""Units that stand elsewhere than in the header are read or asked for.

No value is a thousandfold off in silence.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_results
from service.exchange.formats.workbook import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.domains.contract import Domain
    from service.exchange import Report


@pytest.fixture(scope="module")
def view(spec_of: Callable[..., CampaignSpec], domain: Domain):
    return CampaignView(spec_of(Objective(name="IC50", units="nM")), domain)


@pytest.fixture(scope="module")
def two(spec_of: Callable[..., CampaignSpec], domain: Domain):
    return CampaignView(spec_of(Objective(name="IC50", units="nM"), Objective(name="Ki", units="nM")), domain)


def read(view: CampaignView, text: str) -> Report:
    return read_results(text.encode(), "text/csv", view)


def sheet(rows: list[list[str | float]], title: str = "Sheet1") -> bytes:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def told(report: Report) -> list[float | str | None]:
    return [row.result.value if row.result else row.status for row in report.rows]


NOTES = [
    *(
        "All values in uM",
        "Units: uM",
        "* concentrations in µM",
        "# in uM",
        "All values in uM.",
        "values: 'uM'",
    ),
    *("Results in Micromolar", "IC50/uM results", "results, µM-values", "values in M", "Units: as ordered"),
    "Results in ug/mL",
]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize(
    "place", ["{0}\nword,IC50\ngamma,5\n", "word,IC50\ngamma,5\n{0}\n", "word,IC50\ngamma,5\n,{0}\n"]
)
def test_a_sentence_on_units_above_or_below_the_table_is_asked_about(
    view: CampaignView, note: str, place: str
):
    text = place.format(f'"{note}"')
    if place.startswith("{0}"):
        text = text.replace("word", "candidate_id,word").replace("gamma", ",gamma")
    with pytest.raises(TableError, match="speaks of units"):
        read(view, text)


def test_a_sentence_on_units_in_a_workbook_is_asked_about(view: CampaignView):
    for content in (
        sheet([["word", "IC50"], ["gamma", 5], ["All values in uM"]]),
        sheet([["word", "IC50"], ["gamma", 5]], title="IC50 uM"),
    ):
        with pytest.raises(TableError, match="speaks of units"):
            read_results(content, MEDIA_TYPE, view)
    assert told(
        read_results(sheet([["word", "IC50"], ["gamma", 5]], title="Community"), MEDIA_TYPE, view)
    ) == [5]


@pytest.mark.parametrize(
    "note",
    [
        *(
            "All values in nM",
            "units: nmol/L",
            "Dose 5 mg/kg",
            "total count",
            "10 mM stock",
            "rat data at pH 7",
        ),
        *("Plate P1", "Run R1", "Batch: B2", "T4 kinase", "Table S1", "% of control", "Dose in mg/kg"),
        *("% inhibition at 10 uM in another file", "Values in M. smegmatis"),
    ],
)
def test_a_sentence_that_changes_nothing_is_passed_over(view: CampaignView, note: str):
    assert told(read(view, f"word,IC50\ngamma,5\n{note},\n")) == [5, "skipped"]


def test_a_unit_in_place_of_an_object_is_asked_about(view: CampaignView):
    with pytest.raises(TableError, match="row 3, which holds no result, speaks of units"):
        read(view, "word,IC50\ngamma,5\nµM,\n")


def test_a_sentence_on_units_that_a_header_states_is_passed_over(two: CampaignView):
    assert told(read(two, "word,IC50 (uM),Ki (nM)\ngamma,5,6\nIC50 in uM,,\n"))[:2] == [5000, 6]
    with pytest.raises(TableError, match="row 3, which holds no result, speaks of units"):
        read(two, "word,IC50 (nM),Ki\ngamma,5,6\nKi in uM,,\n")


@pytest.mark.parametrize("cells", ["M,M", "um,um", "uM,see note", "uM,"])
def test_units_in_a_column_of_another_name_are_asked_about(view: CampaignView, cells: str):
    one, other = cells.split(",")
    with pytest.raises(TableError, match="column 'dimension' holds units"):
        read(view, f"word,IC50,dimension\ngamma,5,{one}\ndelta,6,{other}\n")


@pytest.mark.parametrize("header", ["Sex", "Operator", "Series", "Size"])
def test_a_letter_under_a_header_that_says_no_units_is_no_unit(view: CampaignView, header: str):
    assert told(read(view, f"word,IC50,{header}\ngamma,5,M\ndelta,6,M\n")) == [5, 6]


@pytest.mark.parametrize("cells", ["nM,nM", "nm,nm", "see note,M", "F,M", "PM,KWK"])
def test_a_column_of_something_else_is_only_not_read(view: CampaignView, cells: str):
    one, other = cells.split(",")
    assert told(read(view, f"word,IC50,other\ngamma,5,{one}\ndelta,6,{other}\n")) == [5, 6]


def test_units_of_one_assay_do_not_excuse_the_other(two: CampaignView):
    with pytest.raises(TableError, match="column 'Ki dimension' holds units"):
        read(two, "word,IC50 (nM),Ki,Ki dimension\ngamma,5,6,uM\n")
    assert told(read(two, "word,IC50 (nM),Ki (nM),Ki dimension\ngamma,5,6,uM\n")) == [5, 6]


@pytest.mark.parametrize("word", ["string", "varchar", "text", "N/A", "-", ""])
def test_a_row_of_units_is_found_whatever_it_says_of_the_object(view: CampaignView, word: str):
    report = read(view, f"word,IC50\n{word},uM\ngamma,5\n")
    assert told(report) == [5000]
    assert report.reading.units_row == 2


def test_a_row_of_units_may_repeat_the_name_of_the_object_s_column():
    objectives = [{"name": "IC50", "units": "nM"}]
    spec = CampaignSpec.model_validate(
        {"name": "m", "domain": {"kind": "molecules"}, "objectives": objectives}
    )
    view = CampaignView(spec, open_domain(spec.domain))
    assert told(read(view, "smiles,IC50\nSMILES,uM\nCCO,5\n")) == [5000]


@pytest.mark.parametrize("header", ["word,IC50", "word,value"])
def test_units_in_place_of_a_value_are_asked_about_in_any_row(view: CampaignView, header: str):
    for rows in (
        "gamma,5\n,uM\ndelta,6\n",
        "gamma,5\nstring,uM\n",
        "alpha,uM\ngamma,5\n",
        ",uM\n,mM\ngamma,5\n",
    ):
        with pytest.raises(TableError, match="in place of a value: write units into the header"):
            read(view, f"{header}\n{rows}")
    assert told(read(view, f"{header}\ngamma,5\ndelta,nM\n")) == [5, "rejected"]
    assert told(read(view, f"{header}\ngamma,5\ndelta,ns\n")) == [5, "rejected"]
