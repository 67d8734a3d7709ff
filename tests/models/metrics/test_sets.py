"""Metrics against values known by hand, against BoTorch, and against inclusion and exclusion."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning
from hypothesis import given, settings
from hypothesis import strategies as st

from models.metrics.sets import hypervolume, mean_pairwise_distance, n_circles, non_dominated, vendi_score

Floats = npt.NDArray[np.float64]


def test_hypervolume_of_a_staircase() -> None:
    points = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [1.0, 1.0], [-1.0, 9.0]])
    assert hypervolume(points, np.zeros(2)) == pytest.approx(6.0)
    assert hypervolume(points[:, :1], np.zeros(1)) == pytest.approx(3.0)
    assert hypervolume(points, np.full(2, 10.0)) == 0.0
    assert hypervolume(points[:0], np.zeros(2)) == 0.0
    with pytest.raises(ValueError, match="finite"):
        hypervolume(points * np.nan, np.zeros(2))
    with pytest.raises(ValueError, match="reference"):
        hypervolume(points, np.zeros(3))


def _by_inclusion_and_exclusion(points: Floats) -> float:
    """Return the volume above zero that points dominate, from the overlaps of all subsets."""
    return sum(
        (-1) ** (size + 1) * float(np.min(subset, axis=0).clip(0).prod())
        for size in range(1, len(points) + 1)
        for subset in combinations(points, size)
    )


@given(st.integers(1, 8), st.integers(0, 6), st.integers(0, 10_000), st.booleans())
def test_hypervolume_is_the_volume_of_the_union(m: int, n: int, seed: int, are_whole: bool) -> None:  # noqa: FBT001
    generator = np.random.default_rng(seed)
    points = generator.integers(-1, 4, (n, m)) * 1.0 if are_whole else generator.normal(size=(n, m))
    result = hypervolume(points, np.zeros(m))
    assert result == pytest.approx(_by_inclusion_and_exclusion(points), abs=1e-12)
    assert hypervolume(points[::-1], np.zeros(m)) == pytest.approx(result)


@settings(max_examples=15)
@given(st.integers(2, 5), st.integers(1, 14), st.integers(0, 10_000))
def test_hypervolume_agrees_with_botorch(m: int, n: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n, m))
    reference = np.full(m, -0.5)
    theirs = DominatedPartitioning(torch.from_numpy(reference), torch.from_numpy(points)).compute_hypervolume()
    assert hypervolume(points, reference) == pytest.approx(float(theirs), abs=1e-12)


@given(st.integers(1, 4), st.integers(0, 30), st.integers(0, 10_000))
def test_the_front_is_what_nothing_beats(m: int, n: int, seed: int) -> None:
    points = np.random.default_rng(seed).integers(0, 5, (n, m)) * 1.0
    beaten = [any((other >= point).all() and (other > point).any() for other in points) for point in points]
    assert non_dominated(points).tolist() == [not item for item in beaten]


def test_diversity_of_two_groups() -> None:
    similarity = np.kron(np.eye(2), np.ones((3, 3)))
    assert n_circles(similarity, 0.5) == 2
    assert vendi_score(similarity) == pytest.approx(2.0)
    assert mean_pairwise_distance(similarity) == pytest.approx(18 / 30)
    assert vendi_score(np.eye(5)) == pytest.approx(5.0)
    assert n_circles(np.zeros((0, 0)), 0.5) == 0
    assert mean_pairwise_distance(np.ones((1, 1))) == 0.0
