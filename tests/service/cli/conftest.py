"""A served API with a campaign for the command line, and a simulated worker."""

from collections.abc import Iterator

import pytest
from players import Player, player_of, quietly_serving

from service.settings import Settings
from service.store.session import Sessions


@pytest.fixture(scope="module")
def _served(settings: Settings) -> Iterator[str]:
    with quietly_serving(settings) as url:
        yield url


@pytest.fixture(scope="module")
def player(_served: str, sessions: Sessions) -> Iterator[Player]:
    with player_of(_served, sessions) as made:
        yield made
