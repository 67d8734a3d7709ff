"""Greedy batches spread with diversity, and take the best of each kind without."""

from collections.abc import Callable

import torch

from models.metrics.sets import mean_pairwise_distance
from models.selection.contract import Candidates, Pick, SelectionRequest
from models.selection.greedy import select
from models.selection.limits import BatchLimits

MakePlane = Callable[..., Candidates]


def _picks(candidates: Candidates, k: int, diversity: float, exploration: float) -> list[Pick]:
    return select(candidates, SelectionRequest(k, diversity, exploration), BatchLimits(len(candidates.values), k))


def test_spreads_more_with_more_diversity(make_plane: MakePlane) -> None:
    candidates = make_plane(300)
    spreads = []
    for diversity in (0.0, 0.3, 0.7, 1.0):
        rows = [pick.index for pick in _picks(candidates, 20, diversity, 0.0)]
        spreads.append(mean_pairwise_distance(candidates.similarity[rows][:, rows].numpy()))
    assert spreads == sorted(spreads)
    assert spreads[-1] > 2 * spreads[0]


def test_without_diversity_takes_the_best_of_each_kind(make_plane: MakePlane) -> None:
    candidates = make_plane(100)
    picks = _picks(candidates, 10, 0.0, 0.5)
    assert [p.index for p in picks[:5]] == candidates.values.argsort(descending=True)[:5].tolist()
    rest = candidates.uncertainties.index_fill(0, torch.tensor([p.index for p in picks[:5]]), -torch.inf)
    assert [p.index for p in picks[5:]] == rest.argsort(descending=True)[:5].tolist()


def test_diversity_promotes_no_poor_candidate(make_plane: MakePlane) -> None:
    candidates = make_plane(100)
    picks = _picks(candidates, 10, 1.0, 0.0)
    assert min(float(candidates.values[p.index]) for p in picks) >= float(candidates.values.median())


def test_each_pick_has_the_greatest_marginal_relevance(make_plane: MakePlane) -> None:
    candidates = make_plane(60)
    values = candidates.values
    scaled = (values - values.min()) / (values.max() - values.min())
    picked: list[int] = []
    for pick in _picks(candidates, 8, 0.4, 0.0):
        likeness = candidates.similarity[:, picked].amax(dim=1) if picked else torch.zeros_like(values)
        score = (0.6 * scaled + 0.4 * (1 - likeness)).index_fill(0, torch.tensor(picked, dtype=torch.int64), -1.0)
        score[values < values.sort(descending=True).values[29]] = -1.0
        assert pick.index == int(score.argmax())
        picked.append(pick.index)
