"""What tests of several rooms of the science share."""

from collections.abc import Iterator

import pytest

from models.proxies import deep_ensemble, random_forest


@pytest.fixture(scope="module")
def quick_proxies() -> Iterator[None]:
    """Train proxies less, for tests in which nothing depends on how well they are trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 20)
        patch.setattr(random_forest, "TREES", 10)
        yield
