"""The prior of common fragments: exact probabilities, with and without measured objects."""

import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.domains.molecules import PLUGIN
from models.domains.molecules.spec import MoleculesSpec
from models.gflownet.environment import Environment
from models.gflownet.exact import enumerate_space, prior_log_probability
from models.rounds.training.base_measure import EVERY_OBJECT
from models.rounds.training.round_prior import round_prior
from models.specs.sampler import SamplerSpec

SMALL = {
    "kind": "molecules",
    "max_fragments": 3,
    "max_heavy_atoms": 10,
    "fragments": ["[*]c1ccccc1", "F", "OC", "[*]C#N"],
}


@pytest.fixture(scope="module")
def environment() -> Environment:
    return PLUGIN.open(MoleculesSpec.model_validate(SMALL)).environment([])


def test_probabilities_of_all_objects_sum_to_one_and_common_ones_come_first(environment: Environment):
    prior = round_prior(SamplerSpec(prior="common"), environment, EVERY_OBJECT, [], 0)
    assert prior.learned is not None
    space = enumerate_space(environment)
    p = prior_log_probability(space, prior.learned).exp()
    assert float(p.sum()) == pytest.approx(1, abs=1e-5)
    of = dict(zip(environment.objects(space.final_states), p.tolist(), strict=True))
    assert of["Cc1ccccc1"] > of["N#Cc1ccccc1"]


def test_measured_objects_pull_the_prior_their_way(environment: Environment):
    measured = ["Fc1ccccc1"]
    few, many = (
        round_prior(SamplerSpec(prior="common"), environment, EVERY_OBJECT, texts, 0).learned
        for texts in ([], measured)
    )
    space = enumerate_space(environment)
    index = environment.objects(space.final_states).index(measured[0])
    assert few is not None
    assert many is not None
    before, after = (prior_log_probability(space, prior)[index] for prior in (few, many))
    assert after > before
    assert torch.isfinite(after)


def test_other_domains_have_no_common_parts():
    spec = {
        "name": "x",
        "domain": SMALL | {"fragmentation": "brics", "fragments": ["[*]c1ccccc1", "[*]OC"]},
        "objectives": [{"name": "a", "type": "a", "direction": "maximize", "range": [0, 1]}],
        "sampler": {"prior": "common"},
    }
    with pytest.raises(ValueError, match="needs molecules of fragmentation units"):
        CampaignSpec.model_validate(spec)
