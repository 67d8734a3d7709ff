"""A prior beside the reward: the target is their product, and nothing but the target changes."""

import math
from dataclasses import replace

import pytest
import torch
from exactness import BETAS, BesidePrior, assert_exact, tabulated
from torch import Tensor

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.exact import enumerate_space
from models.gflownet.policy import PolicySpec
from models.gflownet.prior import SizePrior
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import InvalidLogRewardError, Trainer

ENVIRONMENT = PeptidesEnvironment(PeptidesSpec(min_length=1, max_length=4, alphabet="AKW"))
SPACE = enumerate_space(ENVIRONMENT)
EVEN = SizePrior(ENVIRONMENT, [0.0, *(-length * math.log(3) for length in range(1, 5))])
SETTINGS = TrainerSettings(
    steps=600, trajectories_per_step=32, learning_rate=6e-3, policy=PolicySpec(width=64)
)


def utilities() -> Tensor:
    """Return two utilities [X, 2]: the share of W, and how often A is followed by K."""
    texts = ENVIRONMENT.objects(SPACE.final_states)
    return torch.tensor([[text.count("W") / len(text), text.count("AK") / 2] for text in texts])


BESIDE = BesidePrior(tabulated(SPACE, utilities()), EVEN)


def build(log_reward, settings: TrainerSettings = SETTINGS, environment=ENVIRONMENT) -> Trainer:  # noqa: ANN001
    return Trainer(environment, ConditionSampler((BETAS[0], BETAS[-1]), 2), log_reward, settings, 0)


def test_a_size_prior_is_looked_up_by_size():
    states, known = ENVIRONMENT.states(["A", "KW", "WAWA"])
    assert known.all()
    expected = [-math.log(3), -2 * math.log(3), -4 * math.log(3)]
    torch.testing.assert_close(EVEN(states), torch.tensor(expected))
    assert SizePrior(ENVIRONMENT, [0.0, 1.0, 2.0])(states).tolist() == [1.0, 2.0, 2.0]


@pytest.mark.parametrize("loss", ["trajectory_balance", "prefix_sub_trajectory_balance"])
def test_a_policy_samples_prior_times_reward(loss: str):
    """The prior also applies to losses with rewards of stopped prefixes."""
    assert_exact(
        ENVIRONMENT,
        utilities(),
        log_reward=BESIDE,
        preferences=[(1.0, 0.0), (0.5, 0.5)],
        settings=replace(SETTINGS, loss=loss),
    )


def test_several_conditions_of_one_object_have_the_same_prior():
    settings = replace(SETTINGS, steps=400, conditions_per_trajectory=3)
    assert_exact(ENVIRONMENT, utilities(), log_reward=BESIDE, preferences=[(0.5, 0.5)], settings=settings)


def test_objects_with_many_trajectories_have_one_prior():
    environment = Hypergrid(2, 5)
    space = enumerate_space(environment)
    counts = environment.size(space.final_states).bincount().double().clamp_min(1)
    prior = SizePrior(environment, (-counts.log()).tolist())
    flat = torch.zeros(len(space), 1)
    beside = BesidePrior(tabulated(space, flat), prior)
    result = assert_exact(environment, flat, log_reward=beside, preferences=[(1.0,)], settings=SETTINGS)
    assert [item.log_z_error for item in result] == pytest.approx([0.0] * len(result), abs=0.05)


def test_log_z_starts_at_that_of_the_product():
    flat = tabulated(SPACE, torch.zeros(len(SPACE), 2))
    trainer = build(BesidePrior(flat, EVEN), replace(SETTINGS, first_estimate=4096))
    trainer._start_log_z()
    with torch.no_grad():
        log_z = trainer.policy.log_z(trainer.conditions.fixed(2.0, (0.5, 0.5)))
    assert float(log_z) == pytest.approx(math.log(4), abs=0.1)


def test_what_behaviours_keep_is_ranked_by_the_reward_alone():
    """Under the even prior a long peptide has a 27th of a short one's mass; elites are not shorter."""
    settings = replace(SETTINGS, steps=30, genetic_share=0.3, local_search_share=0.2, diverse_share=0.1)
    trainer = build(BesidePrior(tabulated(SPACE, utilities()), EVEN), settings)
    trainer.run(30)
    result, known = (
        utilities().max(dim=1).values,
        {int(key): row for row, key in enumerate(ENVIRONMENT.key(SPACE.final_states))},
    )
    tensors, _ = trainer.state_dict()
    for part in ("replay", "genetic"):
        priorities = tensors[f"{part}.priority"]
        best = torch.tensor([result[known[int(key)]] for key in tensors[f"{part}.keys"]])
        assert len(priorities) > 40
        assert bool((priorities >= -1e-6).all())
        assert bool((priorities <= trainer.conditions.middle_beta * best + 1e-6).all())
    assert trainer.lowest_utility >= 0


def test_a_prior_of_one_is_none(generator: torch.Generator):  # noqa: ARG001 - one thread
    plain = build(tabulated(SPACE, utilities()))
    beside = build(BesidePrior(tabulated(SPACE, utilities()), lambda states: torch.zeros(len(states))))
    assert plain.run(12) == beside.run(12)
    for name, tensor in plain.policy.state_dict().items():
        assert torch.equal(tensor, beside.policy.state_dict()[name])


def test_a_forbidden_object_stays_forbidden_beside_a_prior():
    values = utilities()
    values[ENVIRONMENT.size(SPACE.final_states) == 4] = -torch.inf
    trainer = build(BesidePrior(tabulated(SPACE, values), EVEN))
    condition = Condition(torch.full((2,), 2.0), torch.full((2, 2), 0.5))
    states, _ = ENVIRONMENT.states(["WWWW", "A"])
    target = trainer._target(states, condition)
    assert float(target[1]) == pytest.approx(-math.log(3))
    assert float(target[0]) == pytest.approx(-trainer.settings.forbidden_gap - 4 * math.log(3))


@pytest.mark.parametrize(
    "prior",
    [
        lambda states: torch.full((len(states),), torch.nan),
        lambda states: torch.full((len(states),), -torch.inf),
        lambda states: torch.zeros(len(states) + 1),
    ],
)
def test_a_prior_that_is_no_number_is_refused(prior):  # noqa: ANN001
    with pytest.raises(InvalidLogRewardError, match="log_prior"):
        build(BesidePrior(tabulated(SPACE, utilities()), prior)).step()
