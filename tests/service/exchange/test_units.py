"""Units are known words with small powers; whatever states them must agree, and what is missing is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_results
from service.exchange.units import (
    UnitsError,
    are_convertible,
    check_known,
    convert,
    is_unit_beside_a_number,
    same_units,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import Report


@pytest.fixture
def read(view: CampaignView):
    def read(text: str) -> Report:
        return read_results(text.encode(), "text/csv", view)

    return read


def told(report: Report) -> list[float | str | None]:
    return [row.result.value if row.result else row.status for row in report.rows]


@pytest.mark.parametrize(
    ("text", "wanted", "factor"),
    [
        ("nmol/L", "nM", 1),
        ("µmol·L⁻¹", "nM", 1000),
        ("umol L-1", "nM", 1000),
        ("micromolar", "nM", 1000),
        ("mcg/ml", "ug/mL", 1),
        ("μg mL^-1", "ug/mL", 1),
        ("mg/dL", "ug/mL", 10),
        ("kJ/(mol*K)", "J/mol/K", 1000),
        ("1/h", "h-1", 1),
        ("fraction", "%", 100),
        ("mAh/g", "A h kg-1", 1),
        ("W/m2", "W m**-2", 1),
    ],
)
def test_spellings_of_units_are_converted(text: str, wanted: str, factor: float):
    assert convert(2, text, wanted) == pytest.approx(2 * factor)
    assert same_units(text, wanted) == (factor == 1)


@pytest.mark.parametrize(
    "text",
    [
        "9^9^9 nM",
        "nM**9999999",
        "2**2**2**9 M",
        "9**9**9",
        "(((nM",
        "nM^99",
        "nM " * 20,
        "M" * 200,
        "10^-6 M",
        "",
        "/",
    ],
)
def test_what_would_be_computed_is_no_unit_and_costs_no_time(text: str):
    check_known("nM")
    start = time.process_time()
    with pytest.raises(UnitsError, match="unknown units"):
        check_known(text)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "MM",
        "PM",
        "TM",
        "GM",
        "EM",
        "Mmol/L",
        "mmol/ML",
        "Mg/mL",
        "Pg/mL",
        "ug/ML",
        "Gg",
        "Mm",
        "Ms",
        "Mmin",
        "PU/mL",
    ],
)
def test_a_capital_prefix_of_millions_is_a_slip_and_no_unit(text: str):
    with pytest.raises(UnitsError, match=f"unknown units '{text}': .* begins with the sign of a million"):
        check_known(text)
    assert not is_unit_beside_a_number(text)


@pytest.mark.parametrize("text", ["dB", "Np", "decade", "octave", "dBm", "dBW", "decibel", "B", "dB/cm"])
@pytest.mark.parametrize("wanted", ["%", "fraction", "ppm", "mW", "fold", "1/m", "nM"])
def test_a_level_is_converted_to_itself_alone(text: str, wanted: str):
    for source, other in ((text, wanted), (wanted, text)):
        with pytest.raises(UnitsError, match="cannot convert"):
            convert(5.0, source, other)
    assert convert(5.0, text, text) == 5
    assert same_units(text, text)


def test_levels_are_known_by_their_names_and_have_no_prefix():
    assert same_units("dB", "decibel")
    assert convert(0.0, "dBm", "decibelmilliwatt") == 0
    assert not are_convertible("dB", "octave")
    for text in ("mNp", "mdB", "kdB/m"):
        with pytest.raises(UnitsError, match="unknown units"):
            check_known(text)


def test_a_result_in_decibels_is_no_percentage(spec_of: Callable[..., CampaignSpec], domain: Domain):
    view = CampaignView(spec_of(Objective(name="gain", units="%")), domain)
    assert told(read_results(b"word,gain,units\ngamma,5,dB\ndelta,5,%\n", "text/csv", view)) == [
        "rejected",
        5,
    ]


@pytest.mark.parametrize(
    "text", ["MPa", "GPa", "MHz", "MJ/kg", "MDa", "MV/m", "MS/m", "kg", "kM", "megagram", "hL"]
)
def test_capital_prefixes_that_are_in_use_stay_units(text: str):
    check_known(text)


def test_endotoxin_units_are_no_trillions_of_enzyme_units():
    assert same_units("EU/mL", "EU/mL")
    assert not are_convertible("EU/mL", "U/mL")


@pytest.mark.parametrize(
    "text",
    [
        "word,type,value\ngamma,IC50,5 MM\n",
        "word,type,value,units\ngamma,IC50,5,Mmol/L\n",
        "word,IC50 (MM)\ngamma,5\n",
        "word,IC50\n,PM\ngamma,5\n",
    ],
)
def test_a_value_in_millions_of_molar_is_not_stored(read: Callable[..., Report], text: str):
    try:
        report = read(text)
    except TableError:
        return
    assert told(report)[-1] == "rejected"


@given(st.text(alphabet="nMuLg/^*()-0123456789 µ%.e", max_size=80))
def test_no_text_of_units_makes_trouble(text: str):
    assert are_convertible(text, text) in (True, False)
    assert is_unit_beside_a_number(text) in (True, False)


@pytest.mark.parametrize(
    "text",
    ["a", "*", "(n=3)", "± 0.3", "e", "x 10", "to 2", "out of range", "-3.2", "†", "b", "nM (n=3)", "t"],
)
def test_what_follows_a_number_is_no_unit_unless_it_is_known(text: str):
    assert not is_unit_beside_a_number(text)


@pytest.mark.parametrize(
    "header",
    ["Unit(s)", "UOM", "Einheit", "Value Unit", "Result unit", "unit_of_measure", "Standard Units", "unit"],
)
def test_a_column_of_units_is_read_under_its_usual_names(read: Callable[..., Report], header: str):
    assert told(read(f"word,type,value,{header}\ngamma,IC50,5,uM\n")) == [5000]


def test_a_column_of_units_under_another_name_is_refused(read: Callable[..., Report]):
    with pytest.raises(TableError, match=r"column 'Dim' holds units \(uM\) and no column is named units"):
        read("word,type,value,Dim\ngamma,IC50,5,uM\n")
    assert told(read("word,type,value,units,Dim\ngamma,IC50,5,uM,mM\n")) == [5000]
    assert told(read("word,type,value,time\ngamma,IC50,5,hour\n")) == [5]


@pytest.mark.parametrize("row", [",uM,", ",(uM),", "units,uM,", ",[uM],h"])
def test_a_row_of_units_is_the_units_of_its_columns(read: Callable[..., Report], row: str):
    report = read(f"word,IC50,time\n{row}\ngamma,5,1\ndelta,6,2\n")
    assert told(report) == [5000, 6000]
    assert [found.row for found in report.rows] == [3, 4]
    assert "row 2 was read as units" in report.warnings
    assert told(read(f"word,type,value,time\n{row.replace(',', ',,', 1)}\ngamma,IC50,5,1\n")) == [5000]


@pytest.mark.parametrize("row", [",uM,free text", ",uM,"])
def test_a_row_of_units_is_one_whatever_stands_in_other_columns(read: Callable[..., Report], row: str):
    assert told(read(f"word,IC50,comment\n{row}\ngamma,5,\n")) == [5000]


def test_a_row_under_the_header_that_says_something_else_is_asked_about(read: Callable[..., Report]):
    with pytest.raises(TableError, match="row 2 names no object and says 'half maximal' under 'IC50'"):
        read("word,IC50\n,half maximal\ngamma,5\n")


@pytest.mark.parametrize("rest", ["ns", "na", "M", "K", "h", "ca", "nd", "pc", "a", "b"])
def test_a_short_word_is_no_unit_where_nobody_states_any(read: Callable[..., Report], rest: str):
    assert told(read(f"word,type,value\ngamma,logS,5 {rest}\ndelta,hERG,5 {rest}\n")) == [
        "rejected",
        "rejected",
    ]


def test_a_row_of_units_that_contradicts_the_header_is_refused(read: Callable[..., Report]):
    with pytest.raises(TableError, match="says 'nM', the row of units 'uM'"):
        read("word,IC50 (nM)\n,uM\ngamma,5\n")


@pytest.mark.parametrize("header", ["IC50 (nM)", "IC50_nM", "potency [nM]"])
def test_a_header_and_a_column_that_disagree_are_rejected(read: Callable[..., Report], header: str):
    report = read(f"word,{header},units\ngamma,5,uM\ndelta,5,nmol/L\nbeta,5,\n")
    assert told(report) == ["rejected", 5, 5]
    assert "the header says 'nM', the units are 'uM'" in report.rows[0].reason


@pytest.mark.parametrize(
    "header",
    [
        "IC50 (uM)",
        "IC50_uM",
        "IC50 uM",
        "IC50; uM",
        "IC50 / uM",
        "IC50 in µM",
        "Mean IC50 (uM)",
        "IC50 [µM]",
        "IC50-uM",
    ],
)
def test_units_in_a_header_are_read_however_they_are_written(read: Callable[..., Report], header: str):
    assert told(read(f'word,"{header}"\ngamma,5\n')) == [5000]


def test_a_cell_s_own_units_must_be_those_of_its_column(read: Callable[..., Report]):
    text = "word,type,value,units\ngamma,IC50,5 nmol/L,nM\ndelta,IC50,5 uM,nM\nbeta,IC50,5 uM,\n"
    assert told(read(text)) == [5, "rejected", 5000]


@pytest.mark.parametrize("cell", ["5", "5 "])
def test_missing_units_beside_others_are_told(read: Callable[..., Report], cell: str):
    report = read(f"word,type,value,units\ngamma,IC50,5,uM\ndelta,IC50,{cell},\nbeta,IC50,6 uM,\n")
    assert told(report) == [5000, 5, 6000]
    assert [row.warnings for row in report.rows] == [
        (),
        ("no units in this row, uM in others: it was read in the campaign's nM",),
        (),
    ]


def test_a_file_without_any_units_says_in_which_it_was_read(read: Callable[..., Report]):
    report = read("word,type,value\ngamma,IC50,5\ndelta,logS,1\n")
    assert report.warnings == ("no units are given for IC50: its values were read in the campaign's nM",)


def test_units_that_a_campaign_does_not_state_must_be_one(
    spec_of: Callable[..., CampaignSpec], domain: Domain
):
    view = CampaignView(spec_of(Objective(name="yield")), domain)

    def read(*cells: str) -> Report:
        rows = "".join(f"gamma,{cell}\n" for cell in cells)
        return read_results(f"word,yield,units\n{rows}".encode(), "text/csv", view)

    assert told(read("45,%", "50,%")) == [45, 50]
    assert told(read("45,%", "0.5,")) == ["rejected", "rejected"]
    assert told(read("45,%", "3,mg")) == ["rejected", "rejected"]
    assert "use one in every row" in read("45,%", "3,mg").rows[0].reason


@pytest.mark.parametrize(
    ("units", "status"), [("nM", "rejected"), ("-log M", "accepted"), ("log units", "accepted")]
)
def test_a_logarithm_has_no_units(
    spec_of: Callable[..., CampaignSpec], domain: Domain, units: str, status: str
):
    view = CampaignView(spec_of(Objective(name="pIC50")), domain)
    report = read_results(f"word,pIC50,units\ngamma,8,{units}\ndelta,8,\n".encode(), "text/csv", view)
    assert [row.status for row in report.rows] == [status, "accepted"]
    far = read_results(b"word,pIC50\ngamma,5000\n", "text/csv", view)
    assert "far off for a logarithm" in far.rows[0].warnings[0]


@pytest.mark.parametrize(
    ("kind", "value", "units", "detail"),
    [
        ("logS", 3.2, "-log M", "logS is a logarithm and '-log M' a negative one"),
        ("logS", 3.2, "\u2212log10(mol/L)", "a negative one"),
        ("LogD", 3.2, "-log", "a negative one"),
        ("pIC50", -6.5, "log M", "pIC50 is a negative logarithm and 'log M' is none"),
        ("pEC50", -6.5, "log10 (mol/L)", "is none"),
        ("-log Kd", -6.5, "log M", "is none"),
        ("pIC50", 6.5, "-log M", None),
        ("pIC50", 6.5, "log units", None),
        ("logS", -3.2, "log M", None),
        ("logP", 3.2, "log units", None),
    ],
)
def test_units_and_name_of_a_logarithm_agree_on_its_sign(
    spec_of: Callable[..., CampaignSpec],
    domain: Domain,
    kind: str,
    value: float,
    units: str,
    detail: str | None,
):
    view = CampaignView(spec_of(Objective(name="x", type=kind)), domain)
    texts = [
        f"word,type,value,units\ngamma,{kind},{value},{units}\n",
        f"word,{kind},unit\ngamma,{value},{units}\n",
    ]
    for text in texts if "(" in units else [*texts, f"word,{kind} [{units}]\ngamma,{value}\n"]:
        (row,) = read_results(text.encode(), "text/csv", view).rows
        assert (row.status, detail or "") == ("rejected" if detail else "accepted", detail or "")
        assert detail is None or detail in row.reason


def test_the_sign_counts_where_a_logarithm_is_read_as_its_concentration(read: Callable[..., Report]):
    report = read("word,type,value,units\ngamma,pIC50,-6.5,log M\ndelta,pIC50,6.5,-log M\n")
    assert told(report) == ["rejected", pytest.approx(316.22776601684)]


@pytest.mark.parametrize(
    ("kind", "value", "n_told"),
    [("pIC50", -6.5, 1), ("pIC50", 16, 1), ("pIC50", 9, 0), ("pKa", -6.5, 0), ("logS", -6.5, 0)],
)
def test_a_logarithm_that_nothing_has_is_told(
    spec_of: Callable[..., CampaignSpec], domain: Domain, kind: str, value: float, n_told: int
):
    view = CampaignView(spec_of(Objective(name=kind)), domain)
    (row,) = read_results(f"word,{kind}\ngamma,{value}\n".encode(), "text/csv", view).rows
    assert sum("is far off for a logarithm" in warning for warning in row.warnings) == n_told


def test_a_logarithm_that_nothing_has_is_told_where_it_is_read_as_a_concentration(
    read: Callable[..., Report],
):
    negative, far, near = read("word,type,value\ngamma,pIC50,-6.5\ndelta,pIC50,16\ngamma,pIC50,6.5\n").rows
    assert (negative.status, negative.column) == ("rejected", "value")
    assert "10^6.5 mol/L is no concentration" in negative.reason
    assert any("16 is far off for a logarithm such as pIC50" in warning for warning in far.warnings)
    assert not any("far off" in warning for warning in near.warnings)


@pytest.mark.parametrize(
    "text",
    ["word,type,relation,value\ngamma,pIC50,{},8\n", "word,pIC50,relation\ngamma,8,{}\n"],
)
def test_a_logarithm_is_read_as_the_concentration_with_its_relation_turned(
    read: Callable[..., Report], text: str
):
    for relation, turned in (("=", "="), ("<", ">"), (">=", "<="), ("~", "~")):
        result = read(text.format(relation)).rows[0].result
        assert (result.type, result.relation, result.units) == ("IC50", turned, "nM")
        assert result.value == pytest.approx(10)
    result = read("word,type,value,upper_value\ngamma,pIC50,7,8\n").rows[0].result
    assert (result.value, result.upper_value) == (pytest.approx(10), pytest.approx(100))
    assert read("word,type,value,units\ngamma,pIC50,8,nM\n").rows[0].status == "rejected"


def test_a_concentration_is_read_as_its_logarithm(spec_of: Callable[..., CampaignSpec], domain: Domain):
    view = CampaignView(spec_of(Objective(name="pIC50")), domain)
    text = "word,type,relation,value,units\ngamma,IC50,>,10,uM\ndelta,IC50,=,10,\nbeta,IC50,=,0,nM\n"
    report = read_results(text.encode(), "text/csv", view)
    assert [row.status for row in report.rows] == ["accepted", "rejected", "rejected"]
    assert (report.rows[0].result.type, report.rows[0].result.relation) == ("pIC50", "<")
    assert report.rows[0].result.value == pytest.approx(5)


def test_a_measurement_given_on_both_scales_is_one(read: Callable[..., Report]):
    report = read("word,type,value,units\ngamma,IC50,10,nM\ngamma,pIC50,8,\ndelta,pIC50,7,\n")
    assert [(row.result.type, row.result.value) for row in report.rows] == [
        ("IC50", 10),
        ("pIC50", 8),
        ("IC50", 100),
    ]
    assert "kept for later" in report.rows[1].warnings[0]
