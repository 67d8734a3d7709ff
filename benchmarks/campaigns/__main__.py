"""Replay campaigns: `python -m benchmarks.campaigns [--only NAME,...] [--seeds N] [--resume FOLDER]`.

Every module of this folder with a `NAME` and a `run(session)` is a campaign, discovered by name.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.campaigns.command import Command, Run, modules, run_campaigns
from benchmarks.report import Report

COMMAND = Command(
    "campaigns", "Campaigns: published tasks replayed, every method from the same start", "--only"
)


def installed() -> dict[str, Run]:
    """Return the campaigns by name."""
    found = modules("benchmarks.campaigns", Path(__file__).parent, "NAME")
    return {module.NAME: module.run for module in found}


def main(arguments: Sequence[str] | None = None) -> Report:
    """Replay, print and write."""
    return run_campaigns(COMMAND, installed(), arguments)


if __name__ == "__main__":
    main()
