"""The walk-through of the shell and the page of the Python client run as they stand, on a real machine."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_commands import ROOT, command_on_path, run_page

from service.local.stack import start_local_stack
from service.settings import Settings

_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def variables(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that the pages have a reader set, with a running machine behind them."""
    logs = tmp_path_factory.mktemp("logs")
    with start_local_stack(settings.model_copy(update={"port": 0}), logs=logs) as running:
        assert running.new_key is not None
        yield {"ASSAYFLOW_URL": running.url, "ASSAYFLOW_API_KEY": running.new_key}


@pytest.mark.slow
def test_the_walk_through_prints_what_it_says(variables: dict[str, str], tmp_path: Path) -> None:
    run_page("walkthrough.md", tmp_path, {**variables, "PATH": command_on_path(tmp_path / "bin")})


@pytest.mark.slow
def test_the_page_of_the_client_runs(variables: dict[str, str], tmp_path: Path) -> None:
    blocks = _PYTHON.findall((ROOT / "docs" / "client.md").read_text(encoding="utf-8"))
    assert len(blocks) > 5
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own page
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path,
        env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
