"""The weight of a proxy is its probability of being the best on other held-out values."""

import math

import pytest
import torch
from torch import Tensor

from models.proxies.plausibility import plausibilities


def _noise(n_proxies: int, n: int, size: float = 1.0, seed: int = 0) -> Tensor:
    return size * torch.randn(n_proxies, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_equal_predictions_get_equal_weights() -> None:
    assert plausibilities(_noise(1, 200).expand(3, -1)).tolist() == pytest.approx([1 / 3] * 3)


def test_what_chance_may_have_parted_stays_plausible_where_likelihoods_decide() -> None:
    log_densities = _noise(2, 200, size=0.5)
    log_densities[1] -= (log_densities[1] - log_densities[0]).mean() + 0.03
    bare = log_densities.sum(dim=1).softmax(dim=0)
    assert float(bare[1]) < 0.01
    assert 0.02 < float(plausibilities(log_densities)[1]) < 0.5


def test_who_predicts_worse_by_more_than_chance_is_not_plausible() -> None:
    log_densities = _noise(2, 200, size=0.2)
    log_densities[1] -= 0.3
    assert float(plausibilities(log_densities)[1]) < 1e-3


def test_to_fit_a_few_values_that_others_miss_is_not_to_be_plausible() -> None:
    log_densities = torch.zeros(2, 200, dtype=torch.float64)
    log_densities[1] -= 0.5
    log_densities[1, :10] += 3.0
    assert float(plausibilities(log_densities)[1]) < 0.01


def test_nothing_held_out_leaves_all_equal_and_impossible_values_no_nan() -> None:
    assert plausibilities(torch.zeros(4, 0, dtype=torch.float64)).tolist() == pytest.approx([0.25] * 4)
    far = torch.tensor([[-1e6, -1e6], [-2e6, -1e6]], dtype=torch.float64)
    assert all(math.isfinite(weight) for weight in plausibilities(far).tolist())
