"""What chance would reach: exact for the best, unbiased for volumes."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.insights.random_baseline import BOOTSTRAPS, bootstrap, order_statistics, wilson
from models.metrics.hypervolume import MOST_EXACT_POINTS, CampaignHypervolume
from models.metrics.sets import hypervolume


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(1, 4))
def test_the_expected_best_is_that_of_all_draws(values: list[int], n: int):
    draws = [max(draw) for draw in itertools.product(values, repeat=n)]
    expected, low, high = order_statistics(np.array(values, dtype=np.float64), n)
    assert expected == pytest.approx(np.mean(draws))
    ordered = sorted(draws)
    assert low == ordered[max(0, int(np.ceil(0.05 * len(ordered) - 1e-9)) - 1)]
    assert high == ordered[max(0, int(np.ceil(0.95 * len(ordered) - 1e-9)) - 1)]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.integers(1, 50))
def test_more_draws_reach_further(values: list[float], n: int):
    known = np.array(values)
    fewer, more = order_statistics(known, n), order_statistics(known, n + 1)
    assert all(a <= b + 1e-9 for a, b in zip(fewer, more, strict=True))
    assert known.min() - 1e-9 <= fewer[0] <= known.max() + 1e-9


def test_intervals_of_shares():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(3, 24) == pytest.approx((0.0434, 0.3100), abs=1e-4)
    low, high = wilson(10, 10)
    assert (1 - high, 1 - low) == pytest.approx(wilson(0, 10))


def test_volumes_of_random_draws():
    known = np.random.default_rng(0).uniform(size=(40, 2))
    steps = bootstrap(CampaignHypervolume(known), known, [5, 0, 5], seed=1)
    assert steps == bootstrap(CampaignHypervolume(known), known, [5, 0, 5], seed=1)
    (first, low, high), same, last = steps
    assert low < first < high
    assert (first, low, high) == same
    generator = np.random.default_rng(7)
    drawn = [hypervolume(known[generator.integers(40, size=5)], np.zeros(2)) for _ in range(2000)]
    assert first == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / BOOTSTRAPS**0.5)
    assert first < last[0] <= hypervolume(known, np.zeros(2))


def test_many_objectives_are_estimated_alike():
    points = np.random.default_rng(0).uniform(size=(MOST_EXACT_POINTS + 1, 4))
    estimated, exact = CampaignHypervolume(points), CampaignHypervolume(points[:-1])
    assert (estimated.is_exact, exact.is_exact) == (False, True)
    assert estimated.of(points) == pytest.approx(hypervolume(points, np.zeros(4)), rel=0.05)
    assert estimated.of(points[:0]) == 0.0
