"""Training resumes bit for bit, refuses invalid rewards, and counts reward calls."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from loss_spaces import ArbitraryPrior, grid
from torch import Tensor

from models.checkpoint import CheckpointError
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.losses import get_loss
from models.gflownet.policy import PolicySpec
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import InvalidLogRewardError, Trainer
from models.specs.sampler import LOSSES

ENVIRONMENT = Strings("ACG", 4)
SETTINGS = TrainerSettings(steps=40, trajectories_per_step=16, policy=PolicySpec(width=32), first_estimate=64)


def letter_reward(final_states: Tensor, condition: Condition) -> Tensor:
    counts = torch.stack([(final_states[:, :-1] == 1).sum(1), (final_states[:, :-1] == 2).sum(1)], dim=1)
    return condition.beta * (counts / 4 * condition.preference).sum(1)


def build(settings: TrainerSettings = SETTINGS, seed: int = 3, log_reward=letter_reward) -> Trainer:  # noqa: ANN001
    return Trainer(
        ENVIRONMENT, ConditionSampler((1.0, 8.0), 2), log_reward, settings, seed, ["ACGA", "CCCC", "TOO LONG"]
    )


def bits(trainer: Trainer) -> dict[str, Tensor]:
    tensors, _ = trainer.state_dict()
    return {name: tensor.clone() for name, tensor in tensors.items()}


def assert_same_bits(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def assert_resumes(settings: TrainerSettings, start: Callable[[TrainerSettings, int], Trainer]) -> None:
    whole = start(settings, 3)
    final = whole.run(14)
    first = start(settings, 3)
    first.run(7)
    second = start(settings, 99)
    second.load(first.save())
    assert second.run(7) == final
    assert_same_bits(bits(whole), bits(second))
    assert (second.reward_calls, second.partial_calls) == (whole.reward_calls, whole.partial_calls)


def build_on_grid(settings: TrainerSettings, seed: int) -> Trainer:
    environment, reward = grid(4)
    prior = ArbitraryPrior(environment) if get_loss(settings.loss).needs_prior else None
    conditions, measured = ConditionSampler((1.0, 8.0), 2), ["1,2", "3,3", "9,9"]
    return Trainer(environment, conditions, reward, settings, seed, measured, prior=prior)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("has_learned_backward", [False, True])
def test_resuming_gives_the_same_numbers_bit_for_bit(loss: str, has_learned_backward: bool):  # noqa: FBT001
    policy = PolicySpec(width=32, has_learned_backward=has_learned_backward)
    assert_resumes(replace(SETTINGS, loss=loss, policy=policy), build_on_grid)


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
@pytest.mark.parametrize("has_learned_backward", [False, True])
def test_resuming_with_each_behaviour_too(name: str, has_learned_backward: bool):  # noqa: FBT001
    policy = PolicySpec(width=32, has_learned_backward=has_learned_backward)
    settings = replace(SETTINGS, policy=policy, replay_capacity=12, **{name: 0.5})
    assert_resumes(settings, build_on_grid)
    assert_resumes(settings, build)


def test_resuming_with_published_ranks_and_mates_of_the_policy():
    settings = replace(
        SETTINGS, genetic_share=0.4, replay_share=0.3, genetic_policy_mates=0.5, rank_weights="reciprocal"
    )
    assert_resumes(settings, build_on_grid)


@pytest.mark.parametrize("loss", LOSSES)
def test_resuming_with_queued_trajectories_under_several_conditions(loss: str):
    settings = replace(SETTINGS, loss=loss, steps_per_draw=4, conditions_per_trajectory=3, group_size=4)
    assert_resumes(settings, build_on_grid)


def test_each_object_counts_once_however_many_conditions_it_is_learned_under():
    batches: list[Tensor] = []

    def log_reward(final_states: Tensor, condition: Condition) -> Tensor:
        batches.append(final_states)
        return letter_reward(final_states, condition)

    trainer = build(replace(SETTINGS, conditions_per_trajectory=3, first_estimate=0), log_reward=log_reward)
    trainer.run(2)
    assert trainer.reward_calls == 2 * 16
    own, others = batches[:2]
    assert torch.equal(others, own.repeat(2, 1))


def test_queued_trajectories_need_no_extra_rewards():
    settings = replace(SETTINGS, steps=6, steps_per_draw=4)
    one, several = build(replace(settings, steps_per_draw=1)), build(settings)
    one.run(6)
    several.run(6)
    assert several.reward_calls == one.reward_calls
    assert not any(name.startswith("ahead.") for name in bits(several))


class Remembering:
    """A reward that prepares objects in one batch, and records prepared and unprepared ones."""

    def __init__(self) -> None:
        self.prepared: list[int] = []
        self.known: set[tuple[int, ...]] = set()
        self.surprises = 0

    def prepare(self, states: Tensor) -> None:
        self.prepared.append(len(states))
        self.known |= {tuple(row) for row in states.tolist()}

    def __call__(self, states: Tensor, condition: Condition) -> Tensor:
        self.surprises += len({tuple(row) for row in states.tolist()} - self.known)
        return letter_reward(states, condition)


def test_queued_states_are_prepared_at_once_and_change_nothing():
    settings = replace(SETTINGS, steps_per_draw=4, first_estimate=0)
    reward = Remembering()
    ahead, plain = build(settings, log_reward=reward), build(settings)
    ahead.run(8)
    plain.run(8)
    assert (reward.prepared, reward.surprises) == ([4 * 16] * 2, 0)
    assert_same_bits(bits(ahead), bits(plain))


def test_the_seed_decides_everything():
    one, same, other = build(), build(), build(seed=4)
    for trainer in (one, same, other):
        trainer.run(3)
    assert_same_bits(bits(one), bits(same))
    assert not torch.equal(bits(one)["policy.first.weight"], bits(other)["policy.first.weight"])


@pytest.mark.parametrize("n_conditions", [1, 2])
def test_resuming_with_a_transformer_too(n_conditions: int):
    policy = PolicySpec(trunk="transformer", width=32, has_learned_backward=True)
    shares = {"replay_share": 0.2, "local_search_share": 0.2, "genetic_share": 0.2}
    settings = replace(SETTINGS, policy=policy, conditions_per_trajectory=n_conditions, **shares)
    assert_resumes(settings, build)


def test_a_checkpoint_before_the_first_step_resumes_too():
    untouched = build(seed=8)
    untouched.load(build().save())
    untouched.run(2)
    straight = build()
    straight.run(2)
    assert_same_bits(bits(straight), bits(untouched))


def test_a_checkpoint_of_another_shape_is_refused():
    other = build(replace(SETTINGS, policy=PolicySpec(width=48)))
    with pytest.raises(CheckpointError, match="another shape"):
        other.load(build().save())


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_a_log_reward_that_is_none_is_refused(wrong: float):
    def broken(final_states: Tensor, condition: Condition) -> Tensor:
        log_reward = letter_reward(final_states, condition)
        log_reward[0] = wrong
        return log_reward

    with pytest.raises(InvalidLogRewardError, match=r"NaN or \+inf"):
        build(log_reward=broken).step()


def test_log_rewards_of_the_wrong_shape_are_refused():
    with pytest.raises(InvalidLogRewardError, match="shape"):
        build(log_reward=lambda final_states, _: torch.zeros(len(final_states), 1)).step()


def test_forbidden_objects_count_as_less_than_the_worst_allowed_one():
    seen: list[Tensor] = []

    def log_reward(final_states: Tensor, condition: Condition) -> Tensor:
        values = letter_reward(final_states, condition)
        seen.append(values)
        return values.masked_fill(final_states[:, 0] == 1, -torch.inf)

    trainer = build(log_reward=log_reward)
    metrics = trainer.run(3)
    assert torch.isfinite(torch.tensor(list(metrics.values()))).all()
    assert trainer.lowest_utility == 0.0


def test_what_beta_does_not_multiply_sinks_no_forbidden_object():
    """A chance of success of .0001 costs 9.2 at every temperature, and remains visible at low ones."""

    def log_reward(final_states: Tensor, condition: Condition) -> Tensor:
        values = letter_reward(final_states, condition) - 9.2
        return values.masked_fill(final_states[:, 0] == 1, -torch.inf)

    trainer = build(log_reward=log_reward)
    trainer.run(20)
    states, _ = ENVIRONMENT.states(["ACCC", "ACCC", "GGGG", "GGGG"])
    condition = Condition(torch.tensor([1.0, 8.0, 1.0, 8.0]), torch.full((4, 2), 0.5))
    validated = trainer._validated_log_reward(states, condition)
    assert validated.tolist() == pytest.approx([-9.2 - SETTINGS.forbidden_gap] * 2 + [-9.2] * 2, abs=0.1)


def test_all_forbidden_is_no_crash():
    trainer = build(log_reward=lambda final_states, _: torch.full((len(final_states),), -torch.inf))
    assert trainer.step()["log_reward"] == pytest.approx(-SETTINGS.forbidden_gap)


def test_the_callback_gets_every_tenth_step_and_may_stop_the_run():
    heard: list[int] = []

    def report(steps: int, metrics: dict[str, float]) -> None:
        assert metrics["loss"] >= 0
        heard.append(steps)
        if steps == 20:
            raise KeyboardInterrupt

    trainer = build()
    with pytest.raises(KeyboardInterrupt):
        trainer.run(40, report)
    assert heard == [10, 20]
    assert trainer.steps_done == 20


def test_reward_calls_are_counted():
    trainer = build()
    trainer.run(5)
    assert trainer.reward_calls == 64 + 5 * 16


def test_log_z_starts_near_the_truth():
    trainer = build(replace(SETTINGS, first_estimate=4096))
    trainer.step()
    for beta in (1.0, 8.0):
        condition = trainer.conditions.fixed(beta, (0.5, 0.5))
        strings = torch.cartesian_prod(*[torch.arange(1, 4)] * 4)
        states = torch.cat([strings, torch.full((81, 1), 4)], dim=1)
        truth = letter_reward(states, condition.repeat(81)).logsumexp(0)
        assert trainer.policy.log_z(condition).item() == pytest.approx(float(truth), abs=0.8)


def test_the_learning_rate_decays_to_its_final_share():
    trainer = build()
    trainer.run(40)
    rates = [group["lr"] for group in trainer._optimizer.param_groups]
    assert rates[0] < 0.03 * SETTINGS.learning_rate
    assert rates[1] < 0.03 * SETTINGS.log_z_learning_rate


def test_a_single_condition_trains_a_dedicated_policy():
    def log_reward(final_states: Tensor, condition: Condition) -> Tensor:
        return condition.beta * (final_states[:, :-1] == 1).sum(1) / 4

    trainer = Trainer(ENVIRONMENT, ConditionSampler((2.0, 2.0), 1), log_reward, SETTINGS, seed=0)
    before = trainer.step()["loss"]
    assert trainer.run(39)["loss"] < before
    assert trainer.policy.log_z(trainer.conditions.fixed(2.0)).isfinite().all()


def test_replay_ranks_objects_at_one_temperature_whatever_they_were_seen_at():
    """Terms that beta does not scale would make an unlikely object look better the hotter it was seen."""

    def log_reward(final_states: Tensor, condition: Condition) -> Tensor:
        n_unlikely = (final_states[:, :-1] == 3).sum(1)
        return letter_reward(final_states, condition) - 4.6 * n_unlikely

    trainer = Trainer(ENVIRONMENT, ConditionSampler((1.0, 64.0), 1), single(log_reward), SETTINGS, 3)
    trainer.run(30)
    tensors, _ = trainer.state_dict()
    best = tensors["replay.best"]
    expected = single(log_reward)(best, trainer.conditions.fixed(8.0, n=len(best)))
    assert len(best) > 20
    torch.testing.assert_close(tensors["replay.priority"], expected)


def single(log_reward: Callable[[Tensor, Condition], Tensor]) -> Callable[[Tensor, Condition], Tensor]:
    """Return a log-reward of two objectives as one of the first alone."""

    def of_first(final_states: Tensor, condition: Condition) -> Tensor:
        preference = torch.tensor([[1.0, 0.0]]).expand(len(condition), -1)
        return log_reward(final_states, Condition(condition.beta, preference))

    return of_first
