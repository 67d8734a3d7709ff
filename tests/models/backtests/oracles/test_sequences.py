"""The oracle of peptides by an Ehrlich function returns results like a lab."""

import numpy as np
import pytest

from models.backtests.oracles.ehrlich import build_ehrlich
from models.backtests.oracles.sequences import EhrlichLab
from models.backtests.runner import BacktestPlan, backtest
from models.campaign.spec import CampaignSpec
from models.domains import open_domain

LENGTH = 12


@pytest.fixture
def lab() -> EhrlichLab:
    return EhrlichLab(build_ehrlich(20, LENGTH, (2, 3, 3), 0), 0)


def test_what_cannot_be_made_fails(lab: EhrlichLab) -> None:
    texts = [lab.optimum(), "".join(lab.alphabet[:12]), *(a + b + a * 10 for a in "ACD" for b in "EFGHIK")]
    results = lab.measure(texts, 3, 0)
    truth = lab.truth(texts)[:, 0]
    assert results[0].value == 1.0
    assert np.isnan(truth).any()
    for result, value in zip(results, truth, strict=True):
        assert result.round == 3
        assert (result.outcome == "failed_synthesis") == np.isnan(value)
        assert result.value == (None if np.isnan(value) else value)


def test_residues_mean_something_else_for_every_seed() -> None:
    alphabets = {EhrlichLab(build_ehrlich(20, LENGTH, (2, 3, 3), 0), seed).alphabet for seed in range(5)}
    assert len(alphabets) == 5
    assert all(len(set(alphabet)) == 20 for alphabet in alphabets)


def test_a_campaign_begins_with_feasible_peptides(lab: EhrlichLab) -> None:
    assert lab.start is not None
    start = lab.start(50, 1)
    assert len(set(start)) == 50
    assert np.isfinite(lab.truth(start)).all()
    assert tuple(start) == tuple(lab.start(50, 1))
    spec = CampaignSpec.model_validate(
        {
            "name": "ehrlich",
            "domain": {"kind": "peptides", "min_length": LENGTH, "max_length": LENGTH},
            "objectives": [{"name": "value", "range": [0, 1]}],
        }
    )
    plan = BacktestPlan(spec, 6, 40, 50, (1,), ("genetic",))
    rows = backtest(plan, lab, open_domain(spec.domain), lambda *_: None)
    assert rows[0]["best_value"] == lab.truth(start).max()
    assert rows[-1]["best_value"] > rows[0]["best_value"]
