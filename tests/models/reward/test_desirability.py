"""Desirability curves: their values, and the moments of a Gaussian prediction's desirability."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from models.data.ranges import objective_range
from models.data.utility import Utility
from models.reward.utility import fit_utility, gaussian_moments
from models.specs.objectives import Objective

ONE_SIDED: dict[str, Any] = {"name": "y", "desirability": {"low": 2, "high": 6}}
BENT: dict[str, Any] = {
    "name": "y",
    "direction": "minimize",
    "desirability": {"low": 2, "high": 6, "weight": 2},
}
TWO_SIDED: dict[str, Any] = {
    "name": "y",
    "direction": "target",
    "target": 3,
    "desirability": {"low": 1, "high": 7, "weight": 0.5},
}
POINTS: dict[str, Any] = {
    "name": "y",
    "direction": "target",
    "target": 2.5,
    "desirability": {"points": [[0, 0.1], [2, 1], [3, 1], [5, 0]]},
}


def _utility(spec: dict[str, Any]) -> Utility:
    objective = Objective.model_validate(spec)
    return fit_utility(objective, objective.transform, torch.empty(0))


@pytest.mark.parametrize(
    ("spec", "value", "worth"),
    [
        (ONE_SIDED, 1, 0),
        (ONE_SIDED, 3, 0.25),
        (ONE_SIDED, 9, 1),
        (BENT, 2, 1),
        (BENT, 4, 0.25),
        (BENT, 6.5, 0),
        (TWO_SIDED, 3, 1),
        (TWO_SIDED, 2, 0.5**0.5),
        (TWO_SIDED, 5, 0.5**0.5),
        (TWO_SIDED, 7.5, 0),
        (POINTS, -1, 0.1),
        (POINTS, 1, 0.55),
        (POINTS, 2.7, 1),
        (POINTS, 4, 0.5),
        ({"name": "y", "transform": "log10", "desirability": {"low": 10, "high": 1000}}, 2.0, 0.5),
    ],
)
def test_a_curve_has_the_values_of_its_definition(spec: dict[str, Any], value: float, worth: float):
    utility = _utility(spec)
    assert float(utility.of(torch.tensor(float(value)))) == pytest.approx(worth, abs=1e-3)
    assert float(utility.of(np.array([float(value)]))[0]) == pytest.approx(worth, abs=1e-3)
    assert np.isnan(utility.of(np.array([np.nan]))).all()


@pytest.mark.parametrize("spec", [ONE_SIDED, BENT, TWO_SIDED, POINTS])
@pytest.mark.parametrize(("mean", "sd"), [(3.0, 0.5), (0.0, 2.0), (6.0, 1e-9), (2.5, 0.05), (40.0, 1.0)])
def test_expectation_and_deviation_are_those_of_draws(spec: dict[str, Any], mean: float, sd: float):
    utility = _utility(spec)
    expected, deviation = gaussian_moments(
        utility, torch.tensor([mean], dtype=torch.float64), torch.tensor([sd], dtype=torch.float64)
    )
    draws = utility.of(np.random.default_rng(0).normal(mean, sd, 400_000))
    assert float(expected) == pytest.approx(draws.mean(), abs=2e-3)
    assert float(deviation) == pytest.approx(draws.std(), abs=2e-3)


def test_a_computed_value_without_error_has_the_desirability_of_its_value():
    expected, deviation = gaussian_moments(
        _utility(POINTS), torch.tensor([1.0, torch.nan]).double(), torch.zeros(2).double()
    )
    assert expected[0] == pytest.approx(0.55)
    assert deviation[0] == pytest.approx(0, abs=1e-6)
    assert expected[1].isnan()


def test_the_range_and_the_inverse_are_those_of_the_curve():
    objective = Objective.model_validate(ONE_SIDED)
    assert objective_range(objective, "none", (0.0, 1.0)).high == 6
    assert _utility(ONE_SIDED).inverse(0.25) == pytest.approx(3)
    assert _utility(BENT).inverse(0.25) == pytest.approx(4, abs=0.01)
    assert _utility(POINTS).inverse(0.55) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"desirability": {}}, "give points, or low and high"),
        ({"desirability": {"low": 3, "high": 1}}, "low < high"),
        ({"desirability": {"points": [[1, 0], [1, 1]]}}, "must ascend"),
        ({"desirability": {"points": [[1, 0], [2, 1.5]]}}, "from 0 to 1"),
        ({"desirability": {"points": [[1, 1], [2, 0]]}}, "for direction 'minimize'"),
        ({"desirability": {"low": 1, "high": 3}, "range": [0, 1]}, "leave range out"),
        ({"desirability": {"low": 0, "high": 3}, "transform": "log10"}, "must be positive"),
        ({"desirability": {"low": 1, "high": 3}, "direction": "target", "target": 5}, "within the curve"),
    ],
)
def test_a_curve_that_contradicts_the_objective_is_refused(spec: dict[str, Any], words: str):
    with pytest.raises(ValidationError, match=words):
        Objective.model_validate({"name": "y"} | spec)
