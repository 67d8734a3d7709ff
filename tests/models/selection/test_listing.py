"""Eligible candidates: joint improvement looks beyond the better half, diversity does not."""

import torch

from models.selection.contract import Candidates, SelectionRequest, greedy_two_stage
from models.selection.hypervolume import BOXED, LIST_LENGTH, least_length
from models.selection.limits import BatchLimits


def _first_pick(*, is_spread: bool) -> int:
    """Return the pick for a score that prefers the object of least utility."""
    utility = torch.arange(10, dtype=torch.float64)
    candidates = Candidates(utility, utility, torch.eye(10, dtype=torch.float64))
    picks = greedy_two_stage(
        candidates,
        SelectionRequest(1, 0.0, 0.0),
        BatchLimits(10, 1),
        lambda *_: -utility,
        lambda _: None,
        is_spread=is_spread,
    )
    return picks[0].index


def test_only_scores_that_spread_are_kept_to_the_better_half() -> None:
    assert _first_pick(is_spread=True) == 5
    assert _first_pick(is_spread=False) == 0


def test_lists_are_long_where_that_is_cheap() -> None:
    assert least_length(1) == least_length(3) == LIST_LENGTH
    assert least_length(BOXED) == 0
