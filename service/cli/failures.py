"""Say what went wrong in one line and the rows it concerns, and choose the exit code."""

from typing import Any

from rich.text import Text

from assayflow import ApiError, ComputationError, UnreachableError, WaitTimeoutError
from service.terminal.lists import report_table
from service.terminal.tables import console, say

EXIT_REFUSED = 1
"""The service refused, or something failed. Usage errors are 2."""
EXIT_UNREACHABLE = 3
EXIT_TIMEOUT = 4
EXIT_COMPUTATION = 5
"""A round or a job failed or was cancelled."""
EXIT_INTERRUPTED = 130
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (UnreachableError, EXIT_UNREACHABLE),
    (WaitTimeoutError, EXIT_TIMEOUT),
    (ComputationError, EXIT_COMPUTATION),
)
_MOST_ROWS = 20


def exit_code(error: Exception) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), EXIT_REFUSED)


def explain(error: Exception, reason: str) -> None:
    """Print an error as one line, and below it the rejected rows of a refused table."""
    err = console(is_error=True)
    err.print(Text(f"assayflow: {reason}", style="red"), soft_wrap=True)
    rows: list[dict[str, Any]] = []
    if isinstance(error, ApiError | ComputationError):
        rows = [row for row in error.rows if row.get("status", "rejected") == "rejected"]
    if rows:
        err.print(report_table(rows[:_MOST_ROWS]))
    if len(rows) > _MOST_ROWS:
        say(err, f"and {len(rows) - _MOST_ROWS} more rows")
    if isinstance(error, ApiError) and error.request_id and error.status >= 500:  # noqa: PLR2004 - HTTP
        say(err, f"the service's log has it under {error.request_id}")
