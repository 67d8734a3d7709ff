"""Forward and backward rollouts agree with the exact distribution and the policy's probabilities."""

import pytest
import torch

from models.gflownet import sampler
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space, estimate_log_partition, policy_log_probability
from models.gflownet.exploration.uniform import UniformMixture
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.sampler import OPEN, GumbelSampler, log_probability, rollout_backward, rollout_forward, sample
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories, join

CONDITIONS = ConditionSampler((1.0, 8.0), 2)
ENVIRONMENTS: dict[str, Environment] = {"grid": Hypergrid(2, 4), "strings": Strings("ACG", 3)}


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> Environment:
    return ENVIRONMENTS[request.param]


def uneven_policy(environment: Environment, *, has_learned_backward: bool = False) -> Policy:
    spec = PolicySpec(width=32, has_learned_backward=has_learned_backward)
    generator = torch.Generator().manual_seed(11)
    policy = Policy(environment, CONDITIONS, spec, generator)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return policy


def assert_contract(trajectories: Trajectories) -> None:
    environment, n = trajectories.environment, trajectories.n_transitions
    before, after = trajectories.states[:n], trajectories.states[trajectories.following()]
    assert trajectories.forward_mask.gather(1, trajectories.actions.unsqueeze(1)).all()
    assert torch.equal(environment.key(environment.step(before, trajectories.actions)), environment.key(after))
    assert torch.equal(
        environment.key(environment.backward_step(after, trajectories.backward_actions)), environment.key(before)
    )
    starts = before[trajectories.time == 0]
    assert torch.equal(starts, environment.reset(len(trajectories)))
    assert environment.is_final(trajectories.final_states).all()
    assert torch.equal(trajectories.total(torch.ones(n)).long(), trajectories.lengths)
    assert torch.equal(trajectories.features.encoding, environment.encode(trajectories.states))


def test_draws_follow_the_softmax_and_never_take_a_closed_action(generator: torch.Generator):
    logits = torch.tensor([[0.0, 1.0, 5.0, 2.0]])
    mask = torch.tensor([[True, True, False, True]])
    draws = GumbelSampler(generator)
    for n in (40_000, 20_000):
        counts = torch.bincount(draws.draw(logits.repeat(n, 1), mask.repeat(n, 1)), minlength=4) / n
        assert torch.allclose(counts, logits.masked_fill(~mask, -torch.inf)[0].softmax(0), atol=0.015)
        assert counts[2] == 0


@pytest.mark.parametrize("extreme", [OPEN[0], 1 - 2**-24], ids=["least", "greatest"])
def test_the_only_allowed_action_is_drawn_whatever_the_noise(
    extreme: float, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert torch.tensor(extreme).log().neg().log().isfinite()
    monkeypatch.setattr(sampler, "OPEN", (extreme, extreme))
    only = torch.eye(3, dtype=torch.bool)
    assert GumbelSampler(generator).draw(torch.zeros(3, 3), only).tolist() == [0, 1, 2]


def test_draws_of_small_batches_are_fresh_at_every_step(generator: torch.Generator):
    draws = GumbelSampler(generator)
    open_rows = torch.ones(3, 4, dtype=torch.bool)
    drawn = torch.stack([draws.draw(torch.zeros(n, 4), open_rows[:n])[0] for n in [3] * 2000 + [2] * 2000])
    pairs = torch.bincount(drawn[:-1] * 4 + drawn[1:], minlength=16) / len(drawn)
    assert torch.allclose(pairs, torch.full((16,), 1 / 16), atol=0.02)


def test_forward_rollouts_keep_the_contract(environment: Environment, generator: torch.Generator):
    policy = uneven_policy(environment)
    assert_contract(rollout_forward(policy, environment, CONDITIONS.sample(40, generator), generator))


@pytest.mark.parametrize("has_learned_backward", [False, True])
def test_backward_rollouts_keep_the_contract(
    environment: Environment,
    generator: torch.Generator,
    has_learned_backward: bool,  # noqa: FBT001 - a parameter of the test
):
    policy = uneven_policy(environment, has_learned_backward=has_learned_backward)
    states = enumerate_space(environment).final_states
    trajectories = rollout_backward(policy, environment, states, CONDITIONS.sample(len(states), generator), generator)
    assert torch.equal(trajectories.final_states, states)
    assert_contract(trajectories)


def test_joined_batches_score_like_their_parts(environment: Environment, generator: torch.Generator):
    policy = uneven_policy(environment, has_learned_backward=True)
    condition = CONDITIONS.sample(30, generator)
    first = rollout_forward(policy, environment, condition.at(slice(0, 10)), generator)
    states = enumerate_space(environment).final_states[-20:]
    second = rollout_backward(policy, environment, states[:16], condition.at(slice(10, 26)), generator)
    both = join([first, second])
    assert_contract(both)
    apart = [
        part.total(scores.log_pf - 2 * scores.log_pb)
        for part, rows in ((first, slice(0, 10)), (second, slice(10, 26)))
        for scores in [score(policy, part, condition.at(rows))]
    ]
    scores = score(policy, both, condition.at(slice(0, 26)))
    assert torch.allclose(both.total(scores.log_pf - 2 * scores.log_pb), torch.cat(apart), atol=1e-4)


def test_samples_follow_the_exact_distribution(environment: Environment, generator: torch.Generator):
    policy = uneven_policy(environment)
    condition = CONDITIONS.fixed(3.0, (0.2, 0.8))
    space = enumerate_space(environment)
    exact = policy_log_probability(space, policy, condition).exp()
    drawn = sample(policy, environment, condition, 20_000, generator)
    index = torch.searchsorted(*sorted_keys(environment, space.final_states, drawn.final_states))
    result = torch.bincount(index, minlength=len(space)) / 20_000
    order = environment.key(space.final_states).argsort()
    assert float((result - exact[order]).abs().sum()) < 0.06


def sorted_keys(environment: Environment, every: torch.Tensor, some: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return environment.key(every).sort().values, environment.key(some)


def test_log_pf_of_append_only_samples_is_the_exact_log_probability(generator: torch.Generator):
    environment = ENVIRONMENTS["strings"]
    policy = uneven_policy(environment)
    condition = CONDITIONS.fixed(5.0, (0.5, 0.5))
    space = enumerate_space(environment)
    exact = policy_log_probability(space, policy, condition)
    by_text = dict(zip(environment.objects(space.final_states), exact.tolist(), strict=True))
    drawn = sample(policy, environment, condition, 50, generator)
    expected = torch.tensor([by_text[text] for text in environment.objects(drawn.final_states)])
    assert torch.allclose(drawn.log_pf, expected, atol=1e-4)
    marginal = log_probability(policy, environment, drawn.final_states, condition, generator, k=1)
    assert torch.allclose(marginal.float(), expected, atol=1e-4)


@pytest.mark.parametrize("has_learned_backward", [False, True])
def test_backward_rollouts_estimate_the_marginal(generator: torch.Generator, has_learned_backward: bool):  # noqa: FBT001
    environment = ENVIRONMENTS["grid"]
    policy = uneven_policy(environment, has_learned_backward=has_learned_backward)
    condition = CONDITIONS.fixed(2.0, (0.5, 0.5))
    space = enumerate_space(environment)
    exact = policy_log_probability(space, policy, condition)
    result = log_probability(policy, environment, space.final_states, condition, generator, k=4000)
    assert torch.allclose(result.exp(), exact.exp(), rtol=0.15, atol=1e-3)


def test_importance_weights_find_log_z(generator: torch.Generator):
    environment = ENVIRONMENTS["grid"]
    policy = uneven_policy(environment)
    n = len(enumerate_space(environment))
    condition = CONDITIONS.fixed(1.0, (1.0, 0.0), n=40_000)
    log_z = estimate_log_partition(
        policy, environment, condition, lambda states, _: torch.zeros(len(states)), generator
    )
    assert float(log_z) == pytest.approx(float(torch.tensor(n).log()), abs=0.15)


def test_the_behaviour_samples_and_the_policy_scores(generator: torch.Generator):
    environment = ENVIRONMENTS["strings"]
    policy = uneven_policy(environment)
    condition = CONDITIONS.fixed(8.0, (1.0, 0.0), n=500)
    explored = UniformMixture(1.0).trajectories(policy, environment, condition, generator)
    log_pf = explored.total(score(policy, explored, condition).log_pf)
    exact = log_probability(policy, environment, explored.final_states, condition, generator, k=1)
    assert torch.allclose(log_pf, exact.float(), atol=1e-4)
    counts = torch.bincount(explored.actions, minlength=3) / explored.n_transitions
    assert torch.allclose(counts, torch.full((3,), 1 / 3), atol=0.05)


def test_a_wrong_number_of_conditions_is_refused(generator: torch.Generator):
    environment = ENVIRONMENTS["grid"]
    with pytest.raises(ValueError, match="give 1 or 5"):
        sample(uneven_policy(environment), environment, CONDITIONS.sample(3, generator), 5, generator)
