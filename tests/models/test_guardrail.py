"""The bound is that of the worst plausible hypothesis, and fails closed."""

import math

import pytest
import torch

from models.guardrail import bound, is_bounded, plausible, statement, told, violation_bound
from models.proxies.contract import Posterior
from models.specs import Guardrail


def test_plausible_set_follows_the_formula() -> None:
    weights = torch.tensor([0.05, 0.6, 0.35], dtype=torch.float64)
    assert plausible(weights, 0.1).tolist() == [False, True, True]
    assert plausible(weights, 0.05).tolist() == [True, True, True]
    assert plausible(weights, 0.5).tolist() == [False, True, False]
    assert plausible(weights, 1.0).tolist() == [False, True, False]


def test_bound_is_the_worst_plausible() -> None:
    weights = torch.tensor([0.7, 0.295, 0.005], dtype=torch.float64)
    violations = torch.tensor([[0.01, 0.2], [0.3, 0.1], [0.9, 0.9]], dtype=torch.float64)
    assert violation_bound(violations, weights, 0.1).tolist() == [0.3, 0.2]
    assert violation_bound(violations, weights, 0.0).tolist() == [0.9, 0.9]


def test_refuses_what_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="distribution"):
        plausible(torch.tensor([0.5, 0.1]))
    with pytest.raises(ValueError, match="alpha"):
        plausible(torch.tensor([1.0]), 2.0)


class Counted:
    """What `is_bounded` and `bound` ask of proxies: two hypotheses that disagree about the second object."""

    def __init__(self, n_values: int, n_known: int) -> None:
        self.n_values, self.n_known = {"hc50": n_values}, {"hc50": n_known}

    def hypotheses(self, features: torch.Tensor, kind: str) -> tuple[Posterior, torch.Tensor]:
        assert (len(features), kind) == (2, "hc50")
        mean = torch.tensor([[3.0, 3.0], [3.0, 2.0]], dtype=torch.float64)
        sd = torch.full_like(mean, 0.5)
        return Posterior(mean, sd, torch.zeros_like(sd)), torch.tensor([0.97, 0.03], dtype=torch.float64)


def rail(alpha: float = 0.1) -> Guardrail:
    return Guardrail(name="blood", type="hc50", min=100.0, risk=0.05, alpha=alpha)


def test_alpha_of_the_guardrail_decides_who_is_heard() -> None:
    violates = [0.5 * math.erfc(1.0 / 0.5 / math.sqrt(2)), 0.5]
    features = torch.zeros(2, 1)
    heard = bound(Counted(20, 20), rail(alpha=0.01), (2.0, math.inf), features)  # type: ignore[arg-type]
    unheard = bound(Counted(20, 20), rail(alpha=0.1), (2.0, math.inf), features)  # type: ignore[arg-type]
    assert heard.tolist() == pytest.approx(violates)
    assert unheard.tolist() == pytest.approx([violates[0], violates[0]])


@pytest.mark.parametrize(
    ("n_values", "n_known", "is_enough"), [(10, 10, True), (3, 10, True), (2, 40, False), (9, 9, False), (0, 0, False)]
)
def test_bounds_count_as_results_but_not_alone(n_values: int, n_known: int, is_enough: bool) -> None:  # noqa: FBT001
    proxies = Counted(n_values, n_known)
    assert is_bounded(proxies, rail()) == is_enough  # type: ignore[arg-type]
    if not is_enough:
        assert bound(proxies, rail(), (2.0, math.inf), torch.zeros(2, 1)).tolist() == [1.0, 1.0]  # type: ignore[arg-type]


def test_what_was_refused_is_explained() -> None:
    bounds = torch.tensor([0.01, 0.2, 0.04, 0.5, 0.9], dtype=torch.float64)
    explained = told(rail(), bounds)
    assert (explained["judged"], explained["refused"]) == (5, 3)
    assert explained["refused_bounds"] == {"least": 0.2, "median": 0.5, "greatest": 0.9}
    assert explained["passed_bounds"] == {"least": 0.01, "median": 0.01, "greatest": 0.04}
    assert told(rail(), bounds[:1])["refused_bounds"] is None
    assert "refused 3 of 5 objects" in statement(rail(), bounds)
    assert "only if the truth is among the hypotheses" in statement(rail(), bounds)
