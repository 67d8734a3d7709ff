"""Routes of a chemistry of letters: the contract, masks, aliases and the target, against full listings."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from environment_walks import check_backward, check_forward, check_states, pick, walk
from exactness import SETTINGS
from toy_reactions import BLOCKS, ToyReactions

from models.domains.molecules.route_environment.made import MissingRouteError
from models.domains.molecules.route_environment.routes import Routes
from models.domains.molecules.route_environment.rows import route_of
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.counting import count_objects, walked_counts
from models.gflownet.density import log_density
from models.gflownet.exact import (
    by_object,
    enumerate_space,
    estimate_log_partition,
    log_shares,
    log_target,
    policy_log_probability,
    total_variation,
)
from models.gflownet.policy import PolicySpec
from models.gflownet.trainer import Trainer

FEATURES = np.random.default_rng(0).normal(size=(len(BLOCKS), 4)).astype(np.float32)


def environment(**fields: object) -> Routes:
    return Routes(ToyReactions(**fields), FEATURES)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_tracked", [True, False])
def test_walks_keep_the_contract(*, is_tracked: bool):
    env = environment(max_steps=3, most=7, is_tracked=is_tracked)
    for states in walk(env, seed=1):
        check_states(env, states)
        rows = states[env.backward_mask(states).any(dim=1)]
        if len(rows):
            check_backward(env, rows, torch.zeros(len(rows), dtype=torch.int64))


@pytest.mark.parametrize("is_tracked", [True, False])
def test_masks_allow_exactly_the_routes_that_can_be_carried_out(*, is_tracked: bool):
    reactions = ToyReactions(most=6, is_tracked=is_tracked)
    space = enumerate_space(Routes(reactions, FEATURES))
    made = {route_of(row) for row in space.final_states.tolist()}
    assert len(made) == len(space)
    texts = {reactions.execute(route) for route in made}
    assert None not in texts
    assert made == {route for text in texts for route in reactions.routes(text)}
    assert made == {route for routes in reactions._routes.values() for route in routes}


def test_no_walk_ends_in_a_dead_end_when_the_limit_of_size_binds():
    env = environment(max_steps=4, most=4)
    generator = torch.Generator().manual_seed(0)
    states = env.reset(300)
    while len(states := states[~env.is_final(states)]):
        mask = env.forward_mask(states)
        assert bool(mask.any(dim=1).all())
        states = check_forward(env, states, pick(mask, generator))


def test_several_routes_are_one_object_with_its_routes_counted():
    env = environment()
    space = enumerate_space(env)
    texts = env.objects(space.final_states)
    counted = Counter(texts)
    assert len(counted) < len(texts)
    expected = torch.tensor([math.log(counted[text]) for text in texts])
    assert torch.allclose(env.log_multiplicity(space.final_states), expected)
    states, owners = env.aliases(space.final_states)
    assert env.objects(states) == [texts[owner] for owner in owners.tolist()]
    assert Counter(owners.tolist()) == {row: counted[text] for row, text in enumerate(texts)}


def test_a_molecule_is_read_as_its_shortest_route_and_others_are_refused():
    env = environment()
    states, is_known = env.states(["XYa"[:2], "aX", "QQ"])
    assert is_known.tolist() == [True, False, False]
    assert env.size(states[:1]).tolist() == [1]
    assert env.objects(states[:1]) == ["XY"]


def test_a_route_that_its_molecule_does_not_list_is_an_error():
    reactions = ToyReactions()
    env = Routes(reactions, FEATURES)
    final = enumerate_space(env).final_states
    reactions.routes("")
    reactions._routes.clear()
    with pytest.raises(MissingRouteError, match="none of its 0 routes"):
        env.log_multiplicity(final)


def test_objects_are_counted_once_whatever_their_routes():
    env = environment()
    texts = set(env.objects(enumerate_space(env).final_states))
    listed = count_objects(env, seed=0)
    assert sum(math.exp(value) for value in listed.log_counts.values()) == pytest.approx(len(texts))
    walked = walked_counts(env, 4000, torch.Generator().manual_seed(0))
    for size, value in listed.log_counts.items():
        assert walked[size] == pytest.approx(value, abs=0.15)


def utilities(env: Routes) -> dict[str, float]:
    texts = sorted(set(env.objects(enumerate_space(env).final_states)))
    return dict(zip(texts, np.random.default_rng(1).uniform(0, 3, len(texts)).tolist(), strict=True))


def trained(env: Routes, steps: int, **fields: object) -> tuple[Trainer, dict[str, float]]:
    values = utilities(env)

    def log_reward(states: torch.Tensor, condition: Condition) -> torch.Tensor:
        return condition.beta * torch.tensor([values[text] for text in env.objects(states)])

    settings = replace(SETTINGS, steps=steps, policy=PolicySpec(width=128), **fields)  # type: ignore[arg-type]
    trainer = Trainer(env, ConditionSampler((1.0, 1.0), 1), log_reward, settings, seed=0)
    trainer.run(steps)
    return trainer, values


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["trajectory_balance", "detailed_balance"])
def test_objects_have_their_target_whatever_their_routes(loss: str):
    env = environment()
    trainer, values = trained(env, 900, loss=loss, local_search_share=0.2)
    space = enumerate_space(env)
    condition = trainer.conditions.fixed(1.0, [1.0])
    log_p = policy_log_probability(space, trainer.policy, condition)
    log_r = torch.tensor([values[text] for text in env.objects(space.final_states)], dtype=torch.float64)
    assert (
        total_variation(by_object(space, log_p), by_object(space, log_target(log_r + log_shares(space))))
        < 0.05
    )
    wrong = by_object(space, log_target(log_r))
    assert total_variation(by_object(space, log_p), wrong) > 0.1

    generator = torch.Generator().manual_seed(0)
    log_px, is_exact = log_density(
        trainer.policy, env, space.final_states, condition.repeat(len(space)), generator
    )
    assert bool(is_exact.all())
    per_object = dict(zip(env.objects(space.final_states), log_px.exp().tolist(), strict=True))
    assert sum(per_object.values()) == pytest.approx(1, abs=1e-5)
    assert list(per_object.values()) == pytest.approx(by_object(space, log_p).exp().tolist(), rel=1e-4)

    log_z = estimate_log_partition(
        trainer.policy,
        env,
        condition.repeat(2000),
        lambda states, _: torch.tensor([values[text] for text in env.objects(states)]),
        generator,
    )
    assert float(log_z) == pytest.approx(
        math.log(sum(math.exp(value) for value in values.values())), abs=0.05
    )


def test_training_that_was_interrupted_goes_on_bit_for_bit():
    env = environment()
    whole, _ = trained(env, 12)
    half, values = trained(env, 0)
    half.settings = replace(half.settings, steps=12)
    half.run(6)
    again, _ = trained(environment(), 0)
    again.settings = half.settings
    again.load(half.save())
    again.run(6)
    del whole, values
    half.run(6)
    theirs = half.policy.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in again.policy.state_dict().items())
