"""The applicability domain: learned from distances of measured objects, or set by the campaign."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from models.domains import installed, open_domain
from models.messages.message import message
from models.reward.applicability import MINIMUM_MEASURED, applicability

SWITCHES = open_domain(installed()["switches"].spec.model_validate({"kind": "switches", "n": 12}))
TEXTS = ["".join(letters) for letters in itertools.product("01", repeat=12)]


def measured(n: int) -> list[str]:
    """Return objects that begin with five zeros: a corner of the space."""
    return TEXTS[:n]


def alike(one: str, other: str) -> float:
    return float(np.mean([a == b for a, b in zip(one, other, strict=True)]))


def by_hand(texts: Sequence[str]) -> list[float]:
    return [max(alike(one, other) for other in texts if other != one) for one in texts]


def test_the_threshold_is_a_low_quantile_of_leave_one_out_similarities():
    texts = [*measured(40), "111111111111"]
    result = applicability(None, SWITCHES, texts)
    assert result.is_learned
    assert result.threshold == pytest.approx(float(np.quantile(by_hand(texts), 0.05)))
    assert result.summary() == {"threshold": result.threshold, "learned": True, "measured": 41}
    assert result.messages() == []


def test_a_named_threshold_holds_and_optimism_fades_below_it():
    result = applicability(0.75, SWITCHES, ["000000000000"])
    nearest = result.nearest(["000000000000", "000000000111", "000000111111", "111111111111"])
    assert nearest.tolist() == [1.0, 0.75, 0.5, 0.0]
    assert result.is_inside(nearest).tolist() == [True, True, False, False]
    assert result.uncertainty_weight(nearest).tolist() == pytest.approx([1.0, 1.0, 2 / 3, 0.0])


@pytest.mark.parametrize("n", [0, 1, MINIMUM_MEASURED - 1])
def test_with_few_data_everything_counts_as_inside_with_a_message(n: int):
    result = applicability(None, SWITCHES, measured(n))
    nearest = result.nearest(TEXTS[-3:])
    assert result.threshold is None
    assert result.is_inside(nearest).all()
    assert result.uncertainty_weight(nearest).tolist() == [1.0, 1.0, 1.0]
    assert result.messages() == [message("applicability_unknown", count=n, needed=MINIMUM_MEASURED)]


def test_a_named_threshold_means_nothing_without_measured_objects():
    result = applicability(0.9, SWITCHES, [])
    assert result.threshold is None
    assert result.nearest(TEXTS[:2]).tolist() == [1.0, 1.0]


def test_a_threshold_of_zero_is_the_whole_space():
    result = applicability(0.0, SWITCHES, measured(20))
    nearest = result.nearest(["111111111111"])
    assert result.is_inside(nearest).all()
    assert torch.equal(result.uncertainty_weight(nearest), torch.ones(1, dtype=torch.float64))
