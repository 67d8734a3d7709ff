"""Objects are decomposed, rebuilt, mutated and recombined in every domain."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from models.backtests.random_baseline import random_objects
from models.backtests.variation import Builder, steps_breed
from models.domains import installed, open_domain

EXAMPLES = [
    pytest.param(kind, fields, id=f"{kind}-{index}")
    for kind, plugin in installed().items()
    for index, (fields, _) in enumerate(plugin.examples[:2])
]


@pytest.mark.parametrize(("kind", "fields"), EXAMPLES)
def test_children_are_allowed_objects(kind: str, fields: Mapping[str, Any]) -> None:
    domain = open_domain(installed()[kind].spec.model_validate(dict(fields)))
    builder, generator = Builder(domain), torch.Generator().manual_seed(0)
    parents = random_objects(builder, 16, 0, set())
    children = steps_breed(domain)(parents, generator)
    assert len(children) == len(builder.actions(parents, generator)) // 2
    assert all(not domain.check(child) for child in children if child)
    assert any(children)


def test_actions_rebuild_their_object(domain: Any) -> None:
    builder, generator = Builder(domain), torch.Generator().manual_seed(0)
    texts = ("00000000", "01010101", "11111110")
    assert tuple(builder.texts(builder.build(builder.actions(texts, generator), generator))) == texts
