"""Replay a campaign on a measured table, for the command line and for jobs."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from models.scorers.domain import unheard
from service.campaigns.backtests import read_measurements
from workers.scoring import open_scored_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.backtests.choice_cache import ChoiceFile
    from models.campaign.requests import BacktestRequest
    from models.campaign.spec import CampaignSpec
    from models.records import Measurement
    from service.exchange import Report
    from service.settings import Settings


class RejectedTableError(ValueError):
    """The table has no row that can be replayed; the message names rows and reasons."""


def read_table(
    content: bytes, media_type: str, spec: CampaignSpec, sheet: str | None = None
) -> tuple[Sequence[Measurement], Report]:
    """Return the accepted rows of a table as results, and the report of all rows.

    Raises:
        RejectedTableError: if no row is accepted.
    """
    results, report = read_measurements(content, media_type, spec, sheet)
    if not results:
        reasons = [f"row {row.row}: {row.reason}" for row in report.rows if row.reason][:5]
        raise RejectedTableError(
            "no row of the table is a result of this campaign" + "".join(f"; {r}" for r in reasons)
        )
    return results, report


def backtest_table(
    request: BacktestRequest,
    table: tuple[bytes, str],
    settings: Settings,
    report_progress: Callable[[float, str], None],
    check_cancelled: Callable[[], None] = unheard,
    kept: ChoiceFile | None = None,
) -> dict[str, Any]:
    """Read a table with its media type, and return the result of `backtest_measurements`."""
    results, report = read_table(*table, request.spec, request.sheet)
    return backtest_measurements(request, (results, report), settings, report_progress, check_cancelled, kept)


def backtest_measurements(
    request: BacktestRequest,
    measured: tuple[Sequence[Measurement], Report],
    settings: Settings,
    report_progress: Callable[[float, str], None],
    check_cancelled: Callable[[], None] = unheard,
    kept: ChoiceFile | None = None,
) -> dict[str, Any]:
    """Return curves with confidence intervals and the rows behind them, as plain JSON.

    Args:
        request: the campaign and the settings of the backtest.
        measured: the accepted rows of the table, and the report of all rows.
        settings: the operator's; their rules apply to the campaign's own scorers.
        report_progress: called with the share done and a message; may raise to stop.
        check_cancelled: called during requests to scorers; may raise to stop.
        kept: the stored choices of an interrupted run, which are not computed again; None without one.

    Raises:
        ValueError: if the table or a number is wrong.
    """
    from models.backtests.runner import BacktestPlan, backtest, summarise
    from models.backtests.table import TableDomain, TableLab

    plan = BacktestPlan(
        request.spec,
        request.rounds,
        request.batch_size,
        request.initial,
        tuple(range(request.seeds)),
        request.methods,
    )
    results, report = measured
    domain = open_scored_domain(settings, request.spec, check_cancelled)
    lab = TableLab(request.spec, domain, results)
    assert lab.objects is not None
    rows = backtest(plan, lab, TableDomain(domain, lab.objects), report_progress, kept=kept)
    answer = {
        "objects": len(lab.objects),
        "rows_rejected": report.count("rejected"),
        "curves": summarise(rows),
        "rows": rows,
    }
    finite_answer: dict[str, Any] = nan_to_null(answer)
    return finite_answer


def plot_as_svg(curves: Sequence[Mapping[str, Any]]) -> str:
    """Return the curves drawn as SVG."""
    from models.backtests.plot import draw_curves

    with TemporaryDirectory() as folder:
        path = Path(folder) / "curves.svg"
        draw_curves(null_to_nan(curves), path)
        return path.read_text(encoding="utf-8")


def null_to_nan(curves: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return curves for plotting: null in JSON becomes NaN."""
    return [{name: math.nan if value is None else value for name, value in row.items()} for row in curves]


def nan_to_null(value: Any) -> Any:
    """Return plain JSON, with null for a number that does not exist (an interval over a single seed)."""
    if isinstance(value, dict):
        return {key: nan_to_null(item) for key, item in value.items()}
    if isinstance(value, list):
        return [nan_to_null(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
