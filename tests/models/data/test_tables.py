"""Raw results of labs are assembled into one table."""

import math

import numpy as np
import pytest

from models.data.tables import (
    failures,
    feasibility_labels,
    limits,
    relevant,
    success_rates,
    tabulate,
    to_model_scale,
    to_units,
)
from models.records import Measurement
from models.specs.objectives import MeasuredQuantity

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


def test_replicates_are_pooled_and_estimate_the_noise_of_single_values() -> None:
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
    assert table.objects == ("a", "c")
    np.testing.assert_array_equal(table.values, [[math.nan], [5.0]])
    np.testing.assert_array_equal(table.lower, [[5.0], [math.nan]])
    np.testing.assert_array_equal(table.upper, [[math.inf], [math.nan]])
    counts = table.counts["y"]
    assert (counts["censored"], counts["failed"], counts["not_tested"], counts["results"]) == (1, 1, 1, 1)


def _bounds(results: list[Measurement], quantity: MeasuredQuantity) -> dict[str, tuple[float, float, float]]:
    table = tabulate(results, {"y": quantity})
    cells = zip(table.values[:, 0], table.lower[:, 0], table.upper[:, 0], strict=True)
    return {name: tuple(map(float, cell)) for name, cell in zip(table.objects, cells, strict=True)}


def _same(actual: tuple[float, ...], *expected: float) -> None:
    np.testing.assert_allclose(actual, expected, equal_nan=True)


def test_relations_become_bounds_that_keep_their_sense_under_log10() -> None:
    results = [
        Measurement("above", "y", 1000.0, relation=">="),
        Measurement("below", "y", 0.01, relation="<"),
        Measurement("about", "y", 10.0, relation="~"),
        Measurement("from_zero", "y", 0.0, upper_value=100.0),
        Measurement("nothing_above", "y", 0.0, relation=">"),
        Measurement("impossible", "y", 0.0, relation="<"),
        Measurement("impossible_too", "y", -3.0, relation="<="),
    ]
    cells = _bounds(results, MeasuredQuantity(transform="log10"))
    assert list(cells) == ["above", "below", "about", "from_zero"]
    _same(cells["above"], math.nan, 3.0, math.inf)
    _same(cells["below"], math.nan, -math.inf, -2.0)
    _same(cells["about"], 1.0, math.nan, math.nan)
    _same(cells["from_zero"], math.nan, -math.inf, 2.0)
    counts = tabulate(results, {"y": MeasuredQuantity(transform="log10")}).counts["y"]
    assert (counts["censored"], counts["unusable"], counts["results"]) == (3, 3, 1)


def test_bounds_of_one_object_intersect_and_exact_values_win() -> None:
    results = [
        Measurement("both", "y", 1.0, relation=">"),
        Measurement("both", "y", 5.0, relation="<"),
        Measurement("both", "y", 2.0, relation=">="),
        Measurement("exact", "y", 1.0, relation=">"),
        Measurement("exact", "y", 3.0),
        Measurement("met", "y", 4.0, relation=">="),
        Measurement("met", "y", 4.0, relation="<="),
    ]
    cells = _bounds(results, MeasuredQuantity())
    _same(cells["both"], math.nan, 2.0, 5.0)
    _same(cells["exact"], 3.0, math.nan, math.nan)
    _same(cells["met"], 4.0, math.nan, math.nan)


def test_contradictory_bounds_are_counted_and_span_the_disagreement() -> None:
    results = [Measurement("a", "y", 10.0, relation=">"), Measurement("a", "y", 5.0, relation="<")]
    _same(_bounds(results, MeasuredQuantity())["a"], math.nan, 5.0, 10.0)
    assert tabulate(results, PLAIN).counts["y"]["contradictory"] == 1


def test_a_range_wider_than_the_spread_is_an_interval_and_a_narrow_one_a_value() -> None:
    results = [Measurement(f"o{i}", "y", float(i)) for i in range(5)]
    results += [Measurement("narrow", "y", 1.0, upper_value=1.5), Measurement("wide", "y", 0.0, upper_value=9.0)]
    cells = _bounds(results, MeasuredQuantity())
    _same(cells["narrow"], 1.25, math.nan, math.nan)
    _same(cells["wide"], math.nan, 0.0, 9.0)


def test_offsets_move_values_and_bounds() -> None:
    results = [Measurement("a", "y", 1.0, plate="p"), Measurement("b", "y", 2.0, relation=">", plate="p")]
    table = tabulate(results, PLAIN, lambda result: 0.5 if result.plate == "p" else 0.0)
    assert table.values[0, 0] == 0.5
    assert table.lower[1, 0] == 1.5
    assert table.upper[1, 0] == math.inf


def test_an_assay_failure_is_weaker_evidence_than_a_failure_of_the_object() -> None:
    results = [
        Measurement("a", "y", outcome="assay_failed"),
        Measurement("b", "y", outcome="failed_qc"),
        Measurement("b", "z", outcome="failed_qc"),
        Measurement("c", "y", outcome="insoluble"),
        Measurement("c", "z", 1.0),
        Measurement("d", "y", outcome="not_tested"),
        Measurement("e", "y", 5.0, relation="<"),
    ]
    assert feasibility_labels(results) == {"a": 0.75, "b": 0.0, "c": 0.5, "e": 1.0}
    assert failures(results) == {"assay_failed": 1, "failed_qc": 1, "insoluble": 1}


def test_success_rates_separate_made_from_failed() -> None:
    results = [
        Measurement("a", "y", 5.0, relation=">"),
        Measurement("b", "y", outcome="insoluble"),
        Measurement("c", "y", 1.0),
        Measurement("c", "z", outcome="assay_failed"),
        Measurement("d", "y", outcome="not_tested"),
    ]
    assert success_rates(results) == {"a": 1.0, "b": 0.0, "c": 0.5}


def test_a_result_of_another_type_makes_no_object_measured() -> None:
    results = [
        Measurement("a", "other", 5.0),
        Measurement("b", "other", outcome="assay_failed"),
        Measurement("c", "other", outcome="failed_synthesis"),
        Measurement("d", "y", 1.0),
        Measurement("d", "other", outcome="not_tested"),
    ]
    assert success_rates(relevant(results, {"y"})) == {"c": 0.0, "d": 1.0}
    assert feasibility_labels(relevant(results, {"y"})) == {"c": 0.0, "d": 1.0}
    assert success_rates(relevant(results, ())) == {"a": 1.0, "b": 0.0, "c": 0.0, "d": 1.0}


def test_bounds_follow_the_transform() -> None:
    assert limits(10.0, None, "log10") == (1.0, math.inf)
    assert limits(0.0, 100.0, "log10") == (-math.inf, 2.0)
    assert limits(None, 3.0, "none") == (-math.inf, 3.0)
    assert to_units(to_model_scale(42.0, "log10"), "log10") == pytest.approx(42.0)
