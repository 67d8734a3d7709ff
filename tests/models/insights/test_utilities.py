"""The insights' own arithmetic is that of the reward, without torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.acquisition.contract import Scalarise, augmented_chebyshev, weighted_sum
from models.insights.utilities import scalarise


@pytest.mark.parametrize("n_objectives", [1, 2, 5])
@pytest.mark.parametrize(
    ("scalarisation", "in_the_reward"),
    [("augmented_chebyshev", augmented_chebyshev), ("weighted_sum", weighted_sum)],
)
def test_objectives_together_are_what_the_reward_makes_of_them_at_the_even_preference(
    n_objectives: int, scalarisation: str, in_the_reward: Scalarise
):
    utilities = np.random.default_rng(0).uniform(-0.5, 1.5, (20, n_objectives))
    even = torch.full((20, n_objectives), 1 / n_objectives, dtype=torch.float64)
    expected = in_the_reward(torch.from_numpy(utilities), even).numpy()
    np.testing.assert_allclose(scalarise(utilities, scalarisation), expected, rtol=1e-12)
