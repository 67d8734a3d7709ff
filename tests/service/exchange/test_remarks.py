"""A value that only its comment calls a limit is not stored as a measured one."""

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


def read(view: CampaignView, text: str) -> Report:
    return read_results(text.encode(), "text/csv", view)


@pytest.mark.parametrize(
    "remark",
    [
        *("IC50 > top conc", "Value > max", "> 10000", '"&gt; 10,000 nM"', "highest conc tested", "Top dose"),
        *(
            "maximum tested concentration",
            "lower bound",
            "not reached",
            "IC50 not reached",
            "potency not reached",
        ),
        "50% inhibition was not reached",
    ],
)
@pytest.mark.parametrize("column", ["comment", "Fit note"])
def test_a_remark_that_says_a_limit_needs_a_relation(view: CampaignView, remark: str, column: str):
    text = f"word,IC50 (nM),relation,{column}\ngamma,10000,,{remark}\ndelta,10000,>,{remark}\n"
    report = read(view, text)
    assert [row.status for row in report.rows] == ["rejected", "accepted"]
    assert "has no relation" in report.rows[0].reason
    assert report.rows[1].result.relation == ">"


@pytest.mark.parametrize(
    "remark",
    [
        "purity >95%",
        "> 95 %",
        ">10 000 %",
        "plateau not reached",
        "IC50 ok",
        "top dose 30 uM of two",
        "> 10001",
        "fine",
    ],
)
def test_a_remark_on_something_else_does_not(view: CampaignView, remark: str):
    (row,) = read(view, f"word,IC50 (nM),comment\ngamma,10000,{remark}\n").rows
    assert (row.status, row.result.comment) == ("accepted", remark)


def test_a_limit_in_a_remark_is_compared_as_a_number(view: CampaignView):
    report = read(view, "word,IC50 (nM),comment\ngamma,1.0,> 10\ndelta,10.0,> 10\nomega,above 10,> max\n")
    assert [row.status for row in report.rows] == ["accepted", "rejected", "accepted"]


@pytest.mark.parametrize("header", ["Above max?", "Censored?!", "Out of range?"])
def test_a_header_that_asks_states_a_limit_as_well(view: CampaignView, header: str):
    with pytest.raises(TableError, match="say it as a relation"):
        read(view, f"word,{header},IC50 (nM)\ngamma,yes,10000\n")


def test_an_effect_may_have_been_measured_at_the_highest_concentration(
    spec_of: Callable[..., CampaignSpec], domain: Domain
):
    of_effects = CampaignView(spec_of(Objective(name="inhibition", units="%")), domain)
    (row,) = read(of_effects, "word,inhibition (%),comment\ngamma,35,top concentration\n").rows
    assert row.status == "accepted"
