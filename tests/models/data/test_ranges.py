"""Ranges: their sources, the order of precedence, and values without a logarithm."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.backtests.utilities import min_max_utility
from models.campaign.spec import CampaignSpec
from models.data.ranges import Range, check_log10_range, max_distance_to_target, objective_range, target_of
from models.data.utility import Utility
from models.domains import open_domain
from models.insights.utilities import utility_scale
from models.reward.utility import fit_utility, gaussian_moments
from models.specs.objectives import Objective, Transform

numbers = st.floats(-50, 50, allow_nan=False)
ends = st.tuples(numbers, st.floats(0.1, 50)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def _objective(**fields: object) -> Objective:
    return Objective.model_validate({"name": "y", **fields})


def test_the_campaign_speaks_first_then_the_property_then_what_is_known() -> None:
    bare, own = _objective(), _objective(range=(0.0, 4.0))
    assert objective_range(own, "none", (5.0, 6.0), (1.0, 2.0)) == Range(0.0, 4.0, "campaign")
    assert objective_range(bare, "none", (5.0, 6.0), (1.0, 2.0)) == Range(1.0, 2.0, "domain")
    assert objective_range(bare, "none", (5.0, 6.0)) == Range(5.0, 6.0, "measured")
    assert objective_range(bare, "none", unknown=(-1.0, 1.0)) == Range(-1.0, 1.0, "nothing")


def test_a_given_range_passes_the_transform_and_known_ends_have_passed_it_already() -> None:
    own = _objective(range=(1.0, 1000.0), transform="log10")
    assert objective_range(own, "log10", (7.0, 8.0)) == Range(0.0, 3.0, "campaign")
    assert objective_range(_objective(), "log10", (7.0, 8.0), (10.0, 100.0)) == Range(1.0, 2.0, "domain")
    assert objective_range(_objective(), "log10", (-7.0, 8.0)) == Range(-7.0, 8.0, "measured")


def test_a_range_without_logarithms_is_passed_over() -> None:
    assert objective_range(_objective(), "log10", (5.0, 6.0), (0.0, 1.0)) == Range(5.0, 6.0, "measured")
    assert objective_range(_objective(range=(-1.0, 1.0)), "log10", None, (1.0, 10.0)) == Range(0.0, 1.0, "domain")


def test_a_range_without_width_gets_one() -> None:
    assert objective_range(_objective(), "none", (3.0, 3.0)) == Range(2.5, 3.5, "measured")


@pytest.mark.parametrize(
    "wanted",
    [
        _objective(range=(-1.0, 1.0)),
        _objective(range=(0.0, 1.0)),
        _objective(direction="target", target=0.0, range=(1.0, 2.0)),
    ],
)
def test_every_reader_that_scores_refuses_what_has_no_logarithm_by_name(wanted: Objective) -> None:
    known = torch.tensor([1.0, 2.0], dtype=torch.float64)
    for read in (fit_utility, min_max_utility):
        with pytest.raises(ValueError, match=r"objective 'y': .* positive, its values are log10"):
            read(wanted, "log10", known)
        read(wanted, "none", known)
    with pytest.raises(ValueError, match="log10"):
        check_log10_range(wanted, "log10")
    check_log10_range(wanted, "none")


@given(own=st.none() | ends, known=st.lists(numbers, max_size=12), transform=st.sampled_from(["none", "log10"]))
def test_backtests_and_insights_read_the_same_range(
    own: tuple[float, float] | None, known: list[float], transform: Transform
) -> None:
    if own is not None and transform == "log10":
        own = (10.0 ** min(own[0], 20.0), 10.0 ** min(own[1], 20.0) * 2)
    objective = {"name": "y", "range": own, "transform": transform}
    spec = CampaignSpec.model_validate({"name": "ranges", "domain": {"kind": "peptides"}, "objectives": [objective]})
    values = np.array(known, dtype=np.float64)
    judged = min_max_utility(spec.objectives[0], transform, torch.from_numpy(values))
    expected = utility_scale(spec, open_domain(spec.domain), spec.objectives[0], values)
    assert (judged.low, judged.high) == (expected.utility.low, expected.utility.high)
    assert expected.utility.low < expected.utility.high


@given(
    span=ends,
    values=st.lists(numbers, min_size=1, max_size=12),
    direction=st.sampled_from(["maximize", "minimize", "target"]),
    aim=numbers,
)
def test_certain_values_are_as_good_without_torch_as_with_it(
    span: tuple[float, float], values: list[float], direction: str, aim: float
) -> None:
    target = aim if direction == "target" else None
    seen = np.array(values, dtype=np.float64)
    utility = Utility(*span, direction, target)
    expected = utility.of(seen)
    sure = torch.zeros(len(seen), dtype=torch.float64)
    rewarded, _ = gaussian_moments(utility, torch.from_numpy(seen), sure)
    np.testing.assert_allclose(expected, rewarded.numpy(), rtol=1e-9, atol=1e-9)


def test_a_target_is_as_far_as_the_farther_end() -> None:
    assert max_distance_to_target(0.0, 10.0, 3.0) == 7.0
    assert max_distance_to_target(0.0, 10.0, 20.0) == 20.0
    aim = _objective(direction="target", target=100.0)
    assert target_of(aim, "log10") == 2.0
    assert target_of(_objective(), "log10") is None
    assert math.isnan(target_of(_objective(direction="target", target=-1.0), "log10") or 0.0)


def test_ranges_and_scales_load_no_torch() -> None:
    code = "import sys, models.data.ranges, models.insights.utilities; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own code
