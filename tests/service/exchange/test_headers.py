# ruff: noqa: RUF001 - letters of other scripts that look like Latin ones are what is tested
"""Different names stay different: letters of every script and signs are part of what a column is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.specs.columns import key
from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.domains.contract import Domain
    from service.exchange import Report


@pytest.fixture
def view_of(spec_of: Callable[..., CampaignSpec], domain: Domain):
    return lambda *objectives: CampaignView(spec_of(*(Objective(**item) for item in objectives)), domain)


def read(view: CampaignView, text: str) -> Report:
    return read_results(text.encode(), "text/csv", view)


def told(report: Report) -> list[tuple[str, str, float | None] | str]:
    return [
        (row.result.type, row.result.relation, row.result.value) if row.result else row.status
        for row in report.rows
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(
            ("ERα", "ERβ"),
            ("Li+", "Li"),
            ("水", "乙醇"),
            ("IC50", "IC50²"),
            ("x2", "x²"),
            ("Cl-", "Cl"),
            ("IC50", "IC50 ±"),
        ),
        *(
            ("(-)-menthol", "(+)-menthol"),
            ("(-)-menthol", "menthol"),
            ("n", "N°"),
            ("value", "Δvalue"),
            ("A", "A (%)"),
        ),
        *(
            ("IC50", "σ(IC50)"),
            ("IC50", "-IC50"),
            ("IC50", "√IC50"),
            ("IC50", "IC50 误差"),
            ("α", "#"),
            ("IC50", "~IC50"),
        ),
    ],
)
def test_names_that_mean_something_else_have_other_keys(one: str, other: str):
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(
            ("Standard Value", "standard_value"),
            ("IC50-relation", "ic50 relation"),
            ("IC₅₀", "IC50"),
            ("Ｋｉ", "ki"),
        ),
        *(
            ("#SMILES", "smiles"),
            ("Unit(s)", "unit_s"),
            ("IC50 - relation", "IC50_relation"),
            ("µ", "μ"),
            ("a–b", "a-b"),
        ),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str):
    assert key(one) == key(other)


def test_a_receptor_is_not_read_as_its_sister(view_of: Callable[..., CampaignView]):
    view = view_of({"name": "ER_alpha", "type": "ERα", "units": "nM"})
    with pytest.raises(TableError, match="no column holds results"):
        read(view, "word,ERβ (nM)\ngamma,5\n")
    report = read(view, "word,ERα (nM),ERβ (nM),ERβ_relation\ngamma,5,6,=\n")
    assert told(report) == [("ERα", "=", 5)]
    assert report.warnings[0] == "not read: columns 'ERβ (nM)', 'ERβ_relation'"
    assert told(read(view, "word,ERα (nM),ERβ (nM),ERβ_relation\ngamma,5,6,>\n")) == [("ERα", "=", 5)]
    with pytest.raises(TableError, match="'ERβ_relation' holds relations, but of which assay"):
        read(view, "word,ERα (nM),ERβ_relation\ngamma,5,>\n")


@pytest.mark.parametrize(
    "header",
    [
        "IC50 ±",
        "ΔIC50",
        "-IC50",
        "σ(IC50)",
        "IC50²",
        "√IC50",
        "IC50 误差",
        "IC50 标准差",
        "± IC50",
        "IC50 ratio",
    ],
)
def test_what_is_computed_from_an_assay_is_not_read_as_it(view_of: Callable[..., CampaignView], header: str):
    view = view_of({"name": "IC50", "units": "nM"})
    with pytest.raises(TableError, match="no column holds results"):
        read(view, f"word,{header}\ngamma,5\n")
    assert told(read(view, f"word,IC50,{header}\ngamma,7,5\n")) == [("IC50", "=", 7)]


@pytest.mark.parametrize("header", ["Δvalue", "± value"])
def test_a_difference_of_values_is_no_value(view_of: Callable[..., CampaignView], header: str):
    with pytest.raises(TableError, match="no column holds results"):
        read(view_of({"name": "IC50", "units": "nM"}), f"word,type,{header}\ngamma,IC50,5\n")


@pytest.mark.parametrize(
    ("header", "units", "value"),
    [
        *(
            ("Inhibition (%)", "fraction", 0.45),
            ("Inhibition %", "fraction", 0.45),
            ("% Inhibition", "fraction", 0.45),
        ),
        *(
            ("%Inhibition", "fraction", 0.45),
            ("percent inhibition", "fraction", 0.45),
            ("Inhibition [%]", None, 45),
        ),
        *(("Inhibition (℃)", "K", 318.15), ("uM inhibition", "nM", 45000)),
    ],
)
def test_units_are_found_beside_a_name(
    view_of: Callable[..., CampaignView], header: str, units: str, value: float
):
    report = read(view_of({"name": "inhibition", "units": units}), f"word,{header}\ngamma,45\n")
    assert [row.result.value if row.result else row.reason for row in report.rows] == [pytest.approx(value)]
    if units is None:
        assert report.rows[0].result.units == "%"


@pytest.mark.parametrize("header", ["Inhibition (‰)", "Inhibition (мкМ)", "Inhibition %", "Inhibition (±)"])
def test_units_that_cannot_be_converted_reject_the_row(view_of: Callable[..., CampaignView], header: str):
    report = read(view_of({"name": "inhibition", "units": "nM"}), f"word,{header}\ngamma,45\n")
    assert told(report) == ["rejected"]


def test_a_word_before_a_name_is_no_unit_of_time(view_of: Callable[..., CampaignView]):
    with pytest.raises(TableError, match="no column holds results"):
        read(view_of({"name": "IC50", "units": "nM"}), "word,min IC50\ngamma,45\n")


def test_the_number_of_a_row_is_no_number_of_readings(view_of: Callable[..., CampaignView]):
    report = read(view_of({"name": "IC50", "units": "nM"}), "word,N°,IC50 (nM),SD\ngamma,9,5,3\n")
    assert told(report) == [("IC50", "=", 5)]
    assert report.rows[0].result.standard_error is None


def mixture(*components: str, process: str | None = None) -> CampaignView:
    domain: dict[str, Any] = {"kind": "materials", "space": "mixture", "components": components}
    if process:
        domain["process"] = [{"name": process, "type": "continuous", "low": 0, "high": 10, "resolution": 1}]
    spec = CampaignSpec.model_validate({"name": "m", "domain": domain, "objectives": [{"name": "y"}]})
    return CampaignView(spec, open_domain(spec.domain))


@pytest.mark.parametrize("names", [("α-Al2O3", "γ-Al2O3"), ("水", "乙醇"), ("Li+", "Li"), ("(-)-A", "(+)-A")])
def test_every_component_has_its_own_column(names: tuple[str, str]):
    report = read(mixture(*names), f"{names[0]},{names[1]},y\n0.3,0.7,5\n")
    other = read(mixture(*names), f"{names[1]},{names[0]},y\n0.7,0.3,5\n")
    assert [row.status for row in (*report.rows, *other.rows)] == ["accepted"] * 2
    assert report.rows[0].object == other.rows[0].object
    assert "0.3" in report.rows[0].object
    assert "0.7" in report.rows[0].object


@pytest.mark.parametrize("header", ["#", "%", "°"])
def test_a_column_of_signs_is_no_process_variable(header: str):
    report = read(mixture("A", "B", process="α"), f"A,B,{header},y\n0.3,0.7,5,5\n")
    assert [row.status for row in report.rows] == ["rejected"]


def test_two_spellings_of_one_column_of_the_object_are_refused():
    with pytest.raises(TableError, match="both mean N i"):
        read(mixture("N i", "B"), "N_i,N-i,B,y\n0.3,0.3,0.7,5\n")
    assert read(mixture("N i", "B"), "N_i,N i,B,y\n0.1,0.3,0.7,5\n").count("accepted") == 1


@pytest.mark.parametrize("outcome", [">", "*", "!"])
@pytest.mark.parametrize("value", ["5", ""])
def test_a_sign_in_place_of_an_outcome_rejects_the_row(
    view_of: Callable[..., CampaignView], outcome: str, value: str
):
    report = read(view_of({"name": "IC50", "units": "nM"}), f"word,IC50,outcome\ngamma,{value},{outcome}\n")
    assert [(row.status, row.column) for row in report.rows] == [("rejected", "outcome")]
    assert "is not an outcome" in report.rows[0].reason
