"""What is refused is counted by codes.

No wording of a rule can pass for another rule, or for a hazard list.
"""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from models.domains.contract import HAZARD, Violation
from models.records import History
from models.rounds.sampling.filters import CandidateFilter


def candidate_filter(rules: dict[str, list[Violation]]) -> CandidateFilter:
    """Return a gate in front of a domain that breaks the given rules."""
    domain = SimpleNamespace(check=lambda text: rules.get(text, []))
    model = SimpleNamespace(spec=SimpleNamespace(quantities=tuple))
    fitted = SimpleNamespace(attempted={}, domain=domain, model=model)
    return CandidateFilter(cast("Any", fitted), History())


def test_a_rule_whose_words_begin_like_a_hazard_list_is_a_rule() -> None:
    refusing = candidate_filter({"a": [Violation("label", "hazard list label is missing")]})
    assert refusing.filter_new(["a", "b"]) == [1]
    assert refusing.counts() == {"rule: label": 1}


@pytest.mark.parametrize("message", ["hazard list fire: burns", "Gefahrenliste fire: brennt"])
def test_a_hazard_is_told_by_its_code_and_names_its_list(message: str) -> None:
    refusing = candidate_filter({"a": [Violation(HAZARD, message), Violation("length", "too long")]})
    assert refusing.filter_new(["a"]) == []
    assert refusing.counts() == {message: 1}


def test_rules_that_differ_in_a_number_alone_are_counted_apart_and_one_rule_in_other_words_once() -> None:
    rules = {
        "a": [Violation("position 1", "position 1 is not C")],
        "b": [Violation("position 2", "position 2 is not C")],
        "c": [Violation("length", "length three is outside 4-5")],
        "d": [Violation("length", "length 6 is outside 4-5")],
    }
    refusing = candidate_filter(rules)
    assert refusing.filter_new(["a", "b", "c", "d"]) == []
    assert refusing.counts() == {"rule: length": 2, "rule: position 1": 1, "rule: position 2": 1}


def with_variants(history: History) -> CandidateFilter:
    """Return a gate in front of a domain whose `x` is `X`, which stands for `X1` and `X2`."""
    domain = SimpleNamespace(
        check=lambda text: [Violation("label", "not wanted")] if text == "Z2" else [],
        standard_form=str.upper,
        variants=lambda text: (f"{text}1", f"{text}2") if len(text) == 1 else (text,),
    )
    model = SimpleNamespace(spec=SimpleNamespace(quantities=tuple, objectives=[None, None]))
    worth = SimpleNamespace(
        value=lambda texts, _: torch.tensor([{"X1": 0.2, "X2": 0.7}.get(text, 0.5) for text in texts])
    )
    fitted = SimpleNamespace(attempted={}, domain=domain, model=model, reward=worth)
    return CandidateFilter(cast("Any", fitted), history)


def test_a_built_object_is_proposed_as_each_variant_that_is_new_and_allowed() -> None:
    gate = with_variants(History(pending=("Y1",)))
    assert gate.admit(["x", "y", "", "z", "X", "ab"]) == [
        (0, "X1"),
        (0, "X2"),
        (1, "Y2"),
        (3, "Z1"),
        (5, "AB"),
    ]
    assert gate.counts() == {"not an object": 1, "sampled before": 1}
    assert gate.n_unique == 4


def test_what_was_tried_before_its_variants_were_told_apart_counts_as_tried_in_all_of_them() -> None:
    gate = with_variants(History(excluded=("X",), pending=("Y1", "Y2")))
    assert gate.admit(["x", "y"]) == []
    assert gate.counts() == {"excluded": 1, "pending": 1}


def test_the_best_variant_of_each_row_is_kept_and_may_come_again() -> None:
    gate = with_variants(History())
    admitted = gate.admit(["x", "ab"])
    objects = SimpleNamespace(texts=[text for _, text in admitted])
    assert gate.best_variants(cast("Any", objects), [row for row, _ in admitted]) == [1, 2]
    assert gate.admit(["x"]) == []
    gate.allow_again(["X2"])
    assert gate.admit(["x"]) == [(0, "X2")]
