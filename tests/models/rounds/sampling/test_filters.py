"""What is refused is counted by codes.

No wording of a rule can pass for another rule, or for a hazard list.
"""

from types import SimpleNamespace
from typing import Any, cast

import pytest

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
