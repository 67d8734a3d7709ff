"""Shapley values: exact where they must be, and near the definition elsewhere."""

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rounds.reporting.shapley import shapley

Floats = npt.NDArray[np.float64]
GROUPS = ((0,), (1, 2), (3,))


def _curved(rows: Floats) -> Floats:
    """Return two outputs with interactions of all columns."""
    return np.stack([rows.prod(axis=1) + rows[:, 0] * rows[:, 3], np.sin(rows.sum(axis=1))], axis=1)


@given(st.integers(0, 1000))
def test_the_parts_of_an_additive_function_are_exact(seed: int):
    generator = np.random.default_rng(seed)
    weights = generator.normal(size=(4, 2))
    objects, background = generator.normal(size=(3, 4)), generator.normal(size=(5, 4))
    found = shapley(lambda rows: rows @ weights, objects, background, GROUPS, seed)
    apart = objects - background.mean(axis=0)
    expected = np.stack([apart[:, list(group)] @ weights[list(group)] for group in GROUPS], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(st.integers(0, 1000))
def test_contributions_add_up_to_what_is_explained(seed: int):
    generator = np.random.default_rng(seed)
    objects, background = generator.integers(0, 3, (4, 4)) * 1.0, generator.integers(0, 3, (3, 4)) * 1.0
    found = shapley(_curved, objects, background, GROUPS, seed)
    np.testing.assert_allclose(
        found.sum(axis=1), _curved(objects) - _curved(background).mean(axis=0), atol=1e-12
    )


def test_two_groups_are_exact_whatever_the_function():
    x, z = np.array([[2.0, 3.0, 5.0, 7.0]]), np.array([[1.0, 1.0, 4.0, 2.0]])
    groups = ((0, 1), (2, 3))
    only_first = np.array([[2.0, 3.0, 4.0, 2.0]])
    only_second = np.array([[1.0, 1.0, 5.0, 7.0]])
    first = (_curved(only_first) - _curved(z) + _curved(x) - _curved(only_second)) / 2
    np.testing.assert_allclose(shapley(_curved, x, z, groups, 0)[:, 0], first, atol=1e-12)


def test_more_groups_are_near_the_definition():
    generator = np.random.default_rng(3)
    x, background = generator.normal(size=(1, 4)), np.repeat(generator.normal(size=(1, 4)), 2000, axis=0)
    found = shapley(_curved, x, background, GROUPS, 0)[0]
    expected = np.zeros((3, 2))
    for order in itertools.permutations(range(3)):
        state = background[:1].copy()
        for number in order:
            before = _curved(state)
            state[:, GROUPS[number]] = x[:, GROUPS[number]]
            expected[number] += (_curved(state) - before)[0] / math.factorial(3)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_an_object_like_its_background_hangs_on_nothing():
    row = np.ones((1, 4))
    assert shapley(_curved, row, row, GROUPS, 0) == pytest.approx(0.0)
