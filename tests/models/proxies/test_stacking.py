"""Stacking weights make the mixture of predictive densities most likely."""

import math

import pytest
import torch

from models.proxies.stacking import stacking_weights


def test_weights_are_those_that_maximise_the_likelihood_of_the_mixture() -> None:
    log_densities = torch.randn(2, 400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = stacking_weights(log_densities)
    shares = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    likelihood = (shares[:, None] * log_densities[0].exp() + (1 - shares)[:, None] * log_densities[1].exp()).log()
    assert float(found.sum()) == pytest.approx(1.0)
    assert float(found[0]) == pytest.approx(float(shares[likelihood.sum(dim=1).argmax()]), abs=0.01)


def test_each_counts_for_the_values_that_it_alone_predicts() -> None:
    log_densities = torch.full((3, 200), -8.0, dtype=torch.float64)
    log_densities[0, :150] = 0.0
    log_densities[1, 150:] = 0.0
    assert stacking_weights(log_densities).tolist() == pytest.approx([0.75, 0.25, 0.0], abs=0.01)


def test_who_is_a_little_worse_everywhere_does_not_vanish_at_once() -> None:
    """A product of likelihoods would leave e^-20 after 200 values."""
    log_densities = torch.zeros(2, 20, dtype=torch.float64)
    log_densities[1] = -0.1
    weights = stacking_weights(log_densities)
    assert 0.01 < float(weights[1]) < 0.5


def test_nothing_held_out_leaves_all_equal_and_impossible_values_no_nan() -> None:
    assert stacking_weights(torch.zeros(4, 0, dtype=torch.float64)).tolist() == pytest.approx([0.25] * 4)
    far = torch.tensor([[-1e6, -1e6], [-2e6, -1e6]], dtype=torch.float64)
    assert all(math.isfinite(weight) for weight in stacking_weights(far).tolist())
