"""One trained campaign that all tests of the instrument play."""

import pytest
from played import SEED, Played, campaign

from models.inference.load import load_trained_campaign
from models.propose import propose
from models.proxies import deep_ensemble

QUICK = 25


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train the ensemble, which is not what is tested here, for fewer steps: always as in the round."""
    monkeypatch.setattr(deep_ensemble, "STEPS", QUICK)


@pytest.fixture(scope="session")
def played() -> Played:
    spec, history = campaign()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", QUICK)
        proposal = propose(spec, history, seed=SEED, report=lambda *_: None)
        opened = load_trained_campaign(
            spec, history, seed=SEED, artefact=proposal.artefact, report=lambda *_: None
        )
    return Played(spec, history, proposal, opened)
