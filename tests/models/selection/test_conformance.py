"""Conformance of every selector to the contract. Selectors are discovered, not listed."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.selection import get_selector
from models.selection.contract import Candidates, SelectionRequest
from models.selection.limits import BatchLimits, Grouping
from models.specs.decisions import SELECTORS

MakePlane = Callable[..., Candidates]


@pytest.fixture(params=SELECTORS)
def selector(request: pytest.FixtureRequest) -> Any:
    return get_selector(request.param)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 40), st.integers(1, 12), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([0.0, 0.5, 1.0]))
def test_exact_count_of_distinct_picks_by_purpose(
    selector: Any, make_plane: MakePlane, n: int, k: int, exploration: float, diversity: float
) -> None:
    size = min(n, k)
    picks = selector(make_plane(n), SelectionRequest(k, diversity, exploration), BatchLimits(n, k))
    assert len({pick.index for pick in picks}) == len(picks) == size
    purposes = [pick.purpose for pick in picks]
    assert purposes.count("explore") == round(exploration * size)
    assert purposes == sorted(purposes)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6), st.integers(1, 3))
def test_groups_are_kept_to_and_filled(
    selector: Any, make_plane: MakePlane, n: int, k: int, n_groups: int, most: int
) -> None:
    groups = torch.arange(n) % n_groups
    picks = selector(make_plane(n), SelectionRequest(k, 0.5, 0.2), BatchLimits(n, k, (), (Grouping(groups, most),)))
    counts = torch.bincount(groups[[pick.index for pick in picks]], minlength=n_groups)
    assert int(counts.max()) <= most
    assert len(picks) == min(k, int(torch.bincount(groups).clamp_max(most).sum()))


def test_the_same_again(selector: Any, make_plane: MakePlane) -> None:
    first, again = (
        selector(make_plane(50), SelectionRequest(8, 0.5, 0.25, seed=3), BatchLimits(50, 8)) for _ in range(2)
    )
    assert first == again


def test_better_than_chance(selector: Any, make_plane: MakePlane) -> None:
    candidates = make_plane(60)
    picks = selector(candidates, SelectionRequest(6, 0.3, 0.0), BatchLimits(60, 6))
    assert float(candidates.values[[pick.index for pick in picks]].mean()) > float(candidates.values.median())


def test_picks_for_value_prefer_the_inside(selector: Any, make_plane: MakePlane) -> None:
    plane = make_plane(60)
    inside = plane.values < plane.values.median()
    candidates = Candidates(
        plane.values, plane.uncertainties, plane.similarity, inside=inside, utilities=plane.utilities
    )
    picks = selector(candidates, SelectionRequest(10, 0.3, 0.3), BatchLimits(60, 10))
    assert all(bool(inside[pick.index]) for pick in picks if pick.purpose == "exploit")
    few = torch.zeros(60, dtype=torch.bool).index_fill(0, torch.tensor([3, 4]), value=True)
    candidates = Candidates(plane.values, plane.uncertainties, plane.similarity, inside=few, utilities=plane.utilities)
    picks = selector(candidates, SelectionRequest(10, 0.3, 0.0), BatchLimits(60, 10))
    assert len(picks) == 10
    assert {3, 4} == {pick.index for pick in picks[:2]}


def test_there_are_no_others() -> None:
    with pytest.raises(ValueError, match="greedy"):
        get_selector("hope")


def test_refuses_what_makes_no_sense(make_plane: MakePlane) -> None:
    plane = make_plane(5)
    with pytest.raises(ValueError, match="finite"):
        Candidates(plane.values * torch.nan, plane.uncertainties, plane.similarity)
    with pytest.raises(ValueError, match=r"similarity \[N, N\]"):
        Candidates(plane.values, plane.uncertainties, plane.similarity[:3])
    with pytest.raises(ValueError, match="inside"):
        Candidates(plane.values, plane.uncertainties, plane.similarity, inside=torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match="0-1"):
        SelectionRequest(3, 1.5, 0.0)
    with pytest.raises(ValueError, match="negative"):
        SelectionRequest(-1, 0.5, 0.0)
