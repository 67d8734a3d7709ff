"""Joint draws of a short list beside everything known: who is drawn, and in which order."""

import itertools

import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import History, Measurement
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.selecting import joint_samples
from models.rounds.selecting.joint_samples import joint_utilities

ALL = ["".join(letters) for letters in itertools.product("01", repeat=5)]


@pytest.fixture(scope="module")
def fitted() -> RoundModel:
    spec = CampaignSpec.model_validate(
        {
            "name": "switches",
            "domain": {"kind": "switches", "n": 5},
            "objectives": [{"name": "signal", "range": [0, 5]}],
            "proxies": {"kinds": ["gaussian_process"]},
        }
    )
    domain = open_domain(spec.domain)
    results = tuple(Measurement(text, "signal", float(text.count("1"))) for text in ALL[:20])
    return fit(spec, domain, domain.environment([]), History(results), 0, lambda _share, _message: None)


def test_pending_objects_come_last_and_measured_ones_once(fitted: RoundModel) -> None:
    waiting = [ALL[31], ALL[30], ALL[15]]  # the best of all, and one that was measured before
    drawn = joint_utilities(fitted, ALL[25:28], waiting, 64, 0)
    assert drawn.candidates.shape == (64, 3, 1)
    assert drawn.known.shape == (64, 22, 1)
    assert drawn.n_pending == 2
    spread = drawn.known.std(dim=0).squeeze(-1)
    assert float(spread[:20].max()) < float(spread[20:].min())


def test_poor_pending_objects_are_drawn_before_good_measured_ones(
    fitted: RoundModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joint_samples, "MOST_KNOWN", 5)
    drawn = joint_utilities(fitted, ALL[25:28], [ALL[20], ALL[24]], 64, 0)
    assert (drawn.known.shape[1], drawn.n_pending) == (5, 2)
    expected = drawn.known.mean(dim=0).squeeze(-1)
    assert float(expected[3:].max()) < float(expected[:3].min())


def test_nothing_waits(fitted: RoundModel) -> None:
    drawn = joint_utilities(fitted, ALL[25:28], (), 8, 0)
    assert (drawn.known.shape[1], drawn.n_pending) == (20, 0)
    assert torch.equal(drawn.known, joint_utilities(fitted, ALL[25:28], (), 8, 0).known)
