import math
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.domains.contract import InvalidObjectError, ParsedObject
from models.domains.materials.charge_balance.elements import element_table
from models.domains.materials.composition.formula import amounts_of, canonical, parse_formula, write

SYMBOLS = ["Ag", "Al", "As", "C", "Ca", "Cl", "Co", "Cu", "Ga", "H", "In", "N", "Na", "O", "S", "Se", "Si", "Zn"]
amounts = st.dictionaries(st.sampled_from(SYMBOLS), st.integers(1, 12), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("spelled", "text"),
    [
        ("GaAs", "GaAs"),
        ("As Ga", "GaAs"),
        ("Ga2As2", "GaAs"),
        ("O3Fe2", "Fe2O3"),
        ("Al₂O₃", "Al2O3"),
        ("Ca(OH)2", "Ca(OH)2"),
        ("Al0.5Ga0.5As", "GaAlAs2"),
        ("Al0.3Ga0.7As", "Ga7Al3As10"),
        ("Al0.333Ga0.667As", "Ga2AlAs3"),
        ("La0.85Sr0.15MnO3", "Sr3La17Mn20O60"),
        ("InCuSe2", "CuInSe2"),
        ("TePb", "PbTe"),
        ("ZnCu2SnS4", "Cu2ZnSnS4"),
        ("H3N", "NH3"),
        ("F2O", "OF2"),
        ("O2", "O"),
        ("CaSO4(H2O)2", "CaH4SO6"),
        ("CuSO4·5H2O", "CuH10SO9"),
        ("CuSO4 • 5 H2O", "CuH10SO9"),
        ("MgSO4*7H₂O", "MgH14SO11"),
        ("CuSO4 x 5 H2O", "CuH10SO9"),
        ("CuSO4 \u00d7 5H2O", "CuH10SO9"),
        ("CaSO4·1/2H2O", "Ca2H2S2O9"),
        ("C10H20", "CH2"),
        ("FeOOH", "FeHO2"),
        ("NaSCN", "NaCNS"),
        ("CH3NH3PbI3", "PbCNH6I3"),
        ("3CdSO4·8H2O", "Cd3H16S3O20"),
        ("CaSO4·0.5H2O", "Ca2H2S2O9"),
        ("CaSO4·½H2O", "Ca2H2S2O9"),
        ("(NH4)2SO4·FeSO4·6H2O", "FeN2H20S2O14"),
        ("Al.3Ga.7As", "Ga7Al3As10"),
        ("CuZn2.5SnS4", "Cu2Zn5Sn2S8"),
        ("YBa2Cu3O6.5", "Ba4Y2Cu6O13"),
        ("LiNi0.8Co0.1Mn0.1O2", "Li10MnCoNi8O20"),
        ("La0.7Sr0.3MnO3", "Sr3La7Mn10O30"),
        ("K3[Co(NO2)6]", "K3CoN6O12"),
        ("FeO(OH)", "FeHO2"),
        ("KOH", "KHO"),
        ("Fe(SCN)3", "FeC3N3S3"),
        ("P1V1C1", "VCP"),
        ("Fe100", "Fe"),
        ("C60", "C"),
    ],
)
def test_spellings_become_one_reduced_formula(spelled: str, text: str):
    expected = "CaH2O2" if text == "Ca(OH)2" else text
    assert parse_formula(spelled) == ParsedObject(expected)
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    ("spelled", "same"),
    [
        ("Fe66.7Ni33.3", "Fe2Ni"),
        ("Ni33.33Fe66.67", "Fe2Ni"),
        ("Fe0.667Ni0.333", "Fe2Ni"),
        ("Fe0.6667Ni0.3333", "Fe2Ni"),
        ("Co33.3Cr33.3Fe33.4", "CrFeCo"),
        ("Co0.333Cr0.333Fe0.334", "CrFeCo"),
        ("Al0.5Co24.9Fe49.8Ni24.9", "Al0.005Co0.249Fe0.498Ni0.249"),
    ],
)
def test_percent_fractions_and_ratios_of_one_alloy_are_one_object(spelled: str, same: str):
    assert canonical(spelled) == canonical(same)
    assert canonical("Fe65.9Ni34.1") != canonical("Fe2Ni")
    assert canonical("Fe67Ni33") == "Fe67Ni33"


@pytest.mark.parametrize(
    ("spelled", "text", "warning"),
    [
        ("CuSO4.5 H2O", "CuH10SO9", "CuSO4·5 H2O"),
        ("CuSO4.5H2O", "CuH10SO9", "CuSO4·5H2O"),
        ("CaSO4.0.5H2O", "Ca2H2S2O9", "CaSO4·0.5H2O"),
        ("KAl(SO4)2 . 12 H2O", "KAlH24S2O20", "12 H2O"),
        ("MgCl2.6NH3", "MgN6H18Cl2", "MgCl2·6NH3"),
        ("Na2O.2SiO2", "Na2Si2O5", "Na2O·2SiO2"),
        ("2CaO.Al2O3.3SiO2", "Ca2Al2Si3O11", "2CaO·Al2O3·3SiO2"),
        ("D2O", "H2O", "deuterium"),
        ("CD3OD", "CH4O", "deuterium"),
        ("HDO", "H2O", "deuterium"),
        ("CuSO4·5D2O", "CuH10SO9", "deuterium"),
    ],
)
def test_assumptions_of_the_formula_parser_give_warnings(spelled: str, text: str, warning: str):
    read = parse_formula(spelled)
    assert read.text == text
    assert len(read.warnings) == 1
    assert warning in read.warnings[0]


def test_a_word_in_capitals_is_a_formula_where_the_campaign_has_its_elements():
    with pytest.raises(InvalidObjectError, match="abbreviation"):
        canonical("YBCO")
    assert parse_formula("YBCO", ("Y", "B", "C", "O")).text == "YBCO"
    with pytest.raises(InvalidObjectError, match="abbreviation"):
        parse_formula("YBCO", ("Y", "Ba", "Cu", "O"))


@pytest.mark.parametrize(
    ("spelled", "words"),
    [
        ("", "no chemical formula"),
        ("fe2o3", "no chemical formula"),
        ("Fe2+", "no chemical formula"),
        ("Al-2", "no chemical formula"),
        ("(Fe", "no chemical formula"),
        ("FE2O3", "not FE2O3"),
        ("Xx2", "is no element"),
        ("HeO", "no electronegativity is known for He"),
        ("@", "no chemical formula"),
        ("CuSO4.5NH3", "a dot followed by a formula"),
        ("CuSO4·xH2O", "unknown number of H2O"),
        ("CuSO4.nH2O", "unknown number of H2O"),
        ("CuSO4 5H2O", "blank before a number"),
        ("CuSO4·", "no formula after a dot"),
        ("CaSO4·0H2O", "an amount of zero"),
        ("Fe0O3", "an amount of zero"),
        ("Ni0Fe1", "an amount of zero"),
        ("La1.0Sr0.0MnO3", "an amount of zero"),
        ("SS316", "is not a formula"),
        ("SUS304", "is not a formula"),
        ("IN718", "is not a formula"),
        ("Al6061", "is not a formula"),
        ("P25", "is not a formula"),
        ("PVDF", "abbreviation"),
        ("LiFSI", "abbreviation"),
        ("LiPON", "abbreviation"),
        ("LiBOB", "abbreviation"),
        ("CaCl2·2H20", "H20 is twenty atoms of hydrogen"),
        ("CaCl2.2H20", "H20 is twenty atoms of hydrogen"),
        ("ZnO:Al", "':Al' is neither"),
        ("PVC", "P1V1C1"),
        ("CNT", "T is no element here"),
        ("ITO", "T is no element here"),
        ("{Cu3(BTC)2}", "T is no element here"),
        ("Fe(PVP)2", "abbreviation"),
        ("TiO2 (P25)", "blank before a bracket"),
        ("TiO2(P25)", "remark in brackets"),
        ("TiO2 P25", "two formulas"),
        ("Al 6061", "blank before a number"),
        ("Ga0,65In0,35As", "comma"),
        ("\u03b1-Fe2O3", "write Fe2O3 alone"),
        ("gamma-Al2O3", "write Al2O3 alone"),
        ("TiO2 anatase", "write TiO2 alone"),
        ("anatase TiO2", "write TiO2 alone"),
        ("Fe1-xO", "no chemical formula"),
        ("Pt/C", "no chemical formula"),
        ("2H2O", "no chemical formula"),
        ("Fe2..O3", "no chemical formula"),
        ("Fe()2", "no chemical formula"),
        ("Fe99999O", "more than 10000 atoms"),
        ("Fe" * 101, "longer than 200"),
        ("Fe0.0001O", "not resolved"),
    ],
)
def test_nonsense_is_refused_with_its_reason(spelled: str, words: str):
    with pytest.raises(InvalidObjectError) as refused:
        canonical(spelled)
    assert refused.value.column == "formula"
    assert words in refused.value.detail


@given(st.dictionaries(st.sampled_from(sorted(element_table())), st.integers(1, 300), min_size=1, max_size=5))
def test_a_canonical_text_can_be_read_by_a_campaign_of_its_elements(amounts: dict[str, int]):
    text = write(amounts)
    assert parse_formula(text, tuple(amounts)) == ParsedObject(text)


@given(amounts, st.integers(1, 5), st.randoms(use_true_random=False))
def test_order_and_multiple_do_not_matter(amounts: dict[str, int], multiple: int, random: Random):
    assume(len(amounts) > 1 or multiple == 1)  # Ag25 alone is no formula
    terms = [f"{symbol}{amount * multiple}" for symbol, amount in amounts.items()]
    random.shuffle(terms)
    text = canonical("".join(terms))
    assert text == write(amounts)
    read = amounts_of(text)
    assert math.gcd(*read.values()) == 1
    assert {symbol: amount // math.gcd(*amounts.values()) for symbol, amount in amounts.items()} == read


def test_elements_ascend_in_formal_electronegativity():
    symbols = list(element_table())
    assert symbols[-5:] == ["At", "I", "Br", "Cl", "F"]
    assert symbols.index("Cs") < symbols.index("Ca") < symbols.index("Cu") < symbols.index("Zn") < symbols.index("Al")
    assert symbols.index("N") < symbols.index("H") < symbols.index("O")
    assert len(symbols) == 100
