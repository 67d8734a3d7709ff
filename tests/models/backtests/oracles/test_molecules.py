"""An oracle of molecules: noise, a limit of detection, and failures that a model can learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from models.backtests.oracles.molecules import LIMIT, NoisyLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain

PLAIN = ["C" * n + "O" for n in range(1, 60)]
FRAGILE = ["C" * n + "N" for n in range(2, 60)]


def half_length(texts: Sequence[str]) -> Any:
    return np.array([len(text) / 2 for text in texts])


@pytest.fixture
def lab() -> NoisyLab:
    objectives = [{"name": "binding", "range": [0, 30]}, {"name": "qed", "computed": "qed"}]
    spec = CampaignSpec.model_validate({"name": "lab", "domain": {"kind": "molecules"}, "objectives": objectives})
    return NoisyLab(spec, open_domain(spec.domain), half_length)


def test_values_are_noisy_and_censored(lab: NoisyLab) -> None:
    results = lab.measure(PLAIN, 2, 5)
    made = [result for result in results if result.outcome == "ok"]
    assert all(result.value == LIMIT for result in made if result.relation == "<")
    assert {result.object for result in made if result.relation == "<"} <= set(PLAIN[:6])
    exact = [result for result in made if result.relation == "="]
    errors = np.array([result.value for result in exact]) - half_length([result.object for result in exact])
    assert 0.2 < errors.std() < 0.4
    assert lab.measure(PLAIN, 2, 5) == results
    assert lab.measure(PLAIN, 2, 6) != results


def test_failures_follow_a_rule_and_count_as_nothing(lab: NoisyLab) -> None:
    shares = [np.mean([lab.fails(text) for text in texts]) for texts in (PLAIN, FRAGILE)]
    assert shares[0] < 0.2
    assert 0.3 < shares[1] < 0.7
    truth = lab.truth(FRAGILE)
    assert truth.shape == (len(FRAGILE), 2)
    assert np.isnan(truth).all(axis=1).tolist() == [lab.fails(text) for text in FRAGILE]
    outcomes = [result.outcome == "failed_synthesis" for result in lab.measure(FRAGILE, 1, 0)]
    assert outcomes == [lab.fails(text) for text in FRAGILE]
