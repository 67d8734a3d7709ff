"""Which results count where an object was tested again."""

from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.data.retests import AssayResult, counts
from models.records import Outcome

SPEC: dict[str, Any] = {
    "name": "C",
    "domain": {"kind": "peptides", "max_length": 8},
    "objectives": [{"name": "potency", "type": "IC50"}],
}


def result(
    test: int, outcome: Outcome = "ok", *, text: str = "A", kind: str = "IC50", version: str | None = None
) -> AssayResult:
    return AssayResult(text, kind, outcome, version, test)


def test_tests_join_unless_the_assay_says_otherwise():
    results = [result(1), result(1), result(2)]
    assert counts(results, {}) == [True, True, True]
    assert counts(results, {"logS": "replace"}) == [True, True, True]
    assert counts(results, {"IC50": "join"}) == [True, True, True]


def test_the_last_test_replaces_earlier_ones_with_all_its_replicates():
    results = [result(1), result(1), result(2), result(2)]
    assert counts(results, {"IC50": "replace"}) == [False, False, True, True]


def test_a_replicate_of_an_earlier_test_that_comes_late_is_of_that_test():
    assert counts([result(1), result(2), result(1)], {"IC50": "replace"}) == [True, False, True]


@pytest.mark.parametrize("outcome", ["assay_failed", "not_tested", "insoluble", "failed_synthesis"])
def test_only_a_usable_value_replaces_and_a_failure_before_it_is_replaced(outcome: Outcome):
    assert counts([result(1), result(2, outcome)], {"IC50": "replace"}) == [True, True]
    assert counts([result(1, outcome), result(2)], {"IC50": "replace"}) == [False, True]


def test_other_objects_assays_and_versions_are_not_replaced():
    others = [result(1, text="B"), result(1, kind="logS"), result(1, version="v1")]
    assert counts([*others, result(2)], {"IC50": "replace", "logS": "replace"}) == [True] * 4


@pytest.mark.parametrize("policies", [{}, {"IC50": "replace"}])
def test_a_failed_qc_ends_the_values_before_it_and_none_after(policies: dict[str, Any]):
    results = [
        result(1),
        result(1, version="v1"),
        result(1, "insoluble"),
        result(1, kind="logS"),
        result(2, "failed_qc"),
        result(3),
    ]
    kept = counts(results, policies)
    assert kept[:2] == [False, False]
    assert kept[3] is True
    assert kept[5] is True
    assert counts(results, {})[2] is True


def test_a_policy_names_an_assay_that_is_read():
    spec = CampaignSpec.model_validate({**SPEC, "proxies": {"retests": {"IC50": "replace"}}})
    assert spec.proxies.retests == {"IC50": "replace"}
    assert CampaignSpec.model_validate(SPEC).proxies.retests == {}
    with pytest.raises(ValueError, match="no assay 'IC60' is read here; there is IC50"):
        CampaignSpec.model_validate({**SPEC, "proxies": {"retests": {"IC60": "replace"}}})
    with pytest.raises(ValueError, match="join"):
        CampaignSpec.model_validate({**SPEC, "proxies": {"retests": {"IC50": "average"}}})
