"""The behaviours beside replay: their sources, buffers and costs."""

from dataclasses import replace
from threading import Lock

import pytest
import torch
from torch import Tensor

from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.exploration.diverse_replay import DiverseReplay
from models.gflownet.exploration.ema import EMAPolicy
from models.gflownet.exploration.genetic import Genetic
from models.gflownet.exploration.local_search import LocalSearch
from models.gflownet.exploration.mixture import MixtureBehaviour, MixtureComponent
from models.gflownet.exploration.tempered import Tempered
from models.gflownet.exploration.uniform import UniformMixture
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer

ENVIRONMENT = Strings("AB", 4)
CONDITIONS = ConditionSampler((1.0, 4.0), 2)
WIDTH = ENVIRONMENT.state_width


def a_count(states: Tensor, condition: Condition) -> Tensor:
    return condition.beta * (states[:, :-1] == 1).sum(1) * 3


@pytest.fixture
def policy(generator: torch.Generator) -> Policy:
    return Policy(ENVIRONMENT, CONDITIONS, PolicySpec(width=16), generator)


def condition_of(n: int, beta: float = 1.0, preference: tuple[float, float] = (1.0, 0.0)) -> Condition:
    return CONDITIONS.fixed(beta, preference, n=n)


def share_of_a(behaviour: Tempered | EMAPolicy, policy: Policy, generator: torch.Generator) -> float:
    states = behaviour.trajectories(policy, ENVIRONMENT, condition_of(4000), generator).final_states
    return float((states[:, :-1] == 1).float().mean())


def biased(policy: Policy, logit: float) -> Policy:
    """Make every state prefer A by the same logit."""
    assert policy.vocabulary is not None
    with torch.no_grad():
        policy.vocabulary.weight.zero_()
        policy.vocabulary.bias.copy_(torch.tensor([logit, 0.0]))
    return policy


@pytest.mark.parametrize(("temperature", "expected"), [(0.5, 0.982), (1.0, 0.881), (4.0, 0.622)])
def test_tempered_logits_are_divided(
    temperature: float, expected: float, policy: Policy, generator: torch.Generator
) -> None:
    assert share_of_a(Tempered(temperature), biased(policy, 2.0), generator) == pytest.approx(
        expected, abs=0.015
    )


def test_the_average_follows_slowly(policy: Policy, generator: torch.Generator) -> None:
    behaviour = EMAPolicy(biased(policy, 2.0), decay=0.5)
    biased(policy, -2.0)
    assert share_of_a(behaviour, policy, generator) == pytest.approx(0.5, abs=0.02)
    assert share_of_a(behaviour, policy, generator) == pytest.approx(0.269, abs=0.02)
    assert not any(value.requires_grad for value in behaviour.average.parameters())


def test_the_average_shares_the_prior_which_may_not_be_copied(generator: torch.Generator) -> None:
    class Prior:
        lock = Lock()

        def __call__(self, _states: Tensor, mask: Tensor) -> Tensor:
            return mask.float().log() - mask.sum(dim=1, keepdim=True).log()

    prior = Prior()
    policy = Policy(ENVIRONMENT, CONDITIONS, PolicySpec(width=16), generator, prior)
    assert EMAPolicy(policy, 0.5).average.prior is prior


def show(replay: DiverseReplay, texts: list[str], log_rewards: list[float]) -> None:
    states, _ = ENVIRONMENT.states(texts)
    replay.observe(ENVIRONMENT, states, condition_of(len(texts)), torch.tensor(log_rewards))


def test_diverse_replay_keeps_rare_levels_and_draws_the_higher_ones_more_often(
    policy: Policy, generator: torch.Generator
) -> None:
    replay = DiverseReplay(WIDTH, capacity=6, n_levels=4)
    assert not replay.is_ready()
    crowd = ["AAAA", "AAAB", "AABA", "AABB", "ABAA", "ABAB", "ABBA"]
    show(replay, [*crowd, "BBBB", "BAAA"], [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 1.0, 0.5])
    kept = ENVIRONMENT.objects(replay.states)
    assert len(kept) == 6
    assert {"BBBB", "BAAA"} <= set(kept)
    drawn = replay.trajectories(policy, ENVIRONMENT, condition_of(3000), generator).final_states
    texts = ENVIRONMENT.objects(drawn)
    shares = [texts.count(text) / 3000 for text in ("BBBB", "BAAA")]
    assert shares == pytest.approx([0.577, 0.239], abs=0.04)


def test_only_searching_behaviours_have_elites() -> None:
    genetic, uniform = Genetic(WIDTH, capacity=2), UniformMixture(0.1)
    behaviour = MixtureBehaviour([MixtureComponent("genetic", genetic, 0.5)], uniform)
    assert [len(states) for states in behaviour.elites()] == [0]
    states, _ = ENVIRONMENT.states(["AAAA", "BBBB", "AABB"])
    behaviour.observe(ENVIRONMENT, states, condition_of(3), torch.tensor([0.1, 0.9, 0.5]))
    assert [ENVIRONMENT.objects(states) for states in behaviour.elites()] == [["BBBB", "AABB"]]
    assert list(MixtureBehaviour([], uniform).elites()) == []


def test_mates_that_the_policy_samples_pass_their_ends_on(policy: Policy, generator: torch.Generator) -> None:
    states, _ = ENVIRONMENT.states(["AAAA"])
    shares = []
    for policy_mates in (0.0, 1.0):
        genetic = Genetic(WIDTH, 4, policy_mates=policy_mates)
        genetic.observe(ENVIRONMENT, states, condition_of(1), torch.zeros(1))
        bred = genetic.trajectories(biased(policy, -30.0), ENVIRONMENT, condition_of(4000), generator)
        shares.append(float((bred.final_states[:, :-1] == 2).float().mean()))
    # one of four letters is drawn anew, and a crossover (.7) takes half of the mate's
    assert shares == pytest.approx([0.125, 0.125 + 0.75 * 0.7 / 2], abs=0.03)


def test_diverse_replay_keeps_one_of_each_as_seen_last(policy: Policy, generator: torch.Generator) -> None:
    replay = DiverseReplay(WIDTH, capacity=3)
    show(replay, ["AAAA", "BBBB"], [0.1, 0.2])
    show(replay, ["AAAA"], [0.7])
    assert ENVIRONMENT.objects(replay.states) == ["AAAA", "BBBB"]
    assert replay.utility.tolist() == pytest.approx([0.7, 0.2])
    assert len(replay.trajectories(policy, ENVIRONMENT, condition_of(5), generator)) == 5


def test_diverse_replay_distinguishes_conditions(policy: Policy, generator: torch.Generator) -> None:
    replay = DiverseReplay(WIDTH, capacity=16, n_levels=1)
    states, _ = ENVIRONMENT.states(["AAAA", "AAAB", "AABB", "BBBB"])
    preference = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]])
    replay.observe(ENVIRONMENT, states, Condition(torch.ones(4), preference), torch.zeros(4))
    drawn = replay.trajectories(policy, ENVIRONMENT, condition_of(3000), generator).final_states
    assert ENVIRONMENT.objects(drawn).count("BBBB") / 3000 == pytest.approx(0.5, abs=0.04)


def test_shares_are_served_in_order_and_the_rest_by_the_last(
    policy: Policy, generator: torch.Generator
) -> None:
    replay = DiverseReplay(WIDTH, capacity=4)
    shares = MixtureBehaviour(
        [MixtureComponent("diverse", replay, 0.25), MixtureComponent("tempered", Tempered(2.0), 0.5)],
        UniformMixture(0.0),
    )
    assert shares.reward_calls == pytest.approx(0.75)
    show(replay, ["AAAA"], [1.0])
    result = shares.trajectories(biased(policy, -30.0), ENVIRONMENT, condition_of(8), generator)
    assert ENVIRONMENT.objects(result.final_states) == ["AAAA", "AAAA", *["BBBB"] * 6]


def test_wrong_settings_are_refused(policy: Policy) -> None:
    with pytest.raises(ValueError, match="temperature"):
        Tempered(0.0)
    with pytest.raises(ValueError, match="decay"):
        EMAPolicy(policy, 1.0)
    with pytest.raises(ValueError, match="capacity"):
        DiverseReplay(WIDTH, 0)
    with pytest.raises(ValueError, match="depth"):
        LocalSearch(a_count, 0, 1)
    settings = replace(TrainerSettings(), tempered_share=0.9)
    with pytest.raises(ValueError, match=r"tempered 0\.9"):
        Trainer(ENVIRONMENT, CONDITIONS, a_count, settings, 0)
