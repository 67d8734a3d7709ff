"""The whole loop with a live Kadi4Mat: a batch is pushed, filled in, pulled, corrected and pulled again."""

from collections.abc import Callable
from typing import Any

import pytest
from connector_loop import play

from service.settings import Settings

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def test_a_correction_in_a_live_kadi4mat_is_what_the_next_round_learns_from(
    make_lab: Callable[..., Any],
    start_worker: Callable[..., Any],
    settings: Settings,
    kadi_server: dict[str, str],
):
    start_worker(connector_hosts="127.0.0.1")
    play(make_lab(size=4, objectives=[{"name": "glow", "units": "nM"}]), settings, kadi_server)
