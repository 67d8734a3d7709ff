"""Planted outliers are flagged, ordinary noise is not, and no result is dropped."""

import numpy as np
import pytest

from models.data.outliers import disagreeing_replicates, find_outliers, messages, unlike_predictions
from models.data.tables import tabulate
from models.records import Measurement
from models.specs.objectives import MeasuredQuantity

QUANTITIES = {"y": MeasuredQuantity()}


def _replicates(seed: int, planted: float = 0.0) -> list[Measurement]:
    rng = np.random.default_rng(seed)
    results = [Measurement(f"o{i}", "y", i + rng.normal(0, 0.1)) for i in range(30) for _ in range(3)]
    return [*results, Measurement("o7", "y", 7 + planted)]


@pytest.mark.parametrize("seed", range(5))
def test_a_replicate_that_disagrees_is_flagged_alone(seed: int) -> None:
    results = _replicates(seed, planted=2.0)
    outliers = disagreeing_replicates(results, "none", [0.0] * len(results))
    assert outliers[0].object == "o7"
    assert outliers[0].value == 9.0
    assert outliers[0].expected == pytest.approx(7.0, abs=0.3)
    assert {outlier.object for outlier in outliers} == {"o7"}


def test_honest_replicates_are_hardly_ever_flagged() -> None:
    flagged = [disagreeing_replicates(r, "none", [0.0] * len(r)) for r in (_replicates(seed) for seed in range(40))]
    assert sum(map(len, flagged)) <= 40 * 90 * 0.001


def test_an_offset_of_a_plate_is_no_disagreement() -> None:
    results = [*_replicates(0), Measurement("o3", "y", 8.0, plate="high")]
    offsets = [5.0 if result.plate else 0.0 for result in results]
    assert not disagreeing_replicates(results, "none", offsets)
    assert disagreeing_replicates(results, "none", [0.0] * len(results))


def test_log10_outliers_are_in_the_campaigns_units() -> None:
    rng = np.random.default_rng(0)
    results = [Measurement(f"o{i}", "y", 10 ** rng.normal(i % 5, 0.05)) for i in range(20) for _ in range(2)]
    results += [Measurement("odd", "y", value) for value in (100.0, 100.0, 1e5)]
    outliers = disagreeing_replicates(results, "log10", [0.0] * len(results))[-1]
    assert (outliers.object, outliers.value, outliers.expected) == ("odd", pytest.approx(1e5), pytest.approx(100.0))


def test_outliers_are_reported_in_order_and_stay_in_the_table() -> None:
    rng = np.random.default_rng(0)
    results = [Measurement(f"o{i}", "y", float(rng.normal(0, 1))) for i in range(40)]
    results += [Measurement("high", "y", 30.0), Measurement("low", "y", -12.0)]
    table = tabulate(results, QUANTITIES)
    predicted, deviation = np.zeros(42), np.ones(42)
    outliers = find_outliers(results, QUANTITIES, [0.0] * 42, table, {"y": (predicted, deviation)})
    assert [outlier.object for outlier in outliers] == ["high", "low"]
    assert outliers[0].z > 0 > outliers[1].z
    assert len(table.objects) == 42
    assert "2 results of y" in messages(outliers)[0].text
    assert "Nothing was dropped" in messages(outliers)[0].text
    assert "1 result of y disagrees with similar objects: 30" in messages(outliers[:1])[0].text


def test_a_wide_prediction_and_few_values_excuse() -> None:
    results = [Measurement(f"o{i}", "y", 0.1 * (-1) ** i) for i in range(12)] + [Measurement("far", "y", 9.0)]
    table = tabulate(results, QUANTITIES)
    sure, unsure = np.full(13, 0.1), np.full(13, 0.1)
    unsure[-1] = 10.0
    assert unlike_predictions(table, 0, np.zeros(13), sure, "none")
    assert not unlike_predictions(table, 0, np.zeros(13), unsure, "none")
    few = tabulate(results[-5:], QUANTITIES)
    assert not unlike_predictions(few, 0, np.zeros(5), np.full(5, 0.1), "none")
