import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domains.contract import InvalidObjectError
from models.domains.materials.mixture.reading import parse_recipe
from models.domains.materials.mixture.recipe import read
from models.domains.materials.spec import MixtureSpec

SPEC = MixtureSpec.model_validate(
    {
        "kind": "materials",
        "space": "mixture",
        "components": ["A", "B", "C"],
        "grid": 3,
        "process": [
            {"name": "solvent", "type": "categorical", "values": ["DMAc", 'say "hi", | {µ}']},
            {"name": "t", "type": "continuous", "low": 0, "high": 1, "resolution": 0.1},
        ],
    }
)


def canonical(spec: MixtureSpec, fields: dict[str, str]) -> str:
    """Return the canonical text alone."""
    return parse_recipe(spec, fields).text


REST = {"solvent": "DMAc", "t": "0.3"}


def test_text_is_compact_json_in_the_order_of_the_specification():
    text = canonical(SPEC, {"t": "0.30", "B": "1", "solvent": "dmac"})
    assert text == '{"B":1,"solvent":"DMAc","t":0.3}'


@pytest.mark.parametrize("written", ["0.333", "0.3333", "0.333333333"])
def test_rounded_thirds_are_grid_steps(written: str):
    text = canonical(SPEC, {"A": written, "B": written, "C": written, **REST})
    assert read(text)["A"] == read(text)["C"] == 0.333333
    assert text == canonical(SPEC, {name: str(value) for name, value in read(text).items()})


def test_values_off_the_grid_stay_measured_numbers():
    text = canonical(SPEC, {"A": "0.31", "B": "0.69", "solvent": "toluene", "t": "0.25"})
    assert read(text) == {"A": 0.31, "B": 0.69, "solvent": "toluene", "t": 0.25}


def test_names_are_quoted_safely():
    text = canonical(SPEC, {"A": "1", "solvent": 'Say "HI", | {µ}', "t": "1e-1"})
    assert json.loads(text) == {"A": 1, "solvent": 'say "hi", | {µ}', "t": 0.1}


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda values: sum(values) > 0), st.floats(-3, 4)
)
def test_a_canonical_text_is_a_fixed_point(parts: list[float], setting: float):
    total = sum(parts)
    fields = {name: str(part / total) for name, part in zip("ABC", parts, strict=True)}
    text = canonical(SPEC, {**fields, "solvent": "x", "t": str(setting)})
    assert canonical(SPEC, {name: str(value) for name, value in read(text).items()}) == text


@pytest.mark.parametrize(
    ("fields", "column", "words"),
    [
        ({**REST}, "A", "sum to 0, not 1"),
        ({"A": "0.3", "B": "0.3", **REST}, "A", "sum to 0.6"),
        ({"A": "30", "B": "70", **REST}, "B", "write 0.3 for 30 %"),
        ({"A": "-0.5", "B": "1.5", **REST}, "A", "negative"),
        ({"A": "much", **REST}, "A", "'much' is no number"),
        ({"A": "inf", **REST}, "A", "no finite number"),
        ({"A": "1", "solvent": "DMAc"}, "t", "t is missing"),
        ({"A": "1", "t": "0.1"}, "solvent", "solvent is missing"),
        ({"A": "1", "solvent": "DMAc", "t": "warm"}, "t", "'warm' is no number"),
    ],
)
def test_a_wrong_recipe_is_refused_by_column(fields: dict[str, str], column: str, words: str):
    with pytest.raises(InvalidObjectError) as refused:
        canonical(SPEC, fields)
    assert refused.value.column == column
    assert words in refused.value.detail
