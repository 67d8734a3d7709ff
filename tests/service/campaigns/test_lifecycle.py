"""The state machines: every state is reachable, every end is an end, and outcomes follow from results."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import Outcome
from service.campaigns.lifecycle import (
    CANDIDATE_MOVES,
    ROUND_MOVES,
    check_candidate_move,
    check_round_move,
    outcome_of,
)
from service.errors import ConflictError
from service.store.states import CANDIDATE_STATUSES, LIVE, ROUND_STATES, RUNNING

NEEDED = {"glow", "total"}
OUTCOMES = st.sampled_from(get_args(Outcome))
RESULTS = st.lists(st.tuples(st.sampled_from(["glow", "total", "other"]), OUTCOMES))


def reachable(moves: Mapping[Any, Any], start: str):
    seen, front = set(), {start}
    while front:
        seen |= front
        front = {to for state in front for to in moves[state]} - seen
    return seen


def test_every_state_is_reached_and_leads_only_to_known_ones():
    assert reachable(ROUND_MOVES, "queued") == set(ROUND_STATES) == set(ROUND_MOVES)
    assert reachable(CANDIDATE_MOVES, "proposed") == set(CANDIDATE_STATUSES) == set(CANDIDATE_MOVES)


def test_stages_only_go_forward_or_back_to_the_queue():
    for early, late in pairwise(RUNNING):
        check_round_move(1, early, late)
        with pytest.raises(ConflictError, match=f"round 1 is {late} and cannot become {early}"):
            check_round_move(1, late, early)
        check_round_move(1, late, "queued")


def test_a_completed_round_can_only_await_results_again():
    assert ROUND_MOVES["completed"] == {"awaiting_results"}


def test_a_measured_candidate_can_only_turn_out_to_have_failed():
    assert CANDIDATE_MOVES["measured"] == {"failed"}


def test_a_measured_candidate_takes_no_decision():
    with pytest.raises(ConflictError):
        check_candidate_move("measured", "rejected")
    for status in LIVE:
        check_candidate_move(status, "measured")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], None),
        ([("glow", "ok")], None),
        ([("glow", "ok"), ("total", "ok")], "measured"),
        ([("glow", "ok"), ("total", "assay_failed")], "measured"),
        ([("glow", "assay_failed"), ("total", "not_tested")], "failed"),
        ([("glow", "failed_synthesis")], "failed"),
        ([("other", "insoluble")], "failed"),
        ([("other", "ok")], None),
        ([("glow", "ok"), ("glow", "assay_failed")], None),
        ([("glow", "failed_qc"), ("glow", "ok"), ("total", "ok")], "measured"),
    ],
)
def test_outcomes(results: list[tuple[str, str]], expected: Any):
    assert outcome_of(results, NEEDED) == expected


def test_without_measured_objectives_any_result_settles():
    assert outcome_of([("other", "ok")], set()) == "measured"
    assert outcome_of([("other", "not_tested")], set()) == "failed"
    assert outcome_of([], set()) is None


@given(RESULTS, RESULTS)
def test_an_outcome_never_gets_undone_by_more_results(first: list[tuple[str, str]], more: list[tuple[str, str]]):
    order = [None, "failed", "measured"]
    before, after = outcome_of(first, NEEDED), outcome_of(first + more, NEEDED)
    assert order.index(after) >= order.index(before)
