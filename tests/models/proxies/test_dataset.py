"""Results as labs send them become one honest table."""

import math

import numpy as np
import pytest

from models.proxies.dataset import limits, outcomes, restored, tabulate, transformed
from models.records import Measurement
from models.specs import MeasuredQuantity

PLAIN = {"y": MeasuredQuantity()}


def test_partial_results_keep_their_rows() -> None:
    table = tabulate(
        [
            Measurement("a", "y", 1.0),
            Measurement("b", "z", 2.0),
            Measurement("a", "z", 3.0),
            Measurement("c", "w", 9.0),
        ],
        {"y": MeasuredQuantity(), "z": MeasuredQuantity(), "never": MeasuredQuantity()},
    )
    assert table.objects == ("a", "b")
    assert table.types == ("y", "z", "never")
    np.testing.assert_array_equal(table.values, [[1.0, 3.0, math.nan], [math.nan, 2.0, math.nan]])
    assert np.isnan(table.noise).all()
    assert table.counts["never"]["objects"] == 0


def test_replicates_are_pooled_and_tell_the_noise_of_single_values() -> None:
    rng = np.random.default_rng(0)
    results = [Measurement(f"o{i}", "y", i + rng.normal(0, 0.5)) for i in range(30) for _ in range(4 if i % 2 else 1)]
    table = tabulate(results, PLAIN)
    assert table.values[1, 0] == pytest.approx(np.mean([r.value for r in results if r.object == "o1"]))
    assert table.noise[0, 0] == pytest.approx(0.25, rel=0.5)
    assert table.noise[1::2, 0].mean() == pytest.approx(0.25 / 4, rel=0.5)


def test_standard_errors_weight_the_mean() -> None:
    results = [Measurement("a", "y", 1.0, standard_error=0.1), Measurement("a", "y", 2.0, standard_error=1.0)]
    table = tabulate(results, PLAIN)
    assert table.values[0, 0] == pytest.approx((100 * 1 + 1 * 2) / 101)
    assert table.noise[0, 0] == pytest.approx(1 / 101)


def test_log10_carries_values_ranges_and_errors() -> None:
    results = [
        Measurement("a", "y", 100.0, standard_error=10.0),
        Measurement("b", "y", 10.0, upper_value=1000.0),
        Measurement("c", "y", -1.0),
    ]
    table = tabulate(results, {"y": MeasuredQuantity(transform="log10")})
    assert table.values[:, 0].tolist() == pytest.approx([2.0, 2.0])
    assert table.noise[:, 0].tolist() == pytest.approx([(0.1 / math.log(10)) ** 2, 4 / 12])
    assert table.counts["y"]["unusable"] == 1


def test_censored_and_failed_results_are_counted_and_never_values() -> None:
    results = [
        Measurement("a", "y", 5.0, relation=">"),
        Measurement("b", "y", outcome="failed_synthesis"),
        Measurement("b", "y", outcome="not_tested"),
        Measurement("c", "y", 5.0),
    ]
    table = tabulate(results, PLAIN)
    assert table.objects == ("c",)
    assert table.values.tolist() == [[5.0]]
    counts = table.counts["y"]
    assert (counts["censored"], counts["failed"], counts["not_tested"], counts["results"]) == (1, 1, 1, 1)


def test_outcomes_tell_made_from_failed() -> None:
    results = [
        Measurement("a", "y", 5.0, relation=">"),
        Measurement("b", "y", outcome="insoluble"),
        Measurement("c", "y", 1.0),
        Measurement("c", "z", outcome="assay_failed"),
        Measurement("d", "y", outcome="not_tested"),
    ]
    assert outcomes(results) == {"a": 1.0, "b": 0.0, "c": 0.5}


def test_bounds_follow_the_transform() -> None:
    assert limits(10.0, None, "log10") == (1.0, math.inf)
    assert limits(0.0, 100.0, "log10") == (-math.inf, 2.0)
    assert limits(None, 3.0, "none") == (-math.inf, 3.0)
    assert restored(transformed(42.0, "log10"), "log10") == pytest.approx(42.0)
