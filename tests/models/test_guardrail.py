"""The bound is that of the worst plausible hypothesis, and fails closed."""

import pytest
import torch

from models.guardrail import plausible, violation_bound


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
