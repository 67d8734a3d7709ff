"""The whole loop through a connector, in worker processes: what a lab corrects, the next round knows."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from connector_loop import play
from fakes.kadi4mat import make_fake

from service.settings import Settings

pytestmark = pytest.mark.slow


def test_a_correction_in_the_labs_system_is_what_the_next_round_learns_from(
    make_lab: Callable[..., Any], start_worker: Callable[..., Any], settings: Settings
):
    start_worker(connector_hosts="127.0.0.1")
    lab = make_lab(size=4, objectives=[{"name": "glow", "units": "nM"}])
    with closing(make_fake()) as fake:
        tokens = {"token": "pat_robot", "lab_token": "pat_lab"}
        play(lab, settings, {"base_url": fake.base_url, **tokens})
