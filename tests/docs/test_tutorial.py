"""The commands of the tutorial run as they stand, and print what the page says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_commands import run_page

from service.local.stack import start_local_stack
from service.settings import Settings


@pytest.fixture
def variables(settings: Settings, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables that the page has a reader set, with a running machine behind them."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with start_local_stack(settings.model_copy(update={"port": 0}), logs=logs) as running:
        assert running.new_key is not None
        yield {"URL": running.url, "KEY": running.new_key}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="the page's commands use curl")
def test_the_tutorial_prints_what_it_says(variables: dict[str, str], tmp_path: Path) -> None:
    run_page("tutorial.md", tmp_path, variables)
