"""Limits of a batch, against every batch there is."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.selection.limits import BatchLimits, Budget, Grouping, largest_batch, leader_clusters, numbered


def _keeps(rows: tuple[int, ...] | list[int], budgets: list[Budget], groupings: list[Grouping]) -> bool:
    sums = all(float(budget.costs[list(rows)].sum()) <= budget.most + 1e-6 for budget in budgets)
    counts = all(
        max([int((item.groups[list(rows)] == group).sum()) for group in range(int(item.groups.max()) + 1)], default=0)
        <= item.most
        for item in groupings
    )
    return sums and counts


@st.composite
def problems(draw: st.DrawFn) -> tuple[int, list[Budget], list[Grouping]]:
    n = draw(st.integers(1, 8))
    costs = [draw(st.lists(st.integers(-2, 9), min_size=n, max_size=n)) for _ in range(draw(st.integers(0, 2)))]
    groups = [draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n)) for _ in range(draw(st.integers(0, 2)))]
    budgets = [Budget(torch.tensor(each, dtype=torch.float64), draw(st.integers(-1, 20))) for each in costs]
    return n, budgets, [Grouping(torch.tensor(each), draw(st.integers(1, 3))) for each in groups]


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(1, 8))
def test_the_largest_batch_is_the_largest(problem: tuple[int, list[Budget], list[Grouping]], k: int) -> None:
    n, budgets, groupings = problem
    rows = largest_batch(k, torch.linspace(0, 1, n, dtype=torch.float64), budgets, groupings)
    assert len(set(rows)) == len(rows) <= k
    assert _keeps(rows, budgets, groupings)
    sizes = range(min(k, n), len(rows), -1)
    assert not any(
        _keeps(each, budgets, groupings) for size in sizes for each in itertools.combinations(range(n), size)
    )


def test_a_largest_batch_of_a_large_pool_is_the_worthiest() -> None:
    worth = torch.rand(20_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    groups = torch.where(worth > 0.5, 0, -1)  # the better half is one group
    rows = largest_batch(20, worth, (), [Grouping(groups, 3)])
    expected = [*worth.argsort(descending=True)[:3].tolist()]
    expected += worth.masked_fill(groups == 0, -1.0).argsort(descending=True)[:17].tolist()
    assert sorted(rows) == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(1, 8), st.randoms(use_true_random=False))
def test_whatever_is_added_the_limits_hold(
    problem: tuple[int, list[Budget], list[Grouping]], k: int, random: object
) -> None:
    n, budgets, groupings = problem
    limits, rows = BatchLimits(n, k, budgets, groupings), []
    while bool((is_open := limits.open()).any()):
        rows.append(random.choice(is_open.nonzero().squeeze(1).tolist()))  # type: ignore[attr-defined]
        limits.add(rows[-1])
    assert len(set(rows)) == len(rows) <= k
    assert not rows or _keeps(rows, budgets, groupings)


def test_a_dear_candidate_leaves_room_for_the_rest() -> None:
    limits = BatchLimits(4, 3, [Budget(torch.tensor([8.0, 1.0, 2.0, 4.0], dtype=torch.float64), 10.0)])
    assert limits.open().tolist() == [False, True, True, True]
    limits.add(3)
    assert limits.open().tolist() == [False, True, True, False]
    with pytest.raises(ValueError, match="already"):
        limits.add(3)


def test_labels_are_numbered_as_they_come() -> None:
    assert numbered(["b", "a", "b"]).tolist() == [0, 1, 0]


def test_the_best_lead_clusters() -> None:
    similarity = torch.tensor([[1.0, 0.6, 0.1], [0.6, 1.0, 0.6], [0.1, 0.6, 1.0]], dtype=torch.float64)
    clusters = leader_clusters(torch.block_diag(similarity, torch.eye(60)).double(), torch.arange(63.0).flip(0))
    assert clusters[:3].tolist() == [0, 0, 1]
    assert len(set(clusters.tolist())) == 62


def test_where_all_are_alike_only_the_most_alike_cluster() -> None:
    points = torch.linspace(0, 1, 100, dtype=torch.float64)
    similarity = 1 - 0.3 * (points.unsqueeze(1) - points).abs()
    n_clusters = len(set(leader_clusters(similarity, points).tolist()))
    assert 10 <= n_clusters <= 60
