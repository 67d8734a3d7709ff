"""Metrics against values known by hand."""

import numpy as np
import pytest

from models.metrics import hypervolume, mean_pairwise_distance, n_circles, vendi_score


def test_hypervolume_of_a_staircase() -> None:
    points = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [1.0, 1.0], [-1.0, 9.0]])
    assert hypervolume(points, np.zeros(2)) == pytest.approx(6.0)
    assert hypervolume(points[:, :1], np.zeros(1)) == pytest.approx(3.0)
    assert hypervolume(points, np.full(2, 10.0)) == 0.0
    with pytest.raises(ValueError, match="finite"):
        hypervolume(points * np.nan, np.zeros(2))


def test_diversity_of_two_groups() -> None:
    similarity = np.kron(np.eye(2), np.ones((3, 3)))
    assert n_circles(similarity, 0.5) == 2
    assert vendi_score(similarity) == pytest.approx(2.0)
    assert mean_pairwise_distance(similarity) == pytest.approx(18 / 30)
    assert vendi_score(np.eye(5)) == pytest.approx(5.0)
    assert n_circles(np.zeros((0, 0)), 0.5) == 0
    assert mean_pairwise_distance(np.ones((1, 1))) == 0.0
