"""Quantile functions about the mean of a process together reproduce the process."""

import pytest
import torch

from models.proxies.contract import Posterior
from models.proxies.quantile_functions import OFFSETS, member_weights, quantile_functions


def test_the_functions_together_are_the_posterior() -> None:
    mean, sd = torch.tensor([[0.5, -2.0]]).double(), torch.tensor([[1.5, 0.2]]).double()
    posterior = Posterior(mean, sd, torch.full_like(mean, 0.7))
    members, weights = quantile_functions(posterior), member_weights()
    assert len(members.mean) == len(weights) == len(OFFSETS) >= 9
    assert float(weights.sum()) == pytest.approx(1.0)
    shares = weights.reshape(-1, 1, 1)
    together = (shares * members.mean).sum(dim=0)
    spread = (shares * ((members.mean - together).square() + members.sd.square())).sum(dim=0).sqrt()
    assert torch.allclose(together, mean)
    assert torch.allclose(spread, sd)
    assert torch.equal(members.noise_sd, torch.full_like(members.mean, 0.7))


def test_the_nearer_to_the_mean_the_heavier() -> None:
    weights = member_weights()
    assert weights.argmax() == len(weights) // 2
    assert torch.allclose(weights, weights.flip(0))
    assert bool((weights[len(weights) // 2 :].diff() < 0).all())


def test_the_functions_give_the_posterior_probability() -> None:
    posterior = Posterior(*(torch.full((1, 1), number, dtype=torch.float64) for number in (0.0, 1.0, 0.0)))
    members, weights = quantile_functions(posterior), member_weights()
    for limit in (-1.0, 0.3, 1.7):
        mixture = (weights * members.probability_within(-10.0, limit).flatten()).sum()
        assert float(mixture) == pytest.approx(float(posterior.probability_within(-10.0, limit)), abs=0.02)
