"""A restricted environment builds the objects of its list and nothing else, in every domain."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from models.backtests.random_baseline import random_objects
from models.backtests.table_environment import RestrictedEnvironment, ancestors
from models.backtests.variation import Builder
from models.domains import installed, open_domain
from models.gflownet.exact import enumerate_space

EXAMPLES = [
    pytest.param(kind, fields, id=f"{kind}-{index}")
    for kind, plugin in installed().items()
    for index, (fields, _) in enumerate(plugin.examples[:2])
]


@pytest.mark.parametrize(("kind", "fields"), EXAMPLES)
def test_only_the_objects_of_the_list_can_be_built(kind: str, fields: Mapping[str, Any]) -> None:
    domain = open_domain(installed()[kind].spec.model_validate(dict(fields)))
    builder = Builder(domain)
    listed = random_objects(builder, 12, 0, set())
    environment = RestrictedEnvironment(builder.environment, listed)
    space = enumerate_space(environment)
    assert set(environment.objects(space.final_states)) == set(listed)


def test_a_state_on_the_way_leads_somewhere(lab: Any, domain: Any) -> None:
    environment = RestrictedEnvironment(domain.environment([]), lab.objects)
    for layer in enumerate_space(environment).layers:
        assert bool(environment.forward_mask(layer.states).any(dim=1).all())


def test_too_many_states_on_the_way_are_refused(lab: Any, domain: Any) -> None:
    environment = domain.environment([])
    finals, _ = environment.states(lab.objects)
    with pytest.raises(ValueError, match="more than 10 states"):
        ancestors(environment, finals, limit=10)


def test_objects_that_cannot_be_built_are_refused(domain: Any) -> None:
    with pytest.raises(ValueError, match="none of the objects"):
        RestrictedEnvironment(domain.environment([]), ["0101010101010101"])


def test_masks_do_not_depend_on_earlier_calls(lab: Any, domain: Any) -> None:
    plain = domain.environment([])
    environment = RestrictedEnvironment(plain, lab.objects[:7])
    states = torch.cat([layer.states for layer in enumerate_space(environment).layers])
    fresh = RestrictedEnvironment(plain, lab.objects[:7])
    assert torch.equal(environment.forward_mask(states), fresh.forward_mask(states.flip(0)).flip(0))
