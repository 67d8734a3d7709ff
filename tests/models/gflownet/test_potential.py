"""A learned potential shares an object's log-reward among its steps, and never moves the optimum."""

import torch
from loss_spaces import letter_reward
from torch import Generator, Tensor

from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.potential import PotentialTraining
from models.gflownet.sampler import rollout_forward
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer

STRINGS = Strings("ACG", 4)
CONDITIONS = ConditionSampler((1.0, 4.0), 2)


def test_a_potential_learns_what_an_additive_reward_has_gained_so_far():
    reward = letter_reward(STRINGS)
    generator = Generator().manual_seed(0)
    policy = Policy(STRINGS, CONDITIONS, PolicySpec(width=16), generator)
    training = PotentialTraining(STRINGS, CONDITIONS, 1e-2, 0)
    errors = []
    for _ in range(400):
        condition = CONDITIONS.sample(64, generator)
        with torch.no_grad():
            walks = rollout_forward(policy, STRINGS, condition, generator)
        final = reward(walks.final_states, condition)
        told = training.partial_log_rewards(walks, final, condition)
        n = walks.n_transitions
        truth = reward.partial(walks.states[:n], condition.at(walks.trajectory))
        assert torch.equal(told[n:], final)
        assert bool((told[:n][walks.time == 0] == 0).all())
        later = walks.time > 0
        centred = truth - truth[later].mean()
        errors.append(float((told[:n] - truth)[later].square().mean() / centred[later].square().mean()))
    assert sum(errors[-20:]) / 20 < 0.5 * sum(errors[:20]) / 20


def test_a_resumed_potential_goes_on_bit_for_bit():
    def reward(states: Tensor, condition: Condition) -> Tensor:
        return condition.beta * (states[:, 0] == 1).float()

    def start(seed: int) -> Trainer:
        settings = TrainerSettings(
            loss="forward_looking_detailed_balance", steps=12, policy=PolicySpec(width=16)
        )
        return Trainer(STRINGS, CONDITIONS, reward, settings, seed)

    whole, first, second = start(1), start(1), start(2)
    whole.run(12)
    first.run(5)
    second.load(first.save())
    second.run(7)
    expected, found = whole.state_dict()[0], second.state_dict()[0]
    assert any(name.startswith("potential.optimizer.") for name in expected)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
