"""Run the commands of a page of the documentation as a reader would, and compare what they print."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"^```sh\n(?P<commands>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?", re.DOTALL | re.MULTILINE
)
_END_OF_BLOCK = "-- end of block --"
_SECONDS = 500


def run_page(name: str, folder: Path, variables: Mapping[str, str]) -> None:
    """Run every `sh` block of a page in one shell; a `text` block after one is what it must print."""
    blocks = list(_BLOCK.finditer((ROOT / "docs" / name).read_text(encoding="utf-8")))
    assert len(blocks) > 5
    (folder / "examples").symlink_to(ROOT / "examples")
    script = "set -e\n" + "".join(f"{block['commands']}\necho '{_END_OF_BLOCK}'\n" for block in blocks)
    done = subprocess.run(  # noqa: S603 - our own page
        ["/bin/bash", "-c", script],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    printed = done.stdout.split(f"{_END_OF_BLOCK}\n")
    for block, text in zip(blocks, printed, strict=False):
        if block["printed"] is not None:
            assert _stripped(text) == _stripped(block["printed"]), block["commands"]


def command_on_path(folder: Path) -> str:
    """Make `assayflow` of this checkout a command, and return the search path that finds it."""
    folder.mkdir()
    command = folder / "assayflow"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT}:{ROOT / "tests" / "plugin"} exec {sys.executable} -m assayflow "$@"\n'
    )
    command.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def _stripped(text: str) -> list[str]:
    """Return the lines without blanks at their ends, which an editor removes."""
    return [line.rstrip() for line in text.splitlines()]
