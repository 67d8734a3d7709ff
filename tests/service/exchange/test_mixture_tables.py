"""Tables of mixtures as laboratories write them: percent, units in headers, columns that are not there."""

import io
from typing import Any

import pytest
from openpyxl import Workbook

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, QuestionError, Report, TableError, read_objects, read_results

PROCESS = [
    {"name": "T", "type": "ordinal", "values": [90, 120], "units": "°C"},
    {"name": "solvent", "type": "categorical", "values": ["DMF", "NMP"]},
]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def view(**changes: Any) -> CampaignView:
    """Return a campaign on an alloy of three metals."""
    domain = {"kind": "materials", "space": "mixture", "components": ["Ni", "Fe", "Co"], **changes}
    spec = CampaignSpec.model_validate({"name": "a", "domain": domain, "objectives": [{"name": "y"}]})
    return CampaignView(spec, open_domain(spec.domain))


def read(table: str, **changes: Any) -> Report:
    """Return the report of a CSV."""
    return read_results(table.encode(), "text/csv", view(**changes))


@pytest.mark.parametrize("header", ["Ni (%),Fe (%),Co (%)", "ni [%],fe [percent],co [pct]", "Ni %,Fe %,Co_percent"])
def test_percent_in_the_header_divides_by_a_hundred(header: str) -> None:
    report = read(f"{header},y\n50,30,20,1\n12.5,87.5,0,1\n")
    assert [row.object for row in report.rows] == ['{"Ni":0.5,"Fe":0.3,"Co":0.2}', '{"Ni":0.125,"Fe":0.875}']
    assert len(report.warnings) == 3
    assert all("was read as" in warning for warning in report.warnings)


@pytest.mark.parametrize("header", ["Ni wt%", "Ni (wt%)", "Ni (at.%)", "Ni_mol_percent", "Ni (g)"])
def test_percent_of_what_is_asked(header: str) -> None:
    with pytest.raises(TableError, match="looks like Ni, but the campaign does not say") as refused:
        read(f"{header},Fe,Co,y\n50,0.3,0.2,1\n")
    assert refused.value.column == header


def test_cells_in_percent_and_with_decimal_commas_are_numbers() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Ni", "Fe", "Co", "y"])
    sheet.append([0.5, 0.3, 0.2, 1])
    for cell in sheet[2][:3]:
        cell.number_format = "0%"
    out = io.BytesIO()
    book.save(out)
    expected = '{"Ni":0.5,"Fe":0.3,"Co":0.2}'
    assert read_results(out.getvalue(), XLSX, view()).rows[0].object == expected
    assert read("Ni;Fe;Co;y\n0,5;0,3;0,2;1\n").rows[0].object == expected
    assert read("Ni (%);Fe (%);Co (%);y\n50,0;30,0;20,0;1\n").rows[0].object == expected


@pytest.mark.parametrize("cell", ["1e999999999", "nan", "inf", "x", "9" * 400])
def test_what_is_no_number_is_refused_and_never_computed(cell: str) -> None:
    (row,) = read(f'Ni (%),Fe,Co,y\n"{cell}",0,0,1\n').rows
    assert (row.status, row.column) == ("rejected", "Ni")
    (row,) = read(f'T (K),solvent,y\n"{cell}",DMF,1\n', components=[], process=PROCESS).rows
    assert (row.status, row.column) == ("rejected", "T")


def test_a_number_that_may_be_two_is_asked_about() -> None:
    with pytest.raises(QuestionError, match="which is the decimal sign"):
        read('Ni (%),Fe,Co,y\n"1,000",0,0,1\n')


def test_an_absent_column_is_told_once() -> None:
    report = read("Ni,Fe,y\n0.5,0.5,1\n0.25,0.75,1\n")
    assert [row.status for row in report.rows] == ["accepted", "accepted"]
    assert report.all_warnings() == ["no column Co: taken as absent from every row"]
    assert read("Ni,Fe,Co,y\n0.5,0.5,,1\n").all_warnings() == []
    objects = read_objects(b"Ni,Fe\n0.5,0.5\n", "text/csv", view().domain)
    assert objects.warnings == ("no column Co: taken as absent from every row",)


@pytest.mark.parametrize(
    ("header", "cell"),
    [("T (K)", "363.15"), ("T [°C]", "90"), ("t (degF)", "194"), ("T / K", "363.15"), ("T °C", "90"), ("T", "90")],
)
def test_settings_are_converted_to_the_units_of_their_variable(header: str, cell: str) -> None:
    (row,) = read(f"{header},solvent,y\n{cell},DMF,1\n", components=[], process=PROCESS).rows
    assert row.object == '{"T":90,"solvent":"DMF"}'


def test_units_that_cannot_be_converted_or_are_not_stated() -> None:
    with pytest.raises(TableError, match="looks like T"):
        read("T (bar),solvent,y\n90,DMF,1\n", components=[], process=PROCESS)
    plain = [{**PROCESS[0], "units": None}]
    report = read("T (K),y\n90,1\n", components=[], process=plain)
    assert report.rows[0].object == '{"T":90}'
    assert "states no units" in report.warnings[0]


def test_unknown_and_far_off_settings_are_told_or_refused() -> None:
    table = "T,solvent,y\n90,DMFF,1\n130,dmf,1\n2000,DMF,1\n363.15,DMF,1\nwarm,DMF,1\n"
    rows = read(table, components=[], process=PROCESS).rows
    assert [row.status for row in rows] == ["accepted", "accepted", "rejected", "rejected", "rejected"]
    assert "'DMFF'" in rows[0].warnings[0]
    assert "'DMF'" in rows[0].warnings[0]
    assert "nearest level is 120" in rows[1].warnings[0]
    assert all(row.column == "T" and "far outside" in str(row.reason) for row in rows[2:4])
