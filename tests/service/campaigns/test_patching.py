"""Merge patches of a specification, the pointers of what is wrong, and the seeds of rounds."""

from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from service.campaigns.patching import merge, patched, round_seed
from service.errors import ConflictError, UnprocessableError


# The examples of RFC 7396, appendix A, that have an object on both sides.
@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_follows_the_standard(target: dict[str, Any], patch: dict[str, Any], expected: Any):
    assert merge(target, patch) == expected


def test_null_brings_a_default_back(spec: CampaignSpec):
    stored = spec.model_dump(mode="json") | {"seed": 5}
    assert patched(stored, {"seed": None, "batch": {"size": 3}}, is_begun=True).seed == 0
    assert patched(stored, {"batch": {"size": 3}}, is_begun=True).batch.size == 3


def test_what_is_wrong_is_pointed_at(spec: CampaignSpec):
    with pytest.raises(UnprocessableError) as caught:
        patched(spec.model_dump(mode="json"), {"batch": {"size": 0}, "colour": 1}, is_begun=False)
    assert {place["pointer"] for place in caught.value.errors} == {"/batch/size", "/colour"}


@pytest.mark.parametrize("change", [{"domain": {"n": 5}}, {"objectives": [{"name": "glow"}]}])
def test_what_data_is_read_by_is_fixed_once_there_is_data(spec: CampaignSpec, change: dict[str, Any]):
    stored = spec.model_dump(mode="json")
    patched(stored, change, is_begun=False)
    with pytest.raises(ConflictError, match="cannot change once"):
        patched(stored, change, is_begun=True)
    same = {name: stored[name] for name in change}
    patched(stored, same, is_begun=True)


def test_seeds_differ_by_round_and_campaign_and_fit_a_seed():
    seeds = {round_seed(seed, number) for seed in range(20) for number in range(1, 20)}
    assert len(seeds) == 20 * 19
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert round_seed(7, 1) == round_seed(7, 1)
