import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domains.contract import InvalidObjectError
from models.domains.materials.composition.elements import element_table
from models.domains.materials.composition.formula import amounts_of, canonical, write

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
    ],
)
def test_spellings_become_one_reduced_formula(spelled: str, text: str):
    expected = "CaH2O2" if text == "Ca(OH)2" else text
    assert canonical(spelled) == expected
    assert canonical(expected) == expected


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
        ("@", "names no element"),
        ("CaSO4.2H2O", "brackets"),
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


@given(amounts, st.integers(1, 5), st.randoms(use_true_random=False))
def test_order_and_multiple_do_not_matter(amounts: dict[str, int], multiple: int, random: Random):
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
