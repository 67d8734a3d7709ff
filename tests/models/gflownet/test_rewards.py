"""Rewards of intermediate states, and incompatible losses refused before training."""

from dataclasses import replace

import pytest
import torch
from loss_spaces import LetterReward, grid, letter_reward
from torch import Tensor

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space
from models.gflownet.exploration.uniform import UniformMixture
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.rewards import (
    IncompatibleLossError,
    InvalidLogRewardError,
    LogRewardFn,
    partial_log_rewards,
    stopped_log_rewards,
    uncertainties,
)
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer
from models.gflownet.trajectories import Trajectories

PEPTIDES = PeptidesEnvironment(PeptidesSpec(min_length=1, max_length=3, alphabet="AG"))
STRINGS = Strings("ACG", 3)
CONDITIONS = ConditionSampler((1.0, 4.0), 2)
SETTINGS = TrainerSettings(
    trajectories_per_step=8, policy=PolicySpec(width=16), first_estimate=16, replay_share=0
)


def walks(environment: Environment, generator: torch.Generator) -> tuple[Trajectories, Condition]:
    policy = Policy(environment, CONDITIONS, PolicySpec(width=16), generator)
    condition = CONDITIONS.sample(32, generator)
    return UniformMixture(1.0).trajectories(policy, environment, condition, generator), condition


def length_reward(states: Tensor, condition: Condition) -> Tensor:
    return condition.beta * (states[:, :-1] > 0).sum(1)


def build(loss: str, environment: Environment, log_reward: LogRewardFn) -> Trainer:
    return Trainer(environment, CONDITIONS, log_reward, replace(SETTINGS, loss=loss), 0)


@pytest.mark.parametrize("environment", [grid(3)[0], PEPTIDES], ids=["grid", "peptides"])
def test_where_there_is_a_stop_action_every_state_but_the_first_may_stop(environment: Environment):
    stop = environment.stop_action
    assert stop is not None
    for layer in enumerate_space(environment).layers[1:]:
        assert environment.forward_mask(layer.states)[:, stop].all()
        assert environment.is_final(
            environment.step(layer.states, torch.full((len(layer.states),), stop))
        ).all()


def test_peptides_with_a_least_length_may_not_stop_everywhere():
    longer = PeptidesEnvironment(PeptidesSpec(min_length=2, max_length=3, alphabet="AG"))
    assert longer.stop_action is None
    with pytest.raises(IncompatibleLossError, match=r"'prefix_sub_trajectory_balance' .*PeptidesEnvironment"):
        build("prefix_sub_trajectory_balance", longer, length_reward)


@pytest.mark.parametrize(
    "loss", ["forward_looking_detailed_balance", "forward_looking_sub_trajectory_balance"]
)
def test_a_reward_without_parts_gets_a_learned_potential(loss: str):
    learned = build(loss, STRINGS, length_reward)
    learned.step()
    assert any(name.startswith("potential.") for name in learned.state_dict()[0])
    assert learned.partial_calls == 0
    given = build(loss, STRINGS, letter_reward(STRINGS))
    given.step()
    assert not any(name.startswith("potential.") for name in given.state_dict()[0])


def test_stopped_prefixes_are_evaluated_and_final_states_not_again(generator: torch.Generator):
    trajectories, condition = walks(PEPTIDES, generator)
    shown: list[Tensor] = []

    def log_reward(states: Tensor, some: Condition) -> Tensor:
        assert PEPTIDES.is_final(states).all()
        shown.append(states)
        return length_reward(states, some)

    final = length_reward(trajectories.final_states, condition)
    result = stopped_log_rewards(trajectories, final, condition, log_reward)
    n = trajectories.n_transitions
    is_start, is_stop = trajectories.time == 0, trajectories.actions == PEPTIDES.stop
    assert result[:n][is_start].isneginf().all()
    expected = length_reward(trajectories.states[:n], condition.at(trajectories.trajectory))
    assert torch.allclose(result[:n][~is_start], expected[~is_start])
    assert torch.equal(result[n:], final)
    assert len(torch.cat(shown)) == int((~is_start & ~is_stop).sum())


def test_rewards_of_prefixes_count_as_reward_calls():
    environment, reward = grid(4)
    plain, prefix = (
        build(loss, environment, reward) for loss in ("trajectory_balance", "prefix_sub_trajectory_balance")
    )
    plain.step()
    prefix.step()
    assert plain.reward_calls == 16 + 8
    assert prefix.reward_calls > plain.reward_calls
    assert prefix.partial_calls == 0


def test_partial_log_rewards_end_at_the_log_reward_and_are_counted_apart(generator: torch.Generator):
    reward = letter_reward(STRINGS)
    trajectories, condition = walks(STRINGS, generator)
    final = reward(trajectories.final_states, condition)
    result = partial_log_rewards(trajectories, final, condition, reward)
    n = trajectories.n_transitions
    assert torch.equal(result[n:], reward.partial(trajectories.final_states, condition))
    assert (result[:n][trajectories.time == 0] == 0).all()
    trainer = build("forward_looking_detailed_balance", STRINGS, reward)
    trainer.step()
    assert (trainer.reward_calls, trainer.partial_calls) == (16 + 8, 8 * 3)


def test_parts_that_are_no_numbers_are_refused(generator: torch.Generator):
    reward = LetterReward(torch.full((2, 3, 4), -torch.inf))
    trajectories, condition = walks(STRINGS, generator)
    with pytest.raises(InvalidLogRewardError, match="partial"):
        partial_log_rewards(trajectories, torch.zeros(32), condition, reward)


class Doubtful:
    """A log-reward whose uncertainty is given."""

    def __init__(self, uncertainty: Tensor) -> None:
        self.uncertainties = uncertainty

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        return length_reward(states, condition)

    def uncertainty(self, states: Tensor) -> Tensor:
        return self.uncertainties[: len(states)]


def test_a_reward_without_uncertainty_is_certain():
    states = STRINGS.states(["AAA", "CCC"])[0]
    assert uncertainties(length_reward, states).tolist() == [0.0, 0.0]
    assert uncertainties(Doubtful(torch.tensor([0.25, 1.0])), states).tolist() == [0.25, 1.0]


@pytest.mark.parametrize("wrong", [[0.5], [0.5, 1.5], [-0.1, 0.5], [float("nan"), 0.5]])
def test_an_uncertainty_is_one_number_from_0_to_1_per_state(wrong: list[float]):
    with pytest.raises(InvalidLogRewardError, match="uncertainty"):
        uncertainties(Doubtful(torch.tensor(wrong)), STRINGS.states(["AAA", "CCC"])[0])
