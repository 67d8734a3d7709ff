"""The example of stereo-defined candidates: a short round of it defines every centre."""

import json
from pathlib import Path

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.propose import propose
from models.records import History, Measurement

EXAMPLE = Path("examples/molecules/stereoisomers.json")
MEASURED = {"C[C@H](N)c1ccccc1": 20.0, "C[C@@H](N)c1ccccc1": 900.0, "CC(N)Cc1ccccc1": 300.0, "CCO": 5000.0}


def test_every_candidate_of_a_round_is_stereo_defined() -> None:
    document = json.loads(EXAMPLE.read_text())
    document["sampler"]["steps"] = 2
    document["constraints"] = []
    spec = CampaignSpec.model_validate(document)
    domain = open_domain(spec.domain)
    results = tuple(Measurement(object=text, type="IC50", value=value) for text, value in MEASURED.items())
    proposal = propose(spec, History(results), seed=7, report=lambda *_: None, is_diagnosed=False)
    said = [domain.remarks(item.object)["stereo"] for item in proposal.candidates]
    assert len(said) == spec.batch.size
    assert set(said) == {"none", "defined"}
    assert not {item.object for item in proposal.candidates} & MEASURED.keys()
