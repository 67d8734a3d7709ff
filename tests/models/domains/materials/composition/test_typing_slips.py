"""Wrong capitals, and a zero for the letter O: ambiguous formulas are refused, never guessed."""

import re

import pytest

from models.domains.contract import InvalidObjectError
from models.domains.materials.composition.domain import CompositionDomain
from models.domains.materials.composition.formula import canonical, parse_formula
from models.domains.materials.spec import CompositionSpec


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("SIO2", "write SiO2"),
        ("CO3O4", "write Co3O4"),
        ("CU2O", "write Cu2O"),
        ("CUSO4", "write CuSO4"),
        ("CUSO4 x 5 H2O", "write CuSO4"),
        ("NB2O5", "write Nb2O5"),
        ("SC2O3", "write Sc2O3"),
        ("SNO2", "write SnO2"),
        ("HFO2", "write HfO2"),
        ("OSO4", "write OsO4"),
        ("HO2O3", "write Ho2O3"),
        ("CSPBI3", "CsP"),
        ("COO", "write CoO"),
        ("NB", "write Nb"),
        ("SI", "S1I1"),
        ("(NI)2O", "(Ni)2O"),
        ("K(CO3O4)", "K(Co3O4)"),
    ],
)
def test_capitals_that_spell_an_element_are_refused(written: str, advice: str):
    with pytest.raises(InvalidObjectError) as refused:
        canonical(written)
    assert advice in refused.value.detail


@pytest.mark.parametrize(
    "written",
    ["Si02", "CaC03", "Li2C03", "H2S04", "H20", "Cu20", "Na2O·Al203", "MgAl204", "YBa2Cu307", "Bi4Ti3012", "CuO.H20"],
)
def test_a_zero_that_may_be_oxygen_is_refused(written: str):
    with pytest.raises(InvalidObjectError, match="letter O"):
        canonical(written)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("CO", "CO"),
        ("CO2", "CO2"),
        ("HF", "HF"),
        ("CS2", "CS2"),
        ("K2CO3", "K2CO3"),
        ("KHCO3", "KCHO3"),
        ("KCHO3", "KCHO3"),
        ("(NH4)2CO3", "CN2H8O3"),
        ("CH3COOH", "CH2O"),
        ("CO(NH2)2", "CN2H4O"),
        ("CHF3", "CHF3"),
        ("KHF2", "KHF2"),
        ("H3PO4", "PH3O4"),
        ("S1I1", "SI"),
        ("Fe203.0Ni7", "Fe29Ni"),
        ("La203Al797", "La203Al797"),
        ("C60H102", "C10H17"),
        ("C10H20", "CH2"),
    ],
)
def test_what_everybody_reads_in_one_way_is_read(written: str, text: str):
    assert canonical(written) == text


def test_the_campaigns_elements_decide():
    assert parse_formula("SIO2", ("S", "I", "O")).text == "SO2I"
    assert parse_formula("YB6", ("Y", "B")).text == "YB6"
    assert parse_formula("MgAl204", ("Mg", "Al")).text == "MgAl204"
    assert parse_formula("CO2", ("Co", "C", "O")).text == "CO2"
    for written, elements in (("SIO2", ("Si", "O")), ("YB6", ("Y", "B", "Yb")), ("CO", ("Co", "C", "O"))):
        with pytest.raises(InvalidObjectError, match="may be"):
            parse_formula(written, elements)


def test_the_columns_of_an_ambiguous_composition_are_read_back():
    domain = CompositionDomain(
        CompositionSpec(kind="materials", space="composition", elements=("Y", "Yb", "B", "O", "Mg", "Al"))
    )
    assert domain.columns("YB6") == {"formula": "Y1B6"}
    assert domain.columns("MgAl204") == {"formula": "Mg1Al204.0"}
    assert domain.columns("Al2O3") == {"formula": "Al2O3"}
    for text in ("YB6", "MgAl204", "Al2O3", "SI"):
        assert domain.parse({"formula": str(domain.columns(text)["formula"])}) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("COFe2O4", "CoFe2O4"), ("NIFe2O4", "NiFe2O4"), ("CSPbI3", "CsPbI3"), ("CsPBI3", "CsPbI3")),
        *(
            ("NBSe2", "NbSe2"),
            ("PBTe", "PbTe"),
            ("InSB", "InSb"),
            ("HFSe2", "HfSe2"),
            ("CDSe", "CdSe"),
            ("NiCOOH", "NiCoOH"),
        ),
        *(("NiCO2O4", "NiCo2O4"), ("LiCOO2", "LiCoO2"), ("LiNi0.8CO0.2O2", "LiNi0.8Co0.2O2"), ("COCl2", "CoCl2")),
        *(("MgSIO3", "MgSiO3"), ("Cu2ZnSNS4", "Cu2ZnSnS4"), ("CuINSe2", "CuInSe2"), ("AlSCN", "AlScN")),
        *(("ND2Fe14B", "Nd2Fe14B"), ("DYFeO3", "DyFeO3"), ("CD3As2", "Cd3As2"), ("HOFeO3", "HoFeO3")),
    ],
)
def test_a_wrong_capital_among_others_is_refused_with_both_spellings(text: str, meant: str):
    for elements in ((), re.findall("[A-Z][a-z]?", meant)):
        with pytest.raises(InvalidObjectError, match=rf"may be .*: write {re.escape(meant)}, or every amount"):
            parse_formula(text, elements)


def test_the_campaign_s_elements_decide_where_they_hold_the_single_letters_alone():
    assert parse_formula("InSB", ("B", "In", "S")).text == canonical("In1S1B1")
    assert parse_formula("CDSe", ("C", "H", "Se")).warnings


@pytest.mark.parametrize(
    "text",
    [
        *("CO2", "NaHCO3", "CaCO3", "LiCoO2", "K2CO3", "NaNO3", "LiPF6", "NH4NO3", "CsPbI3", "KNbO3", "BaCO3", "HfO2"),
        *("InSb", "LiBH4", "NaBH4", "Ca(OH)2", "CuInS2", "Cu2ZnSnS4", "YBa2Cu3O7", "MoS2", "BN", "SiC", "WC", "TiC"),
        *("LaB6", "CaF2", "LiOH", "KOH", "Mg3N2", "Li2CO3", "PbSO4", "FeCO3", "NiCO3", "CoCO3", "Ba(NO3)2"),
        *(
            "Na2SiO3",
            "MgSiO3",
            "Ni(CO)4",
            "Pb(CH3COO)2",
            "Zn(CH3CO2)2",
            "HCOONa",
            "NaCOOH",
            "NaOCN",
            "NaNCO",
            "CaC2O4",
            "KCN",
        ),
        *("CuSCN", "Hg(SCN)2", "SbSI", "LaCuOS", "NaHF2", "HOCl", "CDCl3", "CD2Cl2", "ND4Cl", "Bi2O2CO3", "LaCO3F"),
        *("Cu2CO3(OH)2", "Na3MnCO3PO4", "FeOOH", "Na2CS3", "CH3NH3PbI3", "SiCO", "CHFCl2", "Mg5(CO3)4(OH)2"),
    ],
)
def test_usual_formulas_are_read_and_so_are_their_canonical_texts(text: str):
    result = canonical(text)
    assert canonical(result) == result
