"""The reference environments keep the contract, and their exact distributions are the published ones."""

import pytest
import torch
from environment_walks import check_backward, check_states, edges, pick, walk

from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid, hypergrid_log_reward
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import (
    enumerate_space,
    l1_distance,
    log_partition,
    log_target,
    reward_ratio,
    total_variation,
    uniform_log_probability,
)

ENVIRONMENTS = {
    "grid": Hypergrid(3, 4),
    "line": Hypergrid(1, 2),
    "strings": Strings("ACD", 4),
    "n-grams": Strings("ACD", 4, ngram_lengths=(1, 2, 3)),
}


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> Environment:
    return ENVIRONMENTS[request.param]


def test_rollouts_keep_the_contract_and_end_within_max_steps(environment: Environment):
    batches = walk(environment, seed=1)
    for states in batches:
        check_states(environment, states)
    assert environment.is_final(batches[-1]).all()
    assert len(batches) <= environment.max_steps + 1


def test_backward_rollouts_reach_the_start(environment: Environment, generator: torch.Generator):
    states = walk(environment, seed=2)[-1]
    for _ in range(environment.max_steps):
        is_open = environment.backward_mask(states).any(dim=1)
        states[is_open] = check_backward(
            environment, states[is_open], pick(environment.backward_mask(states[is_open]), generator)
        )
    assert torch.equal(states, environment.reset(len(states)))


def test_forward_and_backward_edges_are_the_same_and_distinct(environment: Environment):
    space = enumerate_space(environment)
    states = torch.cat([*(layer.states for layer in space.layers), space.final_states])
    _, forward = edges(environment, states, forward=True)
    _, backward = edges(environment, states, forward=False)
    assert len(set(forward)) == len(forward)
    assert sorted(forward) == sorted(backward)


def test_texts_and_final_states_correspond(environment: Environment):
    states = enumerate_space(environment).final_states
    texts = environment.objects(states)
    again, is_known = environment.states(texts)
    assert len(set(texts)) == len(texts)
    assert is_known.all()
    assert torch.equal(again, states)
    assert not environment.states(["", "no such object"])[1].any()


@pytest.mark.parametrize(("n_dimensions", "log_z"), [(2, 2.776581), (4, 5.100452)])
def test_hypergrid_of_side_8_has_the_exact_log_z(n_dimensions: int, log_z: float):
    points = torch.cartesian_prod(*[torch.arange(8)] * n_dimensions)
    assert float(log_partition(hypergrid_log_reward(points, 8))) == pytest.approx(log_z, abs=1e-6)


def test_enumeration_finds_every_object_once():
    assert len(enumerate_space(Hypergrid(3, 4))) == 4**3
    assert len(enumerate_space(Strings("ACD", 4))) == 3**4


def test_enumeration_refuses_a_large_space():
    with pytest.raises(ValueError, match="too large to enumerate"):
        enumerate_space(Strings("ACDEFGHIKLMNPQRSTVWY", 8), limit=1000)


def test_uniform_policy_on_strings_is_uniform_over_objects():
    space = enumerate_space(Strings("ACD", 4))
    log_p = uniform_log_probability(space)
    assert torch.allclose(log_p.exp(), torch.full((81,), 1 / 81, dtype=torch.float64))
    assert total_variation(log_p, log_target(torch.zeros(81))) == pytest.approx(0.0, abs=1e-9)


def test_uniform_policy_on_a_grid_agrees_with_counting():
    environment = Hypergrid(2, 2)
    space = enumerate_space(environment)
    result = dict(
        zip(environment.objects(space.final_states), uniform_log_probability(space).exp().tolist(), strict=True)
    )
    assert result == pytest.approx({"0,0": 1 / 3, "0,1": 1 / 6, "1,0": 1 / 6, "1,1": 1 / 3})


def test_distances_and_reward_ratio_of_known_distributions():
    log_reward = torch.tensor([1.0, 3.0], dtype=torch.float64).log()
    even = torch.tensor([0.5, 0.5], dtype=torch.float64).log()
    assert total_variation(even, log_target(log_reward)) == pytest.approx(0.25)
    assert l1_distance(even, log_target(log_reward)) == pytest.approx(0.5)
    assert reward_ratio(even, log_reward) == pytest.approx(2.0 / 2.5)
    assert reward_ratio(log_target(log_reward), log_reward) == pytest.approx(1.0)
