"""Samples, predictions and reports as users see them."""

import io
from typing import Any

from rich.console import Console
from rich.table import Table

from service.terminal.tables import predictions_table, report_lines, samples_table, say

OBJECTIVES = [{"name": "activity"}, {"name": "druglike", "computed": "qed"}]
SAMPLE: dict[str, Any] = {
    "rank": 1,
    "row": 4,
    "object": "[CH3]C:O:",
    "display": "MOLECULE{[CH3]C:O:}",
    "predictions": {"activity": {"mean": 1.5, "sd": 0.25}},
    "computed": {"qed": 0.5},
    "condition": {"beta": 8.0, "preference": {"activity": 1.0, "druglike": 0.0}},
    "log_pf": -12.345,
    "feasibility": 0.9,
    "nearest_measured": {"object": "[CH4]", "similarity": 0.75},
    "reason": "Expected activity 1.5; the most useful left; far from data.",
    "refused": [],
}


def shown(table: Table | str) -> str:
    out = io.StringIO()
    console = Console(file=out, width=160)
    say(console, table) if isinstance(table, str) else console.print(table)
    return out.getvalue()


def test_samples_have_condition_density_and_purpose():
    text = shown(samples_table([SAMPLE], OBJECTIVES))
    for part in ("[CH3]C:O:", "1.50 ± 0.25", "0.50", "100/0", "-12.3", "0.75"):
        assert part in text


def test_samples_without_a_condition_are_shown_too():
    assert "[CH3]" in shown(samples_table([{**SAMPLE, "condition": None, "log_pf": None}], OBJECTIVES))


def test_predictions_say_whether_an_object_could_be_proposed():
    text = shown(
        predictions_table(
            [SAMPLE, {**SAMPLE, "nearest_measured": None, "refused": ["too big", "new"]}], OBJECTIVES
        )
    )
    assert "0.75 [CH4]" in text
    assert "90%" in text
    assert "no: too big; new" in text


def test_a_report_names_the_first_bad_rows():
    rows = [{"row": i, "status": "rejected", "reason": f"bad {i}"} for i in range(1, 6)]
    report = {"accepted": 2, "rejected": 5, "skipped": 0, "rows": rows}
    lines = report_lines(report, most=2)
    assert lines == ["2 accepted, 5 rejected", "  row 1: bad 1", "  row 2: bad 2", "  and 3 more"]


def test_brackets_are_no_markup():
    assert shown("[bold] :smile:") == "[bold] :smile:\n"
