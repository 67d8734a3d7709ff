"""Replay keeps the best distinct objects and rolls out backward from these and from measured ones."""

import pytest
import torch

from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.exploration.replay import Replay
from models.gflownet.exploration.uniform import UniformMixture
from models.gflownet.policy import Policy, PolicySpec

ENVIRONMENT = Strings("AB", 3)
CONDITIONS = ConditionSampler((1.0, 4.0), 1)


def show(replay: Replay, texts: list[str], log_rewards: list[float]) -> None:
    states, _ = ENVIRONMENT.states(texts)
    condition = CONDITIONS.fixed(CONDITIONS.middle_beta, n=len(texts))
    replay.observe(ENVIRONMENT, states, condition, torch.tensor(log_rewards))


def kept(replay: Replay) -> list[str]:
    return ENVIRONMENT.objects(replay.archive.best)


def empty() -> torch.Tensor:
    return ENVIRONMENT.reset(0)


def test_the_best_distinct_objects_are_kept_in_order():
    replay = Replay(empty(), capacity=3)
    show(replay, ["AAA", "AAB", "AAA"], [0.1, 0.9, 0.3])
    assert kept(replay) == ["AAB", "AAA"]
    show(replay, ["ABB", "BBB", "BAA"], [0.5, 0.05, 1.0])
    assert kept(replay) == ["BAA", "AAB", "ABB"]
    show(replay, ["BBA"], [0.2])
    assert kept(replay) == ["BAA", "AAB", "ABB"]
    show(replay, ["ABB"], [2.0])
    assert kept(replay) == ["ABB", "BAA", "AAB"]
    assert replay.archive.priority.tolist() == pytest.approx([2.0, 1.0, 0.9])


def walked(replay: Replay, n: int, generator: torch.Generator, beta: float | None = None) -> list[str]:
    policy = Policy(ENVIRONMENT, CONDITIONS, PolicySpec(width=8), generator)
    condition: Condition = CONDITIONS.fixed(beta, n=n) if beta else CONDITIONS.sample(n, generator)
    return ENVIRONMENT.objects(replay.trajectories(policy, ENVIRONMENT, condition, generator).final_states)


def test_shares_of_measured_and_best_objects(generator: torch.Generator):
    replay = Replay(ENVIRONMENT.states(["AAA"])[0], capacity=2, measured_share=0.25)
    assert set(walked(replay, 8, generator)) == {"AAA"}
    show(replay, ["BBB"], [1.0])
    texts = walked(replay, 8, generator)
    assert (texts.count("AAA"), texts.count("BBB")) == (2, 6)


def test_without_objects_it_is_not_ready():
    replay = Replay(empty(), capacity=2)
    assert not replay.is_ready()
    show(replay, ["BBB"], [1.0])
    assert replay.is_ready()


@pytest.mark.parametrize(
    ("beta", "expected"),
    [
        (0.1, [0.25, 0.25, 0.25, 0.25]),
        (2.0, [0.5, 0.207, 0.159, 0.134]),
        (4.0, [0.707, 0.134, 0.090, 0.069]),
        (64.0, [0.794, 0.097, 0.062, 0.047]),
    ],
)
def test_better_objects_are_drawn_more_often_the_more_so_for_high_betas(
    generator: torch.Generator, beta: float, expected: list[float]
):
    replay = Replay(empty(), capacity=4, middle_beta=2.0)
    show(replay, ["AAA", "AAB", "ABA", "ABB"], [4.0, 3.0, 2.0, 1.0])
    texts = walked(replay, 4000, generator, beta)
    counts = [texts.count(text) / 4000 for text in ("AAA", "AAB", "ABA", "ABB")]
    assert counts == pytest.approx(expected, abs=0.03)


def test_its_state_comes_back():
    one, other = Replay(empty(), capacity=3), Replay(empty(), capacity=3)
    show(one, ["AAA", "AAB"], [0.1, 0.9])
    other.load_state_dict(one.state_dict())
    show(one, ["BBB"], [0.5])
    show(other, ["BBB"], [0.5])
    assert kept(one) == kept(other) == ["AAB", "BBB", "AAA"]


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="capacity"):
        Replay(empty(), capacity=0)
    with pytest.raises(ValueError, match="epsilon"):
        UniformMixture(1.5)
