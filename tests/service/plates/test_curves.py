"""Controls and curves against truth: known parameters come back, and nothing is told that the wells do not set."""

import math
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from service.exchange import TableError
from service.plates.logistic import BOTTOM, HILL, SPAN, fit_logistic
from service.plates.potency import Doses, find_ic50, find_percentage
from service.plates.quality import judge, percent_inhibition
from service.plates.records import Finding

ID = UUID(int=1)
DOSES = np.repeat([10 / 3**point for point in range(10)], 2)


def inhibition(ic50: float, hill: float = 1.0, bottom: float = 0.0, top: float = 100.0) -> Any:
    return bottom + (top - bottom) / (1 + (ic50 / DOSES) ** hill)


def wells(percent: Any, noise: float = 0.0, seed: int = 0) -> Doses:
    scattered = percent + noise * np.random.default_rng(seed).normal(size=len(DOSES))
    return [(float(dose), float(value)) for dose, value in zip(DOSES, scattered, strict=True)]


def found(percent: Any, noise: float = 0.0, seed: int = 0) -> Finding:
    return find_ic50(ID, wells(percent, noise, seed))


@given(st.floats(-1.5, 0.5), st.floats(0.6, 3.0), st.floats(-10, 10), st.floats(80, 115))
def test_exact_wells_give_the_parameters_back(log_ic50: float, hill: float, bottom: float, top: float) -> None:
    curve = fit_logistic(np.log10(DOSES), inhibition(10**log_ic50, hill, bottom, top))
    assert (curve.midpoint, curve.bottom, curve.top) == pytest.approx((log_ic50, bottom, top), abs=0.02)
    assert curve.hill == pytest.approx(hill, rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_search_finds_a_better_curve(seed: int) -> None:
    x, y = np.log10(DOSES), np.array([percent for _, percent in wells(inhibition(0.3, 1.4, 5, 90), 8.0, seed)])
    curve = fit_logistic(x, y)

    def squares(parameters: Any) -> float:
        bottom, span, midpoint, hill = parameters
        return float(((bottom + span / (1 + 10 ** (hill * (midpoint - x))) - y) ** 2).sum())

    generator = np.random.default_rng(seed)
    bounds = [BOTTOM, SPAN, (x.min() - 2, x.max() + 2), HILL]
    starts = generator.uniform(*np.transpose(bounds), size=(30, 4))
    best = min(minimize(squares, start, bounds=bounds, method="L-BFGS-B").fun for start in starts)
    assert curve.squares <= best * (1 + 1e-6)
    assert squares((curve.bottom, curve.span, curve.midpoint, curve.hill)) == pytest.approx(curve.squares, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_ends_where_an_f_test_tells_the_midpoint_from_the_best(seed: int) -> None:
    from scipy.stats import f as f_distribution

    x, y = np.log10(DOSES), np.array([percent for _, percent in wells(inhibition(0.3), 5.0, seed)])
    curve = fit_logistic(x, y)
    assert curve.low is not None
    assert curve.high is not None
    for end in (curve.low, curve.high):

        def squares(parameters: Any, end: float = end) -> float:
            bottom, span, hill = parameters
            return float(((bottom + span / (1 + 10 ** (hill * (end - x))) - y) ** 2).sum())

        least = min(
            minimize(squares, (0, 100, hill), bounds=[BOTTOM, SPAN, HILL], method="L-BFGS-B").fun
            for hill in (0.5, 1, 2)
        )
        ratio = (least - curve.squares) / (curve.squares / 16)
        assert ratio == pytest.approx(f_distribution.ppf(0.95, 1, 16), rel=0.02)


def test_a_measured_value_has_its_interval_and_error() -> None:
    finding = found(inhibition(0.3), noise=4.0)
    assert (finding.verdict, finding.relation) == ("measured", "=")
    assert finding.curve is not None
    assert finding.value == finding.curve.ic50
    assert finding.curve.low is not None
    assert finding.curve.high is not None
    assert finding.curve.low < 0.3 < finding.curve.high
    width = math.log10(finding.curve.high / finding.curve.low)
    assert finding.curve.log_error == pytest.approx(width / (2 * 2.1199), rel=1e-3)  # t of 16 degrees of freedom
    assert finding.standard_error == pytest.approx(finding.value * math.log(10) * finding.curve.log_error)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("percent", "relation", "value"),
    [
        (0.0 * DOSES, ">", 10.0),
        (inhibition(40.0), ">", 10.0),
        (inhibition(1e-5), "<", 10 / 3**9),
        (30 + 0 * DOSES, ">", 10),
    ],
    ids=["inactive", "weak", "very potent", "a third at all doses"],
)
def test_what_lies_beyond_the_doses_is_a_limit(percent: Any, relation: str, value: float, seed: int) -> None:
    finding = found(percent, noise=4.0, seed=seed)
    assert (finding.verdict, finding.relation, finding.value) == ("censored", relation, pytest.approx(value))
    assert finding.standard_error is None
    assert finding.reason


@pytest.mark.parametrize("seed", range(5))
def test_a_curve_whose_plateau_is_missing_sets_one_end(seed: int) -> None:
    finding = found(inhibition(9.0), noise=3.0, seed=seed)
    if finding.verdict == "measured":
        assert finding.curve is not None
        assert finding.curve.high is not None
        assert finding.curve.high > 9.0
    else:
        assert finding.relation == ">"
        assert finding.value is not None
        assert finding.value < 10.0 or "reaches" in (finding.reason or "")


def test_a_curve_that_ends_low_is_partial() -> None:
    finding = found(inhibition(0.1, top=65), noise=2.0)
    assert finding.verdict == "measured"
    assert any("ends at 6" in flag for flag in finding.flags)
    half = found(inhibition(0.1, top=35), noise=2.0)
    assert (half.relation, half.value) == (">", 10.0)
    assert "35 %" in (half.reason or "")


@pytest.mark.parametrize(
    ("percent", "noise", "reason"),
    [
        (100 - inhibition(0.3), 3.0, "falls"),
        (50 + 0 * DOSES, 5.0, "either side"),
        (50 + 40 * np.where(np.arange(20) % 2, 1, -1), 1.0, "either side"),
    ],
    ids=["falls", "half everywhere", "noise alone"],
)
def test_what_sets_no_value_has_a_reason_and_no_number(percent: Any, noise: float, reason: str) -> None:
    finding = found(percent, noise)
    assert (finding.verdict, finding.value, finding.standard_error) == ("failed", None, None)
    assert reason in (finding.reason or "")


def test_too_few_doses_set_no_value() -> None:
    finding = find_ic50(ID, wells(inhibition(0.3))[:8])
    assert (finding.verdict, finding.value) == ("failed", None)
    assert "8 wells at 4 doses" in (finding.reason or "")
    assert find_ic50(ID, []).verdict == "failed"


def test_wells_that_scatter_much_are_flagged() -> None:
    finding = found(inhibition(0.3), noise=22.0, seed=2)
    assert any("scatter" in flag for flag in finding.flags) or finding.verdict != "measured"


@given(st.lists(st.tuples(st.sampled_from(sorted(set(DOSES))), st.floats(-1e6, 1e6)), max_size=24))
def test_any_wells_give_a_finding_and_a_number_only_within_the_doses(pairs: list[tuple[float, float]]) -> None:
    finding = find_ic50(ID, pairs)
    if finding.value is None:
        assert finding.verdict == "failed"
        assert finding.reason
    else:
        doses = [dose for dose, _ in pairs]
        assert min(doses) * 0.999 <= finding.value <= max(doses) * 1.001


def test_a_percentage_is_the_mean_of_its_wells() -> None:
    pairs = [(10.0, 40.0), (10.0, 50.0), (10.0, 60.0)]
    finding = find_percentage(ID, pairs, "percent_inhibition")
    assert (finding.value, finding.standard_error) == (50.0, pytest.approx(10 / math.sqrt(3)))
    assert find_percentage(ID, pairs[:1], "percent_activity").value == 60.0
    assert find_percentage(ID, pairs[:1], "percent_activity").standard_error is None
    assert find_percentage(ID, [], "percent_activity").verdict == "failed"


def test_z_prime_and_ssmd_are_those_of_the_papers() -> None:
    quality = judge([10.0, 12.0, 8.0], [100.0, 104.0, 96.0])
    assert quality.z_prime == pytest.approx(1 - 3 * (2 + 4) / 90)
    assert quality.ssmd == pytest.approx(-90 / math.sqrt(4 + 16))
    assert quality.flags == []


@pytest.mark.parametrize(
    ("positive", "negative", "flags"),
    [
        ([10, 20, 30], [100, 110, 90], ["Z' is 0.25", ""]),
        ([10, 60, 110], [100, 50, 0], ["overlap", "SSMD is 0.1"]),
        ([10], [100, 110, 90], ["one well"]),
    ],
)
def test_bad_controls_are_flagged(positive: list[float], negative: list[float], flags: list[str]) -> None:
    told = judge(positive, negative).flags
    assert all(any(flag in text for text in told) for flag in flags)


@pytest.mark.parametrize(("positive", "negative"), [([], [1.0]), ([1.0], []), ([5.0, 5.0], [5.0, 5.0])])
def test_controls_that_tell_nothing_are_refused(positive: list[float], negative: list[float]) -> None:
    with pytest.raises(TableError, match="signals have no percentages"):
        judge(positive, negative)


@pytest.mark.parametrize(("full", "none"), [(10.0, 110.0), (110.0, 10.0)])
def test_percentages_run_from_negative_to_positive_controls_whichever_is_brighter(full: float, none: float) -> None:
    bubble = [full, full, none]
    percents = percent_inhibition([none, full, (full + none) / 2], bubble, [none, none, none])
    assert percents == pytest.approx([0, 100, 50])


@pytest.mark.parametrize("level", [-400.0, 250.0, 2300.0, -1e27])
def test_signals_far_outside_of_the_controls_set_no_limit(level: float) -> None:
    flat = found(np.full(len(DOSES), level), noise=3.0)
    assert (flat.verdict, flat.value) == ("failed", None)
    assert "20 of 20 wells beyond -50 to 150 %" in (flat.reason or "")


def test_a_curve_far_above_the_controls_sets_no_value() -> None:
    assert found(inhibition(0.1, top=600.0), noise=3.0).verdict == "failed"


def test_a_single_well_far_outside_is_a_flag() -> None:
    series = list(wells(inhibition(0.1), noise=3.0))
    series[5] = (series[5][0], 170.0)
    one = find_ic50(ID, series)
    assert one.verdict == "measured"
    assert "1 of 20 wells beyond -50 to 150 %, the farthest at 170 %" in one.flags
    assert not found(inhibition(0.1), noise=3.0).flags
    assert find_percentage(ID, [(1.0, 50.0), (1.0, 300.0)], "percent_inhibition").flags
