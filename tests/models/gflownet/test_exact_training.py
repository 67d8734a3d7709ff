"""Trained conditional policies against exact distributions, on the reference environments."""

import itertools
from dataclasses import replace

import pytest
import torch
from exactness import BETAS, SETTINGS, TOLERANCE, Deviation, assert_exact, deviations, tabulated
from loss_spaces import letter_reward

from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space, log_target, policy_log_probability, total_variation
from models.gflownet.policy import PolicySpec
from models.gflownet.trainer import Trainer


def grid_utilities(environment: Hypergrid) -> torch.Tensor:
    x = enumerate_space(environment).final_states[:, :-1].double() / (environment.side - 1)
    one = torch.exp(-8 * (x - torch.tensor([0.2, 0.7])).square().sum(1))
    other = torch.exp(-8 * (x - torch.tensor([0.8, 0.3])).square().sum(1)) + 0.3 * torch.sin(9 * x.sum(1))
    return torch.stack([one, other], dim=1)


def string_utilities(environment: Strings) -> torch.Tensor:
    letters = enumerate_space(environment).final_states[:, :-1] - 1
    generator = torch.Generator().manual_seed(3)
    weights = torch.rand(2, environment.length, environment.n_actions, generator=generator)
    pairs = torch.rand(
        2, environment.length - 1, environment.n_actions, environment.n_actions, generator=generator
    )
    indices = torch.arange(environment.length)
    single = weights[:, indices, letters].mean(2)
    double = pairs[:, indices[:-1], letters[:, :-1], letters[:, 1:]].mean(2)
    return (single + double).T * 2


def trained(
    environment: Hypergrid, utilities: torch.Tensor, steps: int, before: Trainer | None = None
) -> Trainer:
    conditions = ConditionSampler((BETAS[0], BETAS[-1]), utilities.shape[1])
    log_reward = tabulated(enumerate_space(environment), utilities)
    trainer = Trainer(environment, conditions, log_reward, replace(SETTINGS, steps=steps), seed=0)
    if before is not None:
        trainer.begin_from(before.policy.state_dict(), before.best_states(100), steps)
    trainer.run(steps)
    return trainer


def found_by(trainer: Trainer, environment: Hypergrid, utilities: torch.Tensor) -> list[Deviation]:
    space = enumerate_space(environment)
    return deviations(trainer, space, tabulated(space, utilities))


@pytest.mark.slow
def test_hypergrid_8x8_is_within_total_variation_005_at_3_temperatures_and_3_preferences():
    environment = Hypergrid(2, 8)
    result = assert_exact(environment, grid_utilities(environment))
    assert max(abs(deviation.log_z_error) for deviation in result) < 0.1


@pytest.mark.slow
def test_strings_of_4_over_4_letters_are_within_total_variation_005_at_3_temperatures_and_3_preferences():
    environment = Strings("ACGT", 4)
    result = assert_exact(environment, string_utilities(environment))
    assert max(abs(deviation.log_z_error) for deviation in result) < 0.1


@pytest.mark.slow
def test_a_policy_that_begins_from_another_reward_comes_as_near():
    environment = Hypergrid(2, 6)
    utilities = grid_utilities(environment)
    before = trained(environment, utilities.flip(1), steps=800)
    far = max(deviation.total_variation for deviation in found_by(before, environment, utilities))
    after = trained(environment, utilities, steps=1200, before=before)
    near = max(deviation.total_variation for deviation in found_by(after, environment, utilities))
    assert near <= TOLERANCE < 4 * TOLERANCE < far


@pytest.mark.slow
def test_forbidden_objects_get_almost_no_probability():
    environment = Strings("AB", 4)
    utilities = string_utilities(environment)
    utilities[::3] = -torch.inf
    assert_exact(environment, utilities)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "diverse_share",
        "tempered_share",
        "averaged_share",
        "local_search_share",
        "genetic_share",
        "conservative_share",
    ],
)
def test_each_behaviour_leaves_the_distribution_exact(name: str):
    environment = Hypergrid(2, 5)
    settings = replace(SETTINGS, replay_capacity=15, **{name: 0.4})
    assert_exact(environment, grid_utilities(environment), settings=settings)


@pytest.mark.slow
def test_published_ranks_and_mates_of_the_policy_leave_the_distribution_exact():
    environment = Hypergrid(2, 5)
    settings = replace(
        SETTINGS,
        replay_share=0.3,
        genetic_share=0.3,
        conservative_share=0.3,
        genetic_policy_mates=0.5,
        rank_weights="reciprocal",
    )
    assert_exact(environment, grid_utilities(environment), settings=settings)


@pytest.mark.slow
def test_edits_of_sequences_leave_the_distribution_exact():
    environment = Strings("ACGT", 4)
    settings = replace(SETTINGS, conservative_share=0.3)
    assert_exact(environment, string_utilities(environment), settings=settings)


@pytest.mark.slow
def test_prefix_balance_is_exact_where_the_empty_chain_may_not_stop():
    environment = PeptidesEnvironment(PeptidesSpec(min_length=1, max_length=4, alphabet="ADG"))
    states = enumerate_space(environment).final_states[:, :-1]
    weights = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(3))
    utilities = weights[:, torch.arange(4), states].sum(2).T - 0.4 * (states > 0).sum(1, keepdim=True)
    settings = replace(SETTINGS, loss="prefix_sub_trajectory_balance")
    result = assert_exact(environment, utilities, settings=settings)
    assert max(abs(deviation.log_z_error) for deviation in result) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss", ["forward_looking_detailed_balance", "forward_looking_sub_trajectory_balance"]
)
def test_forward_looking_losses_are_exact_on_additive_strings(loss: str):
    environment = Strings("ACGT", 4)
    reward = letter_reward(environment)
    utilities = reward.utilities(enumerate_space(environment).final_states)
    result = assert_exact(environment, utilities, log_reward=reward, settings=replace(SETTINGS, loss=loss))
    assert max(abs(deviation.log_z_error) for deviation in result) < 0.1


@pytest.mark.slow
def test_a_transformer_is_exact_on_strings():
    environment = Strings("ACG", 3)
    policy = PolicySpec(trunk="transformer", width=64)
    settings = replace(SETTINGS, policy=policy, learning_rate=2e-3)
    assert_exact(environment, string_utilities(environment), settings=settings)


@pytest.mark.slow
def test_message_passing_is_exact_on_fragment_trees():
    vocabulary = ("[*]c1ccc([*])cc1", "[*]C([*])=O", "[*]OC", "[*]C1CC1", "[*]N[*]")
    environment = FragmentTrees(compile_fragments(vocabulary), 3, 16)
    n = len(enumerate_space(environment))
    assert n > 30
    utilities = torch.rand(n, 2, generator=torch.Generator().manual_seed(3)).double()
    policy = PolicySpec(trunk="message_passing", width=128)
    assert_exact(environment, utilities, settings=replace(SETTINGS, steps=800, policy=policy))


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss", ["forward_looking_detailed_balance", "forward_looking_sub_trajectory_balance"]
)
def test_forward_looking_losses_are_exact_with_a_learned_potential(loss: str):
    environment = Strings("ACGT", 4)
    utilities, settings = string_utilities(environment)[:, :1], replace(SETTINGS, loss=loss)
    result = assert_exact(environment, utilities, preferences=((1.0,),), settings=settings)
    assert max(abs(deviation.log_z_error) for deviation in result) < 0.1


@pytest.mark.slow
def test_one_policy_serves_several_sampled_functions_each_within_total_variation_005():
    environment = Strings("ACGT", 4)
    space = enumerate_space(environment)
    tables = [string_utilities(environment)[:, :1], grid_like_utilities(space.final_states)]
    rewards = [tabulated(space, table) for table in tables]

    def log_reward(final_states: torch.Tensor, condition: Condition) -> torch.Tensor:
        assert condition.function is not None
        values = torch.stack([reward(final_states, condition) for reward in rewards])
        return values[condition.function, torch.arange(len(condition))]

    conditions = ConditionSampler((BETAS[0], BETAS[-1]), 1, n_functions=len(tables))
    trainer = Trainer(environment, conditions, log_reward, SETTINGS, 0)
    trainer.run(SETTINGS.steps)
    for index, beta in itertools.product(range(len(tables)), BETAS):
        condition = replace(conditions.fixed(beta), function=torch.tensor([index]))
        log_p = policy_log_probability(space, trainer.policy, condition)
        target = log_target(log_reward(space.final_states, condition.repeat(len(space))))
        assert total_variation(log_p, target) <= TOLERANCE


def grid_like_utilities(final_states: torch.Tensor) -> torch.Tensor:
    letters = final_states[:, :-1].double() - 1
    return torch.sin(2.0 * letters @ torch.tensor([1.0, 0.7, 1.3, 0.4], dtype=torch.float64)).unsqueeze(1)
