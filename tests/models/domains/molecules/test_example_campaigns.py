"""A round of an example campaign of molecules, with a ratio, curves and alerts."""

import json
from pathlib import Path

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.propose import propose
from models.records import History, Measurement

EXAMPLES = Path(__file__).parents[4] / "examples" / "molecules"
MEASURED = (
    "c1ccc(-c2ccncc2)cc1",
    "Fc1ccc(-c2ccncc2)cc1",
    "COc1ccc(-c2ccncc2)cc1",
    "O=C(Nc1ccccc1)c1ccccc1",
    "O=C(Nc1ccc(F)cc1)c1ccccc1",
    "O=C(Nc1ccccn1)c1ccccc1",
    "O=S(=O)(Nc1ccccc1)c1ccccc1",
    "N#Cc1ccc(-c2ccccc2)cc1",
)


@pytest.mark.slow
def test_a_round_of_the_selectivity_campaign():
    raw = json.loads((EXAMPLES / "selectivity.json").read_text(encoding="utf-8"))
    tiny = {"sampler": {"steps": 2, "trajectories_per_step": 8}, "batch": {"size": 4}}
    raw["constraints"] = raw["constraints"][1:]  # charges take minutes for thousands of samples
    spec = CampaignSpec.model_validate(raw | tiny | {"proxies": {"kinds": ["gaussian_process"]}})
    domain = open_domain(spec.domain)
    texts = [domain.parse({"smiles": text}) for text in MEASURED]
    results = [Measurement(text, "IC50", 10.0 ** (1 + row % 4)) for row, text in enumerate(texts)]
    results += [Measurement(text, "hERG", 1.0 + row) for row, text in enumerate(texts)]
    proposal = propose(spec, History(tuple(results)), seed=1, report=lambda *_: None)
    assert len(proposal.candidates) == 4
    for candidate in proposal.candidates:
        assert set(candidate.predictions) == {"potency", "selectivity", "lipophilicity"}
        assert not any(name.startswith("BRENK") for name in candidate.alerts)
        assert candidate.computed["rule_of_five_violations"] == 0
        assert "np_likeness" not in candidate.computed
    assert proposal.summary["alerts"]["candidates"] == sum(bool(c.alerts) for c in proposal.candidates)
