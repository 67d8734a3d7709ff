"""The example campaigns of designs: each is accepted, and what its space gives keeps what it asks for."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from environment_walks import pick
from rdkit import Chem

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.propose import propose
from models.records import History, Stage

FOLDER = Path(__file__).parents[5] / "examples" / "molecules"
KEPT = {
    "scaffold": "C(=O)Nc1ccccc1",
    "grow": "c1ccc2[nH,n]ncc2c1",
    "link": "[$(c1ccc2[nH]ncc2c1)].[$(C(=O)Nc1ccccc1F)]",
}


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / f"{name}.json").read_text()))


def _silent(stage: Stage, progress: float, message: str) -> None:
    assert stage
    assert 0 <= progress <= 1
    assert message


@pytest.mark.parametrize("name", ["scaffold", "grow", "link", "leads", "substructures"])
def test_an_example_opens_a_space_whose_molecules_have_the_kept_part(name: str):
    spec = CampaignSpec.model_validate(_read(name))
    domain = open_domain(spec.domain)
    environment = domain.environment([])
    generator = torch.Generator().manual_seed(0)
    states = environment.reset(12)
    for _ in range(environment.max_steps):
        rows = (~environment.is_final(states)).nonzero().squeeze(1)
        if len(rows):
            mask = environment.forward_mask(states[rows])
            states[rows] = environment.step(states[rows], pick(mask, generator))
    texts = [text for text in environment.objects(states) if text]
    assert environment.is_final(states).all()
    assert len(set(texts)) > 3
    kept = [Chem.MolFromSmarts(part) for part in KEPT.get(name, "*").split(".")]
    for text in texts:
        assert all(Chem.MolFromSmiles(text).HasSubstructMatch(part) for part in kept)
        domain.check(text)
    starts = list(domain.starts())
    assert bool(starts) == (name == "leads")
    assert environment.states(starts)[1].all()


def test_a_round_on_a_scaffold_proposes_decorations_with_their_substituents():
    raw = _read("scaffold")
    del raw["domain"]["fragments"], raw["domain"]["max_fragments"]
    raw["domain"]["scaffold"]["r_groups"]["3"] = ["H", "[*]F"]
    spec = CampaignSpec.model_validate(raw | {"sampler": {"steps": 5, "trajectories_per_step": 8}})
    proposal = propose(spec, History(), seed=0, report=_silent, is_diagnosed=False)
    domain = open_domain(spec.domain)
    assert len(proposal.candidates) == 12
    for candidate in proposal.candidates:
        groups = domain.remarks(candidate.object)
        assert list(groups) == ["stereo", "R1", "R2", "R3"]
        assert groups["R1"] not in {"", "[H]"}
