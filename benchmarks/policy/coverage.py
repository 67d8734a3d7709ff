"""Prospective coverage of 90 % intervals on generated batches, round by round, ours and the control's.

From the choices of the other tasks in the same --resume folder, which store their predictions. Nothing is
chosen here: seeds that the other tasks have not completed are left out.
"""

import math
from dataclasses import replace
from pathlib import Path

from benchmarks.campaigns.command import modules
from benchmarks.campaigns.framework import Session
from benchmarks.policy.comparison import Generated, report_coverage

NO_TIME = -math.inf
"""Deadline of a session that makes no choice."""


def generated() -> dict[str, Generated]:
    """Return every task that generates batches, by title."""
    found = modules("benchmarks.policy", Path(__file__).parent, "GENERATED")
    return {title: task for module in found for title, task in module.GENERATED.items()}


def run(session: Session) -> None:
    """Report the coverage in every stored campaign that generates batches."""
    if session.folder is None:
        session.report.notes.append("coverage: needs --resume with the choices of other tasks")
        return
    stored = replace(session, deadline=NO_TIME)
    for title, task in generated().items():
        pair = (task.ours, task.control)
        rows = task.replay(replace(stored, only_methods=frozenset(pair)))
        if rows:
            report_coverage(session, title, rows, pair)


TASKS = {"coverage": run}
