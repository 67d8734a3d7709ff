"""Limits of a batch, against all possible batches."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.selection.limits import (
    MOST_COMPARED,
    BatchLimits,
    Budget,
    Grouping,
    Likeness,
    encode_labels,
    largest_batch,
)


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


def test_a_largest_batch_of_a_large_pool_has_the_greatest_utility() -> None:
    utility = torch.rand(20_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    groups = torch.where(utility > 0.5, 0, -1)  # the better half is one group
    rows = largest_batch(20, utility, (), [Grouping(groups, 3)])
    expected = [*utility.argsort(descending=True)[:3].tolist()]
    expected += utility.masked_fill(groups == 0, -1.0).argsort(descending=True)[:17].tolist()
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
    assert encode_labels(["b", "a", "b"]).tolist() == [0, 1, 0]


def _likeness(similarity: torch.Tensor, threshold: float, most: int) -> Likeness:
    return Likeness(lambda index: similarity[index] >= threshold, most)


def _keeps_families(rows: tuple[int, ...] | list[int], alike: torch.Tensor, most: int) -> bool:
    chosen = alike[list(rows)][:, list(rows)]
    return bool((chosen.sum(dim=1) <= most).all())


@st.composite
def similarities(draw: st.DrawFn) -> torch.Tensor:
    n = draw(st.integers(1, 8))
    upper = torch.zeros(n, n, dtype=torch.float64)
    for row, column in itertools.combinations(range(n), 2):
        upper[row, column] = draw(st.sampled_from([0.1, 0.4, 0.6, 0.9]))
    return upper + upper.T + torch.eye(n, dtype=torch.float64)


@settings(max_examples=60, deadline=None)
@given(similarities(), st.integers(1, 8), st.integers(1, 3), st.randoms(use_true_random=False))
def test_no_family_has_more_than_its_most_and_a_largest_batch_is_the_largest(
    similarity: torch.Tensor, k: int, most: int, random: object
) -> None:
    n, alike, likeness = len(similarity), similarity >= 0.5, _likeness(similarity, 0.5, most)
    limits, rows = BatchLimits(n, k, likenesses=(likeness,)), []
    while bool((is_open := limits.open()).any()):
        rows.append(random.choice(is_open.nonzero().squeeze(1).tolist()))  # type: ignore[attr-defined]
        limits.add(rows[-1])
    assert len(set(rows)) == len(rows) <= k
    assert _keeps_families(rows, alike, most)
    largest = largest_batch(k, torch.linspace(0, 1, n, dtype=torch.float64), likenesses=(likeness,))
    assert _keeps_families(largest, alike, most)
    sizes = range(min(k, n), len(largest), -1)
    assert not any(
        _keeps_families(each, alike, most) for size in sizes for each in itertools.combinations(range(n), size)
    )


def test_a_bridge_between_families_gives_neither_a_second_allowance() -> None:
    similarity = torch.block_diag(torch.full((19, 19), 0.8), torch.full((5, 5), 0.8), torch.eye(1)).double()
    similarity[24, :10] = similarity[:10, 24] = 0.7  # similar to half of the family, with the greatest utility
    utility = torch.linspace(0, 1, 25, dtype=torch.float64)
    limits = BatchLimits(25, 25, likenesses=(_likeness(similarity, 0.5, 4),))
    rows = []
    for row in utility.argsort(descending=True).tolist():
        if bool(limits.open()[row]):
            limits.add(row)
            rows.append(row)
    assert sum(row < 19 for row in rows) <= 4
    assert _keeps_families(rows, similarity >= 0.5, 4)


def test_a_large_pool_of_one_family_gives_its_allowance_and_the_best_others() -> None:
    n = MOST_COMPARED + 100
    similarity = torch.eye(n, dtype=torch.float64)
    similarity[:-6, :-6] = 0.9
    rows = largest_batch(9, torch.linspace(1, 0, n, dtype=torch.float64), likenesses=(_likeness(similarity, 0.5, 4),))
    assert rows == [0, 1, 2, 3, *range(n - 6, n - 1)]
