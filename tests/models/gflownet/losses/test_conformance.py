"""Every discovered loss: exact distributions, finite gradients, trajectories of mixed length."""

from dataclasses import replace

import pytest
import torch
from exactness import SETTINGS, assert_exact
from loss_spaces import ArbitraryPrior, grid, loss_log_rewards

from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import enumerate_space
from models.gflownet.exploration.uniform import UniformMixture
from models.gflownet.losses import get_loss
from models.gflownet.policy import Policy, PolicySpec
from models.specs.sampler import LOSSES

GRID, REWARD = grid()
CONDITIONS = ConditionSampler((1.0, 4.0), 2)


PRIOR = ArbitraryPrior(GRID)


def prior_of(name: str) -> ArbitraryPrior | None:
    return PRIOR if get_loss(name).needs_prior else None


def build_policy(name: str, generator: torch.Generator) -> Policy:
    spec = PolicySpec(width=32, has_flow=get_loss(name).needs_flow)
    policy = Policy(GRID, CONDITIONS, spec, generator, prior_of(name))
    if policy.prior is not None:  # its head starts at 0, from which no gradient passes on
        torch.nn.init.normal_(policy.vocabulary.weight, generator=generator)
    return policy


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_grid_5x5_is_within_total_variation_005_at_3_temperatures_and_3_preferences(name: str):
    steps = 3000 if get_loss(name).needs_flow else SETTINGS.steps
    utilities = REWARD.utilities(enumerate_space(GRID).final_states)
    settings = replace(SETTINGS, loss=name, steps=steps)
    assert_exact(GRID, utilities, log_reward=REWARD, settings=settings, prior=prior_of(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LOSSES if get_loss(name).allows_prior])
def test_with_a_prior_grid_5x5_is_within_total_variation_005_of_prior_times_reward(name: str):
    steps = 3000 if get_loss(name).needs_flow else SETTINGS.steps
    utilities = REWARD.utilities(enumerate_space(GRID).final_states)
    settings = replace(SETTINGS, loss=name, steps=steps)
    assert_exact(GRID, utilities, log_reward=REWARD, settings=settings, prior=PRIOR)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_and_reach_the_trunk(name: str, generator: torch.Generator):
    policy = build_policy(name, generator)
    condition = CONDITIONS.sample(4, generator).repeat(4)
    trajectories = UniformMixture(0.1).trajectories(policy, GRID, condition, generator)
    assert trajectories.lengths.min() < trajectories.lengths.max()
    along = loss_log_rewards(
        get_loss(name), trajectories, REWARD(trajectories.final_states, condition), condition, REWARD
    )
    loss = get_loss(name)(trajectories, along, policy, condition)
    assert loss.shape == (16,)
    assert (loss >= 0).all()
    loss.mean().backward()
    gradients = [parameter.grad for parameter in policy.parameters() if parameter.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert policy.first.weight.grad is not None
    assert policy.first.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("name", LOSSES)
def test_a_trajectory_s_loss_does_not_depend_on_its_index_in_the_batch(name: str, generator: torch.Generator):
    policy = build_policy(name, generator)
    condition = CONDITIONS.fixed(2.0, (0.3, 0.7), n=6)
    trajectories = UniformMixture(0.5).trajectories(policy, GRID, condition, generator)
    log_reward = torch.linspace(-1, 1, 6)
    along = loss_log_rewards(get_loss(name), trajectories, log_reward, condition, REWARD)
    loss = get_loss(name)(trajectories, along, policy, condition)
    order = torch.tensor([5, 3, 1, 0, 2, 4])
    index = torch.empty_like(order).scatter_(0, order, torch.arange(6))
    n = trajectories.n_transitions
    rows = torch.cat([torch.arange(n), n + order])
    shuffled = replace(
        trajectories,
        states=trajectories.states[rows],
        features=trajectories.features.at(rows),
        trajectory=index[trajectories.trajectory],
        lengths=trajectories.lengths[order],
    )
    along = loss_log_rewards(get_loss(name), shuffled, log_reward[order], condition, REWARD)
    again = get_loss(name)(shuffled, along, policy, condition)
    assert torch.allclose(again, loss[order], atol=1e-5)


def test_an_unknown_loss_is_named():
    with pytest.raises(ValueError, match=r"loss must be one of .*trajectory_balance.* not 'sorcery'"):
        get_loss("sorcery")


def test_a_squared_residual_can_be_requested(generator: torch.Generator):
    policy = build_policy("trajectory_balance", generator)
    condition = CONDITIONS.fixed(1.0, (1.0, 0.0), n=3)
    trajectories = UniformMixture(0.0).trajectories(policy, GRID, condition, generator)
    far = torch.full((3,), 30.0)
    squared = get_loss("trajectory_balance", delta=None)(trajectories, far, policy, condition)
    robust = get_loss("trajectory_balance", delta=1.0)(trajectories, far, policy, condition)
    assert (squared > 10 * robust).all()


@pytest.mark.parametrize("name", [name for name in LOSSES if name.endswith("sub_trajectory_balance")])
def test_lambda_is_the_loss_s_own_or_the_chosen_one(name: str, generator: torch.Generator):
    policy = build_policy(name, generator)
    condition = CONDITIONS.fixed(2.0, (0.3, 0.7), n=6)
    trajectories = UniformMixture(0.5).trajectories(policy, GRID, condition, generator)
    final = REWARD(trajectories.final_states, condition)
    own = 1.0 if name.startswith("prefix") else 0.9

    def loss(decay: float | None) -> torch.Tensor:
        chosen = get_loss(name, decay=decay)
        along = loss_log_rewards(chosen, trajectories, final, condition, REWARD)
        return chosen(trajectories, along, policy, condition)

    assert torch.equal(loss(None), loss(own))
    assert not torch.equal(loss(own), loss(0.3))
