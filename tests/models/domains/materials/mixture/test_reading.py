"""Columns of recipes: accepted values, warnings and refusals."""

from typing import Any

import pytest

from models.domains.contract import InvalidObjectError
from models.domains.materials.mixture.reading import parse_recipe
from models.domains.materials.mixture.recipe import read
from models.domains.materials.spec import MixtureSpec

ALLOY = MixtureSpec.model_validate({"kind": "materials", "space": "mixture", "components": ["A", "B", "C"], "grid": 10})


def settings(**variable: Any) -> MixtureSpec:
    """Return conditions of one variable x."""
    process = [{"name": "x", "type": "ordinal", **variable}]
    return MixtureSpec.model_validate({"kind": "materials", "space": "mixture", "process": process})


@pytest.mark.parametrize(
    ("written", "fractions", "is_warned"),
    [
        (("0.5", "0.3", "0.2"), {"A": 0.5, "B": 0.3, "C": 0.2}, False),
        (("50%", "30 %", "20%"), {"A": 0.5, "B": 0.3, "C": 0.2}, False),
        (("0,5", "0,3", "0,2"), {"A": 0.5, "B": 0.3, "C": 0.2}, False),
        (("0.502", "0.3", "0.2"), {"A": 0.502, "B": 0.3, "C": 0.2}, True),
        (("0.33", "0.33", "0.335"), {"A": 0.33, "B": 0.33, "C": 0.335}, True),
        (("0.333", "0.333", "0.333"), {"A": 0.333, "B": 0.333, "C": 0.333}, False),
    ],
)
def test_fractions_sum_to_one_within_half_a_percent(
    written: tuple[str, ...], fractions: dict[str, float], *, is_warned: bool
) -> None:
    result = parse_recipe(ALLOY, dict(zip("ABC", written, strict=True)))
    assert read(result.text) == fractions
    assert len(result.warnings) == is_warned
    again = {name: str(value) for name, value in read(result.text).items()}
    assert parse_recipe(ALLOY, again) == result


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (("0.506", "0.3", "0.2"), "sum to 1.006, not 1"),
        (("50", "30", "20"), "percent in the header"),
        (("1,000", "0", "0"), "'1,000' is no number"),
        (("50%", "0.3", "0.3"), "sum to 1.1"),
    ],
)
def test_other_fractions_are_refused(written: tuple[str, ...], words: str) -> None:
    with pytest.raises(InvalidObjectError, match=words):
        parse_recipe(ALLOY, dict(zip("ABC", written, strict=True)))


@pytest.mark.parametrize(
    ("variable", "value", "nearest"),
    [
        ({"values": [20, 60, 100]}, "101", "100"),
        ({"values": [20, 60, 100]}, "-50", "20"),
        ({"values": [90, 120]}, "298.15", "120"),
        ({"values": [25]}, "30", "25"),
        ({"values": [1e-6, 1e-4, 1e-2]}, "0.1", "0.01"),
        ({"values": [1e-6, 1e-4, 1e-2]}, "1e-9", "1e-06"),
    ],
)
def test_a_setting_outside_gives_a_warning_with_the_nearest_level(
    variable: dict[str, Any], value: str, nearest: str
) -> None:
    result = parse_recipe(settings(**variable), {"x": value})
    assert read(result.text)["x"] == float(value)
    assert result.warnings[0].endswith(f"the nearest level is {nearest}")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ({"values": [90, 120]}, "2000", "far outside the campaign's 90 to 120"),
        ({"values": [90, 120], "units": "°C"}, "393.15", "393.15 °C lies far outside"),
        ({"values": [20, 60, 100]}, "-300", "far outside"),
        ({"values": [1e-6, 1e-4, 1e-2]}, "1000", "far outside"),
        ({"values": [1e-6, 1e-4, 1e-2]}, "0", "no place on a log scale"),
        ({"values": [10, 20], "scale": "log"}, "0.01", "far outside"),
        ({"values": [90, 120]}, "350\u00b110", "is no number; give one value"),
        ({"values": [90, 120]}, "340-360", "is no number; give one value"),
    ],
)
def test_a_setting_far_outside_is_refused(variable: dict[str, Any], value: str, words: str) -> None:
    with pytest.raises(InvalidObjectError, match=words) as refused:
        parse_recipe(settings(**variable), {"x": value})
    assert refused.value.column == "x"


def test_a_setting_between_the_levels_needs_no_word() -> None:
    assert parse_recipe(settings(values=[20, 60, 100]), {"x": "55"}).warnings == ()


@pytest.mark.parametrize(
    ("value", "hint"), [("DMFF", "the nearest is 'DMF'"), ("nmp2", "the nearest is 'NMP'"), ("water", "DMF, NMP")]
)
def test_an_unknown_category_gives_a_warning_with_the_nearest_known_one(value: str, hint: str) -> None:
    result = parse_recipe(settings(type="categorical", values=["DMF", "NMP"]), {"x": value})
    assert read(result.text)["x"] == value
    assert hint in result.warnings[0]
