"""Print the demonstration on a terminal, or as plain lines elsewhere. Uses no HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from rich.markup import escape
from rich.table import Table

from service.demo.outcome import goal_text
from service.terminal import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rich.console import Console

    from assayflow.client.events import Event
    from service.demo.labs.case import Case
    from service.demo.outcome import Line


@final
class Printer:
    """Print to one console."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or tables.console()

    def say(self, text: str) -> None:
        """Print one line without markup."""
        self.console.print(escape(text), soft_wrap=True)

    def head(self, text: str) -> None:
        """Print a heading."""
        self.console.print()
        self.console.rule(f"[bold]{escape(text)}", align="left")

    def opening(self, case: Case, spec: Mapping[str, Any]) -> None:
        """Print the steps of the demonstration, and which data are real and which simulated."""
        self.head(f"Assayflow: {case.title}")
        wanted = "; ".join(f"{objective['name']}: {goal_text(objective)}" for objective in spec["objectives"])
        self.say(f"wanted     {wanted}")
        self.say(f"real       {case.source}; every prediction, training run and choice")
        self.say(f"SIMULATED  the lab that 'measures' the proposals: {case.simulation}")

    def report(self, report: Mapping[str, Any]) -> None:
        """Print the report of an upload."""
        first, *reasons = tables.report_lines(report)
        self.say(f"uploaded: {first}")
        for line in reasons:
            self.say(line)

    def progress(self, title: str) -> AbstractContextManager[Callable[[Event], None]]:
        """Show progress within a block: what it yields is called with each event."""
        return tables.progress(self.console, title)

    def batch(self, candidates: Sequence[Mapping[str, Any]], objectives: Sequence[Mapping[str, Any]]) -> None:
        """Print a batch as a table, and the first candidate's reason."""
        self.console.print(tables.batch_table(candidates, objectives))
        if candidates:
            self.say(f"why the first one: {candidates[0]['reason']}")

    def samples(self, answer: Mapping[str, Any], objectives: Sequence[Mapping[str, Any]]) -> None:
        """Print samples as a table, and a summary of the sampling."""
        self.console.print(tables.samples_table(answer["samples"], objectives))
        if answer["samples"]:
            self.say(f"why the first one: {answer['samples'][0]['reason']}")
        for statement in answer["summary"].get("statements", []):
            self.say(f"note: {statement}")

    def predictions(self, answer: Mapping[str, Any], objectives: Sequence[Mapping[str, Any]]) -> None:
        """Print predictions of your own objects, and the refused rows."""
        self.console.print(tables.predictions_table(answer["rows"], objectives))
        for line in tables.report_lines(answer["report"])[1:]:
            self.say(line)

    def advice(self, summary: Mapping[str, Any], batch: int | None = None) -> None:
        """Print the calibration of earlier predictions, the stopping advice and the round's statements.

        `batch` is the round whose calibration is printed; without it, the calibration is left out.
        """
        for name, record in summary.get("calibration", {}).items():
            for scores in record["rounds"]:
                if scores["round"] == batch and scores["n"]:
                    self.say(_calibration(name, scores))
        stopping = summary.get("stopping")
        if stopping is not None:
            self.say(f"advice: {stopping['advice']}. {' '.join(stopping['reasons'])}")
        for statement in summary.get("statements", []):
            self.say(f"note: {statement}")

    def outcome(self, lines: Sequence[Line], verdicts: Sequence[str]) -> None:
        """Print the stages side by side, and the improvements."""
        table = Table("objective", "stage", box=None, pad_edge=False)
        for name in ("n", "best", "mean"):
            table.add_column(name, justify="right")
        for line in lines:
            mean = f"{line.mean:.2f} away" if line.is_distance else f"{line.mean:.2f}"
            table.add_row(line.objective, line.stage, str(line.n), f"{line.best:.2f}", mean)
        self.console.print(table)
        for verdict in verdicts:
            self.say(f"- {verdict}")

    def files(self, folder: Path) -> None:
        """List the files for the user."""
        self.say(f"files in {folder}:")
        for path in sorted(
            path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")
        ):
            self.say(f"  {path.name}")


def _calibration(name: str, scores: Mapping[str, Any]) -> str:
    coverage = ", ".join(f"{share:.0%} at {float(level):.0%}" for level, share in scores["coverage"].items())
    return (
        f"calibration of {name}, round {scores['round']}: CRPS {scores['crps']:.2f}, "
        f"RMSE {scores['rmse']:.2f} against ± {scores['sharpness']:.2f} predicted; "
        f"of {scores['n']} values, intervals held {coverage}"
    )
