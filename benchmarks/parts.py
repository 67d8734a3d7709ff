"""Benchmarks of several parts, some of which need a measured table."""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.report import Report, run
from benchmarks.tables.catalogue import why_absent

Parts = Mapping[str, tuple[Callable[..., None], str | None]]
"""Name -> what fills the report, and the measured table that it needs."""


def run_parts(title: str, available: Parts) -> None:
    """Run the chosen parts; one whose table is absent leaves a note instead."""

    def measure(report: Report, quick: bool, parts: Sequence[str]) -> None:  # noqa: FBT001 - as `run` calls it
        for name in parts:
            action, table = available[name]
            if table is not None and (absent := why_absent(table)):
                report.notes.append(f"{name}: {absent}")
            else:
                action(report, quick=quick)

    run(title, measure, parts=tuple(available))
