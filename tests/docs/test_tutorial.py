"""The commands of the tutorial run as they stand, and print what the page says."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.local.stack import start_local_stack
from service.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
_BLOCK = re.compile(
    r"^```sh\n(?P<commands>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?", re.DOTALL | re.MULTILINE
)
_END_OF_BLOCK = "-- end of block --"


@pytest.fixture
def environment(settings: Settings, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables that the page has a reader set, with a running machine behind them."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    logs = tmp_path / "logs"
    logs.mkdir()
    with start_local_stack(settings.model_copy(update={"port": 0}), logs=logs) as running:
        assert running.new_key is not None
        yield {**os.environ, "URL": running.url, "KEY": running.new_key}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="the page's commands use curl")
def test_the_tutorial_prints_what_it_says(environment: dict[str, str], tmp_path: Path) -> None:
    blocks = list(_BLOCK.finditer(PAGE.read_text(encoding="utf-8")))
    assert len(blocks) > 5
    script = "set -e\n" + "".join(f"{block['commands']}\necho '{_END_OF_BLOCK}'\n" for block in blocks)
    done = subprocess.run(  # noqa: S603 - our own page
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    printed = done.stdout.split(f"{_END_OF_BLOCK}\n")
    for block, text in zip(blocks, printed, strict=False):
        if block["printed"] is not None:
            assert text == block["printed"], block["commands"]
