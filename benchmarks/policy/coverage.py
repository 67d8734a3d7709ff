"""Prospective coverage of 90 % intervals on generated batches, round by round, ours and the control's.

From the choices of the other tasks, which store their predictions: with the same --resume folder nothing is
chosen again.
"""

from dataclasses import replace
from pathlib import Path

from benchmarks.campaigns.command import modules
from benchmarks.campaigns.framework import Session
from benchmarks.policy.comparison import Generated, report_coverage


def generated() -> dict[str, Generated]:
    """Return every task that generates batches, by title."""
    found = modules("benchmarks.policy", Path(__file__).parent, "GENERATED")
    return {title: task for module in found for title, task in module.GENERATED.items()}


def run(session: Session) -> None:
    """Report the coverage in every campaign that generates batches."""
    for title, task in generated().items():
        pair = (task.ours, task.control)
        rows = task.replay(replace(session, only_methods=frozenset(pair)))
        if rows:
            report_coverage(session, title, rows, pair)


TASKS = {"coverage": run}
