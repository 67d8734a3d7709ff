"""Run a test with the fixture `example` or `plugin` once for each installed one."""

import pytest
from domain_examples import Example, names, open_example

from models.domains import installed


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "example" in metafunc.fixturenames:
        ids = [f"{kind}-{index}" for kind, index in names()]
        metafunc.parametrize("example", names(), indirect=True, ids=ids, scope="session")
    if "plugin" in metafunc.fixturenames:
        metafunc.parametrize("plugin", list(installed().values()), ids=list(installed()), scope="session")


@pytest.fixture(scope="session")
def example(request: pytest.FixtureRequest) -> Example:
    return open_example(*request.param)
