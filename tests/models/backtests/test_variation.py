"""Objects are taken apart and put together again, mutated and recombined, in every domain."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from models.backtests.chance import random_objects
from models.backtests.variation import NONE, Builder, cross, mutate
from models.domains import installed, open_domain

EXAMPLES = [
    pytest.param(kind, fields, id=f"{kind}-{place}")
    for kind, plugin in installed().items()
    for place, (fields, _) in enumerate(plugin.examples[:2])
]


@pytest.mark.parametrize(("kind", "fields"), EXAMPLES)
def test_children_are_allowed_objects(kind: str, fields: Mapping[str, Any]) -> None:
    domain = open_domain(installed()[kind].spec.model_validate(dict(fields)))
    builder, generator = Builder(domain), torch.Generator().manual_seed(0)
    parents = random_objects(builder, 16, 0, set())
    actions = builder.actions(parents, generator)
    crossed = cross(actions, actions.flip(0), generator)
    children = builder.texts(builder.build(mutate(crossed, builder.environment.n_actions, 0.1, generator), generator))
    assert len(children) == len(actions)
    assert all(not domain.check(child) for child in children if child)
    assert any(child and child != parent for child, parent in zip(children, parents, strict=False))


def test_actions_rebuild_their_object(domain: Any) -> None:
    builder, generator = Builder(domain), torch.Generator().manual_seed(0)
    texts = ("00000000", "01010101", "11111110")
    assert tuple(builder.texts(builder.build(builder.actions(texts, generator), generator))) == texts


def test_a_mutation_changes_only_what_is_there() -> None:
    actions = torch.tensor([[1, 2, NONE, NONE], [0, 1, 2, 3]])
    changed = mutate(actions.repeat(200, 1), 50, 0.0, torch.Generator().manual_seed(0))
    assert bool((changed[::2, 2:] == NONE).all())
    assert bool(((changed != actions.repeat(200, 1)).sum(dim=1) <= 1).all())


def test_a_crossover_begins_as_one_parent_and_ends_as_the_other() -> None:
    left, right = torch.zeros(100, 6, dtype=torch.int64), torch.ones(100, 6, dtype=torch.int64)
    child = cross(left, right, torch.Generator().manual_seed(0))
    assert bool((child.diff(dim=1) >= 0).all())
    assert 0 < int(child.sum()) < child.numel()
