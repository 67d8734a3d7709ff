"""Does training a policy help? `python -m benchmarks.policy [--task NAME,...] [--seeds N] [--resume FOLDER]`.

Every task replays our rounds beside the control, which searches the same proxies, acquisition, candidate
filter and selection without a policy. Every module of this folder with `TASKS` is discovered.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.campaigns.command import Command, Run, modules, run_campaigns
from benchmarks.report import Report

COMMAND = Command("policy", "Policy: our rounds beside the same proxies searched without one", "--task")


def tasks() -> dict[str, Run]:
    """Return the tasks by name."""
    found = modules("benchmarks.policy", Path(__file__).parent, "TASKS")
    return {name: run for module in found for name, run in module.TASKS.items()}


def main(arguments: Sequence[str] | None = None) -> Report:
    """Replay, print and write."""
    return run_campaigns(COMMAND, tasks(), arguments)


if __name__ == "__main__":
    main()
