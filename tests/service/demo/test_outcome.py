"""Best, mean and the sentences about them."""

import pytest

from service.demo.outcome import ALL_OBJECTIVES, Line, Stage, hits, lines, score, verdicts

POTENCY = {"name": "potency", "direction": "minimize", "range": [0, 10]}
GAP = {"name": "gap", "direction": "target", "target": 2.0, "range": [0, 4]}
BEFORE = Stage("initial data", [{"potency": 8.0, "gap": 1.0}, {"potency": 6.0}])
AFTER = Stage("round 1", [{"potency": 3.0, "gap": 2.0}, {"potency": 5.0, "gap": 4.0}])


def test_lines_say_best_and_mean_in_the_direction_of_the_objective():
    actual = lines([POTENCY], [BEFORE, AFTER])
    assert actual == [Line("potency", "initial data", 2, 6.0, 7.0), Line("potency", "round 1", 2, 3.0, 4.0)]


def test_a_target_s_mean_is_a_distance():
    actual = lines([GAP], [BEFORE, AFTER])
    assert actual == [Line("gap", "initial data", 1, 1.0, 1.0, True), Line("gap", "round 1", 2, 2.0, 1.0, True)]


def test_all_together_counts_whole_objects_only():
    together = [line for line in lines([POTENCY, GAP], [BEFORE, AFTER]) if line.objective == ALL_OBJECTIVES]
    assert [(line.n, line.best) for line in together] == [(1, pytest.approx(0.35)), (2, pytest.approx(0.85))]


def test_verdicts_say_better_worse_and_no_change():
    said = verdicts([POTENCY, GAP], [BEFORE, AFTER])
    assert said[0] == "potency (minimize): the mean got better, the best got better"
    assert said[1] == "gap (close to 2.0): the mean distance did not change, the best got better"
    assert "got worse" in verdicts([POTENCY], [AFTER, BEFORE])[0]


@pytest.mark.parametrize(
    ("value", "objective", "expected"),
    [(10, POTENCY, 0), (-3, POTENCY, 1), (2, GAP, 1), (4, GAP, 0), (9, GAP, 0), (7.5, {"range": [0, 10]}, 0.75)],
)
def test_scores_lie_between_0_and_1(value: float, objective: dict[str, object], expected: float):
    assert score(value, objective) == pytest.approx(expected)


def test_hits_count_values_inside_their_intervals():
    interval = {"low": 1.0, "high": 2.0}
    assert hits([(interval, 1.0), (interval, 1.5), (interval, 2.1)]) == (2, 3)
