"""The bound is that of the worst plausible hypothesis, and fails closed."""

import math
from typing import Any, Literal

import pytest
import torch

from models.proxies.contract import Posterior
from models.proxies.hypotheses import Hypotheses
from models.safety.guardrails import (
    bound,
    is_bounded,
    plausible_hypotheses,
    refusals,
    summary,
    violation_bound,
)
from models.specs.objectives import Guardrail


def test_plausible_set_follows_the_formula() -> None:
    weights = torch.tensor([0.05, 0.6, 0.35], dtype=torch.float64)
    assert plausible_hypotheses(weights, 0.1).tolist() == [False, True, True]
    assert plausible_hypotheses(weights, 0.05).tolist() == [True, True, True]
    assert plausible_hypotheses(weights, 0.5).tolist() == [False, True, False]
    assert plausible_hypotheses(weights, 1.0).tolist() == [False, True, False]


def test_bound_is_the_worst_plausible() -> None:
    weights = torch.tensor([0.7, 0.295, 0.005], dtype=torch.float64)
    violations = torch.tensor([[0.01, 0.2], [0.3, 0.1], [0.9, 0.9]], dtype=torch.float64)
    assert violation_bound(violations, weights, 0.1).tolist() == [0.3, 0.2]
    assert violation_bound(violations, weights, 0.0).tolist() == [0.9, 0.9]


def test_refuses_what_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="distribution"):
        plausible_hypotheses(torch.tensor([0.5, 0.1]))
    with pytest.raises(ValueError, match="alpha"):
        plausible_hypotheses(torch.tensor([1.0]), 2.0)


class Counted:
    """The interface of proxies for `is_bounded` and `bound`."""

    answers: tuple[Hypotheses, ...] = ()

    def __init__(self, n_values: int, n_known: int) -> None:
        self.n_values, self.n_known = {"hc50": n_values}, {"hc50": n_known}

    def hypotheses(self, features: torch.Tensor, kind: str) -> tuple[Hypotheses, ...]:
        assert (len(features), kind) == (2, "hc50")
        return self.answers


def hypotheses_of(
    *means: tuple[float, float], weights: list[float], weight: float = 1.0, noise: float = 0.0
) -> Hypotheses:
    """Return hypotheses about two objects, each with a deviation of half a decade."""
    mean = torch.tensor(means, dtype=torch.float64)
    sd = torch.full_like(mean, 0.5)
    return Hypotheses(
        "", weight, Posterior(mean, sd, torch.full_like(mean, noise)), torch.tensor(weights).double()
    )


def rail(alpha: float | None = 0.1, applies_to: Literal["value", "reading"] = "value") -> Guardrail:
    return Guardrail(name="blood", type="hc50", min=100.0, risk=0.05, alpha=alpha, applies_to=applies_to)


def bounds_of(*summary: Hypotheses, **fields: Any) -> list[float]:
    proxies = Counted(20, 20)
    proxies.answers = summary
    result: list[float] = bound(proxies, rail(**fields), (2.0, math.inf), torch.zeros(2, 1)).tolist()  # type: ignore[arg-type]
    return result


SAFE = 0.5 * math.erfc(1.0 / 0.5 / math.sqrt(2))
AT_THE_EDGE = 0.5


def test_alpha_of_the_guardrail_decides_who_is_heard() -> None:
    disagreeing = hypotheses_of((3.0, 3.0), (3.0, 2.0), weights=[0.97, 0.03])
    assert bounds_of(disagreeing, alpha=0.01) == pytest.approx([SAFE, AT_THE_EDGE])
    assert bounds_of(disagreeing, alpha=0.1) == pytest.approx([SAFE, SAFE])


def test_readings_hear_more_hypotheses_than_values_unless_alpha_is_given() -> None:
    disagreeing = hypotheses_of((3.0, 3.0), (3.0, 2.0), weights=[0.92, 0.08])
    assert bounds_of(disagreeing, alpha=None) == pytest.approx([SAFE, SAFE])
    assert bounds_of(disagreeing, alpha=None, applies_to="reading") == pytest.approx([SAFE, AT_THE_EDGE])
    assert bounds_of(disagreeing, alpha=0.1, applies_to="reading") == pytest.approx([SAFE, SAFE])
    stored = Guardrail.from_stored(
        {"name": "blood", "type": "hc50", "min": 1, "alpha": 0.1, "applies_to": "reading"}
    )
    assert stored.least_weight == 0.1


def test_hypotheses_of_equal_weight_are_heard_or_not_together() -> None:
    even = torch.full((5,), 0.2, dtype=torch.float64)
    for alpha in (0.0, 0.1, 0.3, 1.0):
        assert plausible_hypotheses(even, alpha).tolist() == [True] * 5
    mixed = torch.tensor([0.1, 0.2, 0.1, 0.5, 0.1], dtype=torch.float64)
    assert plausible_hypotheses(mixed, 0.12).tolist() == [True] * 5
    assert plausible_hypotheses(mixed, 0.2).tolist() == [False, True, False, True, False]


def test_two_proxies_that_say_the_same_are_as_cautious_as_one() -> None:
    indices = [(3.0, 3.0), (3.0, 2.0)]
    one = bounds_of(hypotheses_of(*indices, weights=[0.88, 0.12]))
    split = (hypotheses_of(*indices, weights=[0.88, 0.12], weight=0.5) for _ in range(2))
    assert bounds_of(*split) == one == pytest.approx([SAFE, AT_THE_EDGE])


def test_a_proxy_that_predicts_badly_is_not_heard() -> None:
    good = hypotheses_of((3.0, 3.0), weights=[1.0], weight=0.97)
    bad = hypotheses_of((3.0, 2.0), weights=[1.0], weight=0.03)
    assert bounds_of(good, bad) == pytest.approx([SAFE, SAFE])
    assert bounds_of(good, bad, alpha=0.01) == pytest.approx([SAFE, AT_THE_EDGE])


def test_noise_of_the_assay_is_no_doubt_about_the_truth_unless_a_reading_is_meant() -> None:
    quiet, loud = (hypotheses_of((3.0, 3.0), weights=[1.0], noise=noise) for noise in (0.0, 2.0))
    assert bounds_of(quiet) == bounds_of(loud) == pytest.approx([SAFE, SAFE])
    assert bounds_of(quiet, applies_to="reading") == pytest.approx([SAFE, SAFE])
    assert bounds_of(loud, applies_to="reading")[0] > 0.3


@pytest.mark.parametrize(
    ("n_values", "n_known", "is_enough"),
    [(10, 10, True), (3, 10, True), (2, 40, False), (9, 9, False), (0, 0, False)],
)
def test_bounds_count_as_results_but_not_alone(n_values: int, n_known: int, is_enough: bool) -> None:  # noqa: FBT001
    proxies = Counted(n_values, n_known)
    assert is_bounded(proxies, rail()) == is_enough  # type: ignore[arg-type]
    if not is_enough:
        assert bound(proxies, rail(), (2.0, math.inf), torch.zeros(2, 1)).tolist() == [1.0, 1.0]  # type: ignore[arg-type]


def test_what_was_refused_is_explained() -> None:
    bounds = torch.tensor([0.01, 0.2, 0.04, 0.5, 0.9], dtype=torch.float64)
    explained = summary(rail(), bounds)
    assert (explained["judged"], explained["refused"]) == (5, 3)
    assert explained["refused_bounds"] == {"least": 0.2, "median": 0.5, "greatest": 0.9}
    assert explained["passed_bounds"] == {"least": 0.01, "median": 0.01, "greatest": 0.04}
    assert summary(rail(), bounds[:1])["refused_bounds"] is None
    assert "refused 3 of 5 objects" in refusals(rail(), bounds).text
    assert "only if the truth is among the hypotheses" in refusals(rail(), bounds).text
