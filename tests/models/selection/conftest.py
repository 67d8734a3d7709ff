"""Points in a square as candidates: the best lie in one corner, similarity falls with distance."""

from collections.abc import Callable

import pytest
import torch

from models.selection.contract import Candidates, JointUtilities

N_DRAWS = 16


def plane(n: int, seed: int = 0) -> Candidates:
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(n, 2, generator=generator, dtype=torch.float64)
    tilt = torch.randn(N_DRAWS, 2, 2, generator=generator, dtype=torch.float64)
    draws = torch.stack([points @ (torch.eye(2, dtype=torch.float64) + 0.3 * each) for each in tilt])
    known = draws[:, : max(1, n // 10)] - 0.2
    return Candidates(
        values=points.sum(dim=1),
        uncertainties=points[:, 0] - points[:, 1],
        similarity=(1 - torch.cdist(points, points) / 2**0.5).clamp(0, 1),
        utilities=JointUtilities(draws, known),
    )


@pytest.fixture
def make_plane() -> Callable[..., Candidates]:
    return plane
