"""The greedy mode of a determinantal point process, against determinants computed in full."""

from collections.abc import Callable

import pytest
import torch

from models.selection.contract import Candidates, SelectionRequest
from models.selection.dpp import select
from models.selection.limits import BatchLimits

MakePlane = Callable[..., Candidates]


def _gaussian(n: int, width: float) -> Candidates:
    points = torch.rand(n, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    similarity = torch.exp(-torch.cdist(points, points).square() / (2 * width**2))
    return Candidates(points.sum(dim=1), points[:, 0], similarity)


@pytest.mark.parametrize("diversity", [0.2, 0.5, 0.8])
def test_each_pick_adds_the_most_to_the_log_determinant(diversity: float) -> None:
    candidates = _gaussian(40, 0.2)
    values = candidates.values
    utility = (values - values.min()) / (values.max() - values.min())
    quality = torch.exp((1 - diversity) / (2 * diversity) * utility)
    kernel = quality.unsqueeze(1) * candidates.similarity * quality
    better = values >= values.sort(descending=True).values[19]
    picked: list[int] = []
    for pick in select(candidates, SelectionRequest(6, diversity, 0.0), BatchLimits(40, 6)):
        others = [row for row in better.nonzero().squeeze(1).tolist() if row not in picked]
        determinants = [float(torch.logdet(kernel[[*picked, row]][:, [*picked, row]])) for row in others]
        best = max(range(len(others)), key=determinants.__getitem__)
        assert pick.index == others[best]
        picked.append(pick.index)


def test_copies_come_last() -> None:
    n = 12
    similarity = torch.kron(torch.eye(4, dtype=torch.float64), torch.ones(3, 3, dtype=torch.float64))
    values = torch.linspace(1.0, 0.9, n, dtype=torch.float64)
    picks = select(Candidates(values, values, similarity), SelectionRequest(6, 0.9, 0.0), BatchLimits(n, 6))
    assert sorted(pick.index for pick in picks[:2]) == [0, 3]
    assert len({pick.index for pick in picks}) == 6


def test_spreads_more_than_value_alone() -> None:
    candidates = _gaussian(200, 0.3)
    volumes = []
    for diversity in (0.0, 0.5, 1.0):
        rows = [pick.index for pick in select(candidates, SelectionRequest(8, diversity, 0.0), BatchLimits(200, 8))]
        volumes.append(float(torch.logdet(candidates.similarity[rows][:, rows])))
    assert volumes[0] < volumes[1] <= volumes[2]
