"""Actions are mutated and recombined like strings."""

import pytest
import torch
from domain_examples import names, open_example
from loss_spaces import ArbitraryPrior

from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space, prior_log_probability
from models.gflownet.genetic_operators import (
    FRESH,
    NONE,
    breed,
    build,
    build_by_prior,
    complete,
    crossover,
    decompose,
    mutate,
)


def test_a_mutation_changes_only_what_is_there() -> None:
    actions = torch.tensor([[1, 2, NONE, NONE], [0, 1, 2, 3]])
    changed = mutate(actions.repeat(200, 1), 50, 0.0, torch.Generator().manual_seed(0))
    assert bool((changed[::2, 2:] == NONE).all())
    assert bool(((changed != actions.repeat(200, 1)).sum(dim=1) <= 1).all())


def test_a_crossover_begins_as_one_parent_and_ends_as_the_other() -> None:
    left, right = torch.zeros(100, 6, dtype=torch.int64), torch.ones(100, 6, dtype=torch.int64)
    child = crossover(left, right, torch.Generator().manual_seed(0))
    assert bool((child.diff(dim=1) >= 0).all())
    assert 0 < int(child.sum()) < child.numel()


def test_children_take_after_the_first_half_of_their_parents() -> None:
    parents = torch.cat([torch.zeros(200, 12, dtype=torch.int64), torch.ones(200, 12, dtype=torch.int64)])
    bred = breed(parents, 2, torch.Generator().manual_seed(0))
    assert bred.shape == (200, 12)
    assert 0.2 < float(bred.double().mean()) < 0.5


def test_without_a_number_of_actions_mutations_are_left_to_a_prior() -> None:
    actions = torch.tensor([[1, 2, NONE, NONE], [0, 1, 2, 3]]).repeat(50, 1)
    changed = mutate(actions, None, 0.0, torch.Generator().manual_seed(0))
    assert bool(((changed == FRESH).sum(dim=1) == 1).all())
    assert torch.equal(changed.where(changed != FRESH, actions), actions)


def test_actions_rebuild_the_same_object_beside_a_prior_and_tell_the_density_of_the_way() -> None:
    environment = Hypergrid(2, 5)
    states = enumerate_space(environment).final_states
    ways = decompose(environment, states, torch.Generator().manual_seed(0))
    prior = ArbitraryPrior(environment)
    built, log_p = build_by_prior(environment, ways, prior, torch.Generator())
    assert torch.equal(built, states)
    assert torch.equal(built, build(environment, ways, torch.Generator()))
    at = environment.reset(1)
    total = 0.0
    for action in ways[7][ways[7] >= 0]:
        mask = environment.forward_mask(at)
        total += float(prior(at, mask)[0, action])
        at = environment.step(at, action.view(1))
    assert abs(float(log_p[7]) - total) < 1e-4


def test_what_is_fresh_is_drawn_from_the_prior() -> None:
    environment = Strings("ABC", 3)
    prior, n = ArbitraryPrior(environment), 20_000
    fresh = torch.full((n, 2), FRESH)
    built, _ = build_by_prior(environment, fresh, prior, torch.Generator().manual_seed(0))
    space = enumerate_space(environment)
    keys = environment.key(space.final_states)
    counts = (environment.key(built).unsqueeze(1) == keys).sum(dim=0)
    expected = prior_log_probability(space, prior).exp()
    torch.testing.assert_close(counts / n, expected.float(), atol=0.01, rtol=0)


@pytest.mark.parametrize(("kind", "index"), names())
def test_what_is_taken_apart_is_built_again_in_every_domain(kind: str, index: int) -> None:
    example = open_example(kind, index)
    environment = example.domain.environment(example.texts)
    generator = torch.Generator().manual_seed(0)
    states = complete(environment, environment.reset(60), generator)
    rebuilt = build(environment, decompose(environment, states, generator), generator)
    assert torch.equal(environment.key(rebuilt), environment.key(states))
