"""Opening a specification in one call, and every object an environment can build."""

from collections.abc import Callable
from typing import Any

import pytest

from models.domains.contract import Domain
from models.domains.materials import PLUGIN
from models.domains.materials.spec import MaterialsSpec
from models.gflownet.environment import Environment
from models.gflownet.exact import enumerate_space


@pytest.fixture(scope="session")
def open_spec() -> Callable[..., Domain]:
    def open_one(space: str, **fields: Any) -> Domain:
        return PLUGIN.open(MaterialsSpec.model_validate({"kind": "materials", "space": space, **fields}))

    return open_one


@pytest.fixture(scope="session")
def constructible() -> Callable[[Environment], list[str]]:
    def list_objects(environment: Environment) -> list[str]:
        return environment.objects(enumerate_space(environment).final_states)

    return list_objects
