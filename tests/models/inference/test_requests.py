"""Requests are read against the campaign alone, and what makes no sense is named by a pointer."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from models.campaign.requests import SampleRequest
from models.campaign.spec import CampaignSpec
from models.inference import UnservableError
from models.inference.requests import ConditionRequest, check, resolved, split_by_condition

SPEC = CampaignSpec.model_validate(
    {
        "name": "switches",
        "domain": {"kind": "switches", "n": 5},
        "objectives": [{"name": "signal"}, {"name": "few", "computed": "ones"}],
        "sampler": {"beta": [1, 64]},
    }
)

RANGE = (1.0, 64.0)


def _request(**fields: Any) -> SampleRequest:
    return SampleRequest.model_validate(fields)


def test_all_pairs_share_and_the_first_gets_the_remainder() -> None:
    asked = split_by_condition(
        _request(n=11, beta=[2, 8], preference=[{"signal": 3, "few": 1}, {"few": 2}]), SPEC
    )
    assert asked == [
        ConditionRequest(5, 2.0, (0.75, 0.25)),
        ConditionRequest(2, 2.0, (0.0, 1.0)),
        ConditionRequest(2, 8.0, (0.75, 0.25)),
        ConditionRequest(2, 8.0, (0.0, 1.0)),
    ]
    assert split_by_condition(_request(n=3), SPEC) == [ConditionRequest(3, None, None)]
    assert split_by_condition(_request(n=3, beta=4), SPEC) == [ConditionRequest(3, 4.0, None)]
    assert split_by_condition(_request(n=3, preference={"signal": 2}), SPEC) == [
        ConditionRequest(3, None, (1.0, 0.0))
    ]


def test_colder_doubles_and_bolder_halves_what_was_asked_for_last() -> None:
    assert resolved(_request(beta="colder"), (4.0, 10.0), RANGE).beta == (8.0, 20.0)
    assert resolved(_request(beta="bolder"), (4.0, 10.0), RANGE).beta == (2.0, 5.0)
    assert resolved(_request(beta="colder"), (), RANGE).beta == (16.0,)
    assert resolved(_request(beta="bolder"), (), RANGE).beta == (4.0,)
    assert resolved(_request(beta="colder"), (900.0,), RANGE).beta == (1000.0,)
    for same in (_request(beta=3.0), _request(beta=[3.0, 4.0]), _request()):
        assert resolved(same, (7.0,), RANGE) is same


def test_boldness_is_a_share_of_the_logarithm_of_the_trained_range() -> None:
    exact = resolved(_request(boldness=[0, 0.5, 1]), (900.0,), RANGE)
    assert exact.beta == pytest.approx((64.0, 8.0, 1.0))
    assert exact.boldness is None
    assert resolved(_request(boldness=0), (), (3.0, 3.0)).beta == (3.0,)
    shares = split_by_condition(_request(n=5, boldness=[0, 1]), SPEC)
    assert [share.n for share in shares] == [3, 2]
    with pytest.raises(ValidationError, match="exclude each other"):
        _request(beta=4, boldness=0.5)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"n": 3, "boldness": [0, 0.3, 0.6, 1]}, "/n"),
        ({"preference": {"signl": 1}}, "/preference/signl"),
        ({"preference": {"a/b~c": 1}}, "/preference/a~1b~0c"),
        ({"preference": [{"signal": 1}, {"signl": 1}]}, "/preference/1/signl"),
        ({"preference": {"signal": 0}}, "/preference"),
        ({"preference": {"signal": 1e308, "few": 1e308}}, "/preference"),
        ({"preference": [{"signal": 0, "few": 0}]}, "/preference/0"),
        ({"n": 3, "beta": [1, 2], "preference": [{"signal": 1}, {"few": 1}]}, "/n"),
        ({"require": ["01", "x"]}, "/require/1"),
        ({"avoid": [""]}, "/avoid/0"),
        ({"avoid_groups": [{"by": "scaffold", "object": {"switches": "01010"}}]}, "/avoid_groups/0/by"),
        ({"avoid_groups": [{"by": "first", "object": {"switches": "?"}}]}, "/avoid_groups/0/object/switches"),
        ({"like": {"object": {"switches": "a"}}}, "/like/object/switches"),
        ({"like": {"object": {}}}, "/like/object/switches"),
    ],
)
def test_what_makes_no_sense_is_named(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(UnservableError) as caught:
        check(_request(**fields), SPEC)
    assert caught.value.pointer == pointer
    assert caught.value.detail
    assert pointer in str(caught.value)


def test_what_makes_sense_passes() -> None:
    like = {"object": {"switches": "01010"}, "similarity": 0.6}
    groups = [{"by": "first", "object": {"switches": "11111"}}]
    everything = {"n": 4, "beta": "colder", "preference": {"few": 1}, "require": ["1"], "avoid": ["00"]}
    check(_request(**everything, like=like, avoid_groups=groups), SPEC)
    check(_request(), SPEC)


def test_checking_a_request_loads_no_torch() -> None:
    program = (
        "import sys\n"
        "from models.campaign.spec import CampaignSpec\n"
        "from models.inference import UnservableError\n"
        "from models.inference.requests import check, resolved\n"
        "from models.campaign.requests import SampleRequest\n"
        "spec = {'name': 'a', 'domain': {'kind': 'peptides'}, 'objectives': [{'name': 'b'}]}\n"
        "check(SampleRequest(beta='colder', avoid=('KK',)), CampaignSpec.model_validate(spec))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program
