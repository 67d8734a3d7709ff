"""Two columns of one name: refused where one of them is read, passed over where none is."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_objects, read_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def one(spec_of: Callable[..., CampaignSpec], domain: Domain):
    return CampaignView(
        spec_of(Objective(name="IC50", type="IC50", units="nM", direction="minimize")), domain
    )


def file_of(header: str, row: str, media_type: str) -> bytes:
    if media_type == "text/csv":
        return f"{header}\n{row}\n".encode()
    book, out = Workbook(), BytesIO()
    book.active.append(header.split(","))
    book.active.append([int(cell) if cell.isdigit() else cell for cell in row.split(",")])
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("media_type", ["text/csv", _XLSX])
@pytest.mark.parametrize("names", ["Date,Date", "Hill,hill", "Comp,Comp", "ID,Id", "Well,WELL", "a,a"])
def test_columns_that_are_not_read_may_share_a_name(one: CampaignView, names: str, media_type: str):
    report = read_results(file_of(f"word,{names},IC50", "alpha,1,2,5", media_type), media_type, one)

    assert [row.result.value for row in report.rows if row.result] == [5]
    assert any(text.startswith("not read: columns") for text in report.warnings)


@pytest.mark.parametrize("media_type", ["text/csv", _XLSX])
@pytest.mark.parametrize(
    ("header", "name"),
    [
        *(
            ("word,IC50,word", "word"),
            ("word,IC50,Word", "Word"),
            ("word,IC50,n,N,SD", "N"),
            ("word,IC50,SD,n,sd", "sd"),
        ),
        ("word,IC50,spelling,Spelling", "Spelling"),
    ],
)
def test_a_column_that_is_read_shares_its_name_with_none(
    one: CampaignView, header: str, name: str, media_type: str
):
    row = ",".join(["alpha", "5", *(["2"] * (header.count(",") - 1))])
    with pytest.raises(TableError, match=f"two columns are named '{name}'") as caught:
        read_results(file_of(header, row, media_type), media_type, one)
    assert (caught.value.row, caught.value.column) == (1, name)


@pytest.mark.parametrize(
    "names", ["IC50,IC50", "IC50,ic50", "IC50 (nM),IC50 (nM)", "type,Type,value", "value,value"]
)
def test_results_in_two_columns_of_one_name_are_refused(one: CampaignView, names: str):
    with pytest.raises(TableError, match=r"two columns|both"):
        read_results(
            file_of(f"word,{names}", "alpha,1,2,3"[: 8 + 2 * names.count(",")], "text/csv"), "text/csv", one
        )


def test_relations_in_the_second_of_two_columns_are_not_lost(one: CampaignView):
    with pytest.raises(TableError):
        read_results(b"word,IC50,Flag,Flag\nalpha,5,a,>\nbeta,6,b,<\n", "text/csv", one)


def test_objects_in_two_columns_of_one_name_are_refused(domain: Domain):
    with pytest.raises(TableError, match="two columns are named 'Word'"):
        read_objects(b"word,Word\nalpha,beta\n", "text/csv", domain)
    assert read_objects(b"word,Date,Date\nalpha,1,2\n", "text/csv", domain).rows[0].status == "accepted"


@pytest.mark.parametrize("own", ["IC50_mean,IC50_sd,IC50_low,IC50_high", "rank,IC50_sd"])
def test_a_deviation_in_capitals_beside_a_predicted_one_was_measured(one: CampaignView, own: str):
    predicted = ",".join("9" for _ in own.split(","))
    report = read_results(f"word,{own},IC50,IC50_SD,n\nalpha,{predicted},5,1,4\n".encode(), "text/csv", one)
    assert [row.result.standard_error for row in report.rows if row.result] == [0.5]


def test_two_predicted_deviations_are_refused_with_what_they_are(one: CampaignView):
    with pytest.raises(
        TableError, match=r"two columns are named 'IC50_sd': .* a batch's name for a prediction"
    ):
        read_results(b"word,rank,IC50_sd,IC50,IC50_sd,n\nalpha,1,9,5,1,4\n", "text/csv", one)
