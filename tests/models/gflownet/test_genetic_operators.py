"""Actions are mutated and recombined like strings."""

import pytest
import torch
from domain_examples import names, open_example

from models.gflownet.genetic_operators import NONE, breed, build, complete, crossover, decompose, mutate


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


@pytest.mark.parametrize(("kind", "index"), names())
def test_what_is_taken_apart_is_built_again_in_every_domain(kind: str, index: int) -> None:
    example = open_example(kind, index)
    environment = example.domain.environment(example.texts)
    generator = torch.Generator().manual_seed(0)
    states = complete(environment, environment.reset(60), generator)
    rebuilt = build(environment, decompose(environment, states, generator), generator)
    assert torch.equal(environment.key(rebuilt), environment.key(states))
