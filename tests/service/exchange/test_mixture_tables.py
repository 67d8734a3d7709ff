"""Tables of mixtures as laboratories write them: percent, units in headers, columns that are not there."""

import io
import json
from typing import Any

import pytest
from openpyxl import Workbook

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import (
    CampaignView,
    QuestionError,
    ReadingOptions,
    Report,
    TableError,
    read_objects,
    read_results,
)

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


@pytest.mark.parametrize(
    "header", ["Ni (%),Fe (%),Co (%)", "ni [%],fe [percent],co [pct]", "Ni %,Fe %,Co_percent"]
)
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
    [
        ("T (K)", "363.15"),
        ("T [°C]", "90"),
        ("t (degF)", "194"),
        ("T / K", "363.15"),
        ("T °C", "90"),
        ("T", "90"),
    ],
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


COMMAS = [
    {"name": "T", "type": "continuous", "low": 0, "high": 2000, "resolution": 2.5, "units": "°C"},
    {"name": "time", "type": "continuous", "low": 0, "high": 2000, "resolution": 2.5, "units": "min"},
]


def settings(table: str, asked: ReadingOptions | None = None) -> list[str | None]:
    """Return the recipes of a CSV about temperatures and times, or why a row is rejected."""
    content = table.encode()
    report = read_results(content, "text/csv", view(components=[], process=COMMAS), asked)
    return [row.object or row.reason for row in report.rows]


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("T", "1.500", 1500),
        ("T (°C)", "1.500", 1500),
        ("T (K)", "1.773,15", 1500),
        ("T (K)", "1.773,15 ", 1500),
        ("T", "1500", 1500),
        ("T", "1,5e3", 1500),
        ("T", "12,0", 12),
    ],
)
def test_settings_follow_the_decimal_comma_of_their_file(header: str, cell: str, expected: int) -> None:
    recipe = f'{{"T":{expected},"time":12.5}}'
    table = f"{header};time;y\n{cell};12,5;12,5\n"
    assert settings(table, ReadingOptions(decimal="comma")) == [recipe]
    proven = f"{header};time;y\n{cell};12,5;1.234.567\n"
    assert settings(proven) == [recipe]


def test_a_setting_that_may_be_two_is_a_question_of_its_file_before_units_are_converted() -> None:
    table = "T (K);time;y\n1.226;12,5;1\n299,15;12,5;2\n"
    with pytest.raises(QuestionError, match="which is the decimal sign"):
        settings(table)
    first, second = settings(table, ReadingOptions(decimal="comma"))
    assert first == '{"T":952.85,"time":12.5}'
    assert second == '{"T":26,"time":12.5}'


def test_grouped_settings_of_a_file_with_points_are_thousands() -> None:
    assert settings('T,time,y\n"1,500",12.5,"1,234.5"\n') == ['{"T":1500,"time":12.5}']


def test_typed_numbers_keep_their_point_whatever_texts_beside_them_do() -> None:
    rows = [{"T": 1.226, "time": 12.5, "y": "1,5"}, {"T": "1.226", "time": "12,5", "y": 1}]
    campaign = view(components=[], process=COMMAS)
    report = read_results(
        json.dumps(rows).encode(), "application/json", campaign, ReadingOptions(decimal="comma")
    )
    assert [row.object for row in report.rows] == ['{"T":1.226,"time":12.5}', '{"T":1226,"time":12.5}']
    percents = [{"Ni (%)": 12.345, "Fe (%)": "87,655", "Co (%)": 0, "y": 1}]
    (row,) = read_results(
        json.dumps(percents).encode(), "application/json", view(), ReadingOptions(decimal="comma")
    ).rows
    assert row.object == '{"Ni":0.12345,"Fe":0.87655}'


def test_objects_alone_follow_one_decimal_sign_as_well() -> None:
    domain = view(components=[], process=COMMAS).domain
    rows = read_objects(b"T (K);time\n1.773,15;12,5\n", "text/csv", domain).rows
    assert [row.object for row in rows] == ['{"T":1500,"time":12.5}']
    with pytest.raises(
        TableError, match=r"which is the decimal sign.*write all numbers with a decimal point"
    ):
        read_objects(b"T;time\n1.500;12,5\n", "text/csv", domain)
