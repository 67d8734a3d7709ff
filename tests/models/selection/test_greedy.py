"""Batches hold exactly the number asked for, and spread more when told to."""

import pytest
import torch
from torch import Tensor

from models.metrics import mean_pairwise_distance
from models.selection.greedy import select


def _plane(n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return values, uncertainties and similarities of points in a square; the best lie in one corner."""
    points = torch.rand(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return points.sum(dim=1), points[:, 0] - points[:, 1], 1 - torch.cdist(points, points) / 2**0.5


@pytest.mark.parametrize(("n", "k", "expected"), [(200, 24, 24), (10, 24, 10), (24, 24, 24), (5, 1, 1)])
@pytest.mark.parametrize("exploration", [0.0, 0.3, 1.0])
def test_exact_count_of_distinct_picks(n: int, k: int, expected: int, exploration: float) -> None:
    picks = select(*_plane(n), k, diversity=0.5, exploration=exploration)
    assert len({pick.index for pick in picks}) == len(picks) == expected
    assert sum(pick.purpose == "explore" for pick in picks) == round(exploration * expected)


def test_spreads_more_with_more_diversity() -> None:
    values, uncertainties, similarity = _plane(300)
    spreads = []
    for diversity in (0.0, 0.3, 0.7, 1.0):
        rows = [p.index for p in select(values, uncertainties, similarity, 20, diversity=diversity, exploration=0.0)]
        spreads.append(mean_pairwise_distance(similarity[rows][:, rows].numpy()))
    assert spreads == sorted(spreads)
    assert spreads[-1] > 2 * spreads[0]


def test_without_diversity_takes_the_best_of_each_kind() -> None:
    values, uncertainties, similarity = _plane(100)
    picks = select(values, uncertainties, similarity, 10, diversity=0.0, exploration=0.5)
    assert [p.index for p in picks[:5]] == values.argsort(descending=True)[:5].tolist()
    rest = uncertainties.index_fill(0, torch.tensor([p.index for p in picks[:5]]), -torch.inf)
    assert [p.index for p in picks[5:]] == rest.argsort(descending=True)[:5].tolist()


def test_diversity_promotes_no_poor_candidate() -> None:
    values, uncertainties, similarity = _plane(100)
    picks = select(values, uncertainties, similarity, 10, diversity=1.0, exploration=0.0)
    assert min(float(values[p.index]) for p in picks) >= float(values.median())


def test_refuses_what_is_not_finite() -> None:
    values, uncertainties, similarity = _plane(5)
    with pytest.raises(ValueError, match="finite"):
        select(values * torch.nan, uncertainties, similarity, 2, diversity=0.5, exploration=0.0)
