"""A column of types under another name is read as `type`, or asked about; it never goes unheard."""

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


@pytest.fixture
def one(spec_of: Callable[..., CampaignSpec], domain: Domain):
    return CampaignView(
        spec_of(Objective(name="IC50", type="IC50", units="nM", direction="minimize")), domain
    )


def read(view: CampaignView, header: str, cells: list[str]) -> Report:
    rows = "".join(f"word{'abcdef'[i]},{cell},5,nM\n" for i, cell in enumerate(cells))
    return read_results(f"word,{header},Value,Units\n{rows}".encode(), "text/csv", view)


def types(report: Report) -> list[str]:
    return [row.result.type if row.result else row.status for row in report.rows]


_NAMES = [
    "Result Type",
    "ResultType",
    "Endpoint",
    "Parameter",
    "Activity type",
    "Property",
    "Readout",
    "Standard Type",
]


@pytest.mark.parametrize("header", [*_NAMES, "Assay", "Kind", "Measurement", "Activity", "Assay type"])
@pytest.mark.parametrize("other", ["Ki", "EC50", "hERG", "logS", "Hill", "Emax", "Kd"])
def test_rows_of_other_types_are_kept_as_such(one: CampaignView, header: str, other: str):
    assert types(read(one, header, ["IC50", other])) == ["IC50", other]
    assert types(read(one, header, [other, other])) == [other, other]


def test_a_column_of_types_may_name_one_that_nobody_knows(one: CampaignView):
    assert types(read(one, "Endpoint", ["IC50", "glow"])) == ["IC50", "glow"]


@pytest.mark.parametrize("header", ["Sheet", "Class", "Curve", "Data"])
@pytest.mark.parametrize("other", ["EC50", "Ki", "Kd (nM)", "AC50", "Emax", "pEC50", "logD"])
def test_types_in_a_column_of_another_name_are_asked_about(one: CampaignView, header: str, other: str):
    with pytest.raises(TableError, match=f"column '{header}' says .* name it type") as caught:
        read(one, header, ["IC50", other])
    assert (caught.value.row, caught.value.column) == (3, header)


def test_types_beside_descriptions_are_asked_about(one: CampaignView):
    with pytest.raises(TableError, match="name it type"):
        read(one, "Assay", ["kinase binding assay", "EC50"])


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        *(("Assay", "kinase binding assay"), ("Assay", "IC50"), ("Endpoint", "cell viability at 48 h")),
        *(
            ("Assay type", "B"),
            ("Readout", "TR-FRET"),
            ("Target", "hERG"),
            ("Operator", "KI"),
            ("Gene", "Ki-67"),
        ),
        *(
            ("Dopant", "Tm"),
            ("Parameter", "n/a"),
            ("Remarks", "EC50 was not measured"),
            ("Result Type", "IC50"),
        ),
        *(("Property", ""), ("Series", "MIC")),
    ],
)
def test_other_texts_leave_a_file_as_it_is(one: CampaignView, header: str, cell: str):
    assert types(read(one, header, [cell, cell])) == ["IC50", "IC50"]


def test_two_columns_of_types_are_refused(one: CampaignView):
    text = b"word,Endpoint,Parameter,Value\nworda,IC50,Ki,5\nwordb,EC50,Kd,5\n"
    with pytest.raises(TableError, match="may both say what was measured"):
        read_results(text, "text/csv", one)


def test_a_campaign_of_several_assays_reads_it_too(view: CampaignView):
    assert types(read(view, "Endpoint", ["IC50", "IC50"])) == ["IC50", "IC50"]


def test_units_and_scales_that_a_type_states_are_read(one: CampaignView):
    for cell, value in (("IC50 (uM)", 5000), ("IC50 (nM)", 5)):
        report = read_results(f"word,Result Type,Value\nworda,{cell},5\n".encode(), "text/csv", one)
        assert [row.result.value for row in report.rows if row.result] == [value]
    report = read_results(b"word,Endpoint,Value\nworda,pIC50,5\nwordb,IC50,7\n", "text/csv", one)
    assert [row.result.value for row in report.rows if row.result] == pytest.approx([10_000, 7])
    with pytest.raises(TableError, match="another assay or scale"):
        read_results(b"word,Curve,Value\nworda,pIC50,5\n", "text/csv", one)
