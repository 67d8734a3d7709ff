"""The row that names the columns is found below titles and comments, and what stands above it is told."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, TableError, read_results
from service.exchange.formats.workbook import MEDIA_TYPE

if TYPE_CHECKING:
    from service.exchange import Report


@pytest.fixture(scope="module")
def view():
    objectives = [{"name": "MIC", "units": "ug/mL"}]
    spec = CampaignSpec.model_validate(
        {"name": "p", "domain": {"kind": "peptides"}, "objectives": objectives}
    )
    return CampaignView(spec, open_domain(spec.domain))


def told(report: Report) -> list[tuple[int, float | str]]:
    return [(row.row, row.result.value if row.result else row.status) for row in report.rows]


@pytest.mark.parametrize(
    "title",
    [
        "Exported by: A. Person\nDate: 2026-03-01\n\n",
        "# plate reader\n# run 7\n",
        "Plate 12;;;\n",
        "Compound;Assay;;\n",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_header_is_found_below_a_title(view: CampaignView, title: str, delimiter: str):
    text = title + "sequence;type;value;units\nKWK;MIC;5;ug/mL\n"
    report = read_results(text.replace(";", delimiter).encode(), "text/csv", view)
    row = title.count("\n") + 1
    assert told(report) == [(row + 1, 5)]
    assert report.warnings[0].startswith(f"row {row} was read as the header")
    assert title.strip().split("\n")[0].split(";")[0] in report.warnings[0]


def test_a_header_of_a_sheet_is_found_below_a_title(view: CampaignView):
    book = Workbook()
    for row in (["Plate 12"], ["Operator", "A. Person"], [], ["sequence", "MIC (ug/mL)"], ["KWK", 5]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    report = read_results(out.getvalue(), MEDIA_TYPE, view)
    assert told(report) == [(5, 5)]
    assert "Plate 12; Operator A. Person" in report.warnings[0]


def test_units_in_a_title_are_asked_for(view: CampaignView):
    with pytest.raises(TableError, match="speaks of units"):
        read_results(b"# units mg/mL\nsequence,MIC\nKWK,5\n", "text/csv", view)
    with pytest.raises(TableError, match="speaks of units"):
        read_results(b",mg/mL\nsequence,MIC\nKWK,5\n", "text/csv", view)
    assert told(read_results(b"# units mg/mL\nsequence,MIC (mg/mL)\nKWK,5\n", "text/csv", view)) == [
        (3, 5000)
    ]
