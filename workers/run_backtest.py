"""A campaign replayed on a measured table: the same for the command line and for a job. Knows neither."""

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
    """The table holds nothing that can be replayed; the message says which rows and why."""


def read_table(
    content: bytes, media_type: str, spec: CampaignSpec, sheet: str | None = None
) -> tuple[Sequence[Measurement], Report]:
    """Return the good rows of a table as results, and the report of all rows.

    Raises:
        RejectedTableError: if there is no good row.
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
    """Return what `backtest_measurements` does, of a table with its media type that is read here."""
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
        request: what is replayed.
        measured: the good rows of the table, and the report of all rows.
        settings: the operator's, whose rules a campaign's own scorers keep to.
        report_progress: hears the share done and what goes on; may raise to stop.
        check_cancelled: called while scorers are asked; may raise to stop.
        kept: holds the choices of an interrupted run, which are not asked again; none when absent.

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
    """Return curves as they are drawn: what JSON says by null is not a number."""
    return [{name: math.nan if value is None else value for name, value in row.items()} for row in curves]


def nan_to_null(value: Any) -> Any:
    """Return plain JSON, with null for a number that does not exist (an interval over a single seed)."""
    if isinstance(value, dict):
        return {key: nan_to_null(item) for key, item in value.items()}
    if isinstance(value, list):
        return [nan_to_null(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
