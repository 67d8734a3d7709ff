"""Tables of replayed campaigns: means, 95 % intervals, paired differences and costs.

Rows are those of `benchmarks.campaigns.framework`. Depends on no data set and no campaign.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import t  # type: ignore[import-untyped] # scipy publishes no types

from benchmarks.campaigns.framework import DEFAULTS, Row
from benchmarks.report import Report
from models.backtests.runner import summarise


def show(
    report: Report,
    title: str,
    rows: Sequence[Row],
    figures: Sequence[str],
    rounds: Iterable[int] | None = None,
) -> None:
    """Report means and half 95 % intervals per method and round (the last one, or those of `rounds`).

    `figures` are names of columns, empty for a method that lacks one and left out if all do; costs are means
    of one whole campaign up to that round.
    """
    last = max((row["round"] for row in rows), default=0)
    chosen = {last} if rounds is None else set(rounds)
    shown = [cells for cells in summarise(with_total_costs(rows)) if cells["round"] in chosen]
    columns = [name for name in figures if any(name in cells for cells in shown)]
    for cells in shown:
        intervals = {
            name: with_half(cells[name], cells[f"{name}_half"]) if name in cells else None for name in columns
        }
        costs = {name: round(cells[name], 1) for name in ("n_scored", "cpu_seconds")}
        head = {
            "campaign": title,
            "method": cells["method"],
            "measured": round(cells["measured"]),
            "seeds": cells["seeds"],
        }
        report.row(**head, **intervals, **costs)


def with_half(value: float, half: float) -> str:
    """Return a figure with half its interval, if there is one."""
    return f"{value:.4g}" if math.isnan(half) else f"{value:.4g} ± {half:.2g}"


def with_total_costs(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with costs summed over the rounds of each method and seed."""
    totals: dict[tuple[str, int], dict[str, float]] = {}
    answers = []
    for row in rows:
        total = totals.setdefault(
            (row["method"], row["seed"]), {"n_scored": 0.0, "seconds": 0.0, "cpu_seconds": 0.0}
        )
        for name in total:
            total[name] += row[name]
        answers.append({**row, **total})
    return answers


def values(rows: Sequence[Row], method: str, figure: str, n_round: int) -> dict[int, float]:
    """Return a figure of a method after a round, by seed; without seeds that lack it."""
    return {
        row["seed"]: row[figure]
        for row in rows
        if row["method"] == method and row["round"] == n_round and figure in row
    }


def mean(rows: Sequence[Row], method: str, figure: str, n_round: int) -> float:
    """Return the mean over seeds; NaN without any."""
    by_seed = list(values(rows, method, figure, n_round).values())
    return float(np.mean(by_seed)) if by_seed else math.nan


def difference(
    rows: Sequence[Row], pair: tuple[str, str], figure: str, n_round: int
) -> tuple[float, float, int]:
    """Return the mean paired difference of two methods, half its 95 % interval and the number of seeds."""
    first, second = (values(rows, name, figure, n_round) for name in pair)
    return interval([first[seed] - second[seed] for seed in first if seed in second])


def interval(figures: Sequence[float]) -> tuple[float, float, int]:
    """Return the mean, half its 95 % interval (NaN with fewer than two figures), and how many there are."""
    n = len(figures)
    if n < 2:  # noqa: PLR2004 - a deviation needs two
        return (figures[0] if n else math.nan), math.nan, n
    half = float(t.ppf(0.975, n - 1) * np.std(figures, ddof=1) / n**0.5)
    return float(np.mean(figures)), half, n


def compare_with_bayesian(
    report: Report, title: str, rows: Sequence[Row], figure: str, n_round: int, *, is_cost: bool = False
) -> None:
    """Claim that the defaults reach exhaustive Bayesian optimisation, with the paired interval.

    Of a figure that `is_cost`, less is better.
    """
    gap, half, n = difference(rows, (DEFAULTS, "bayesian"), figure, n_round)
    if n > 1:
        measured = round(mean(rows, DEFAULTS, "measured", n_round))
        name = f"{title}, nothing set: {figure} after {measured}, less exhaustive BO's"
        report.claim(name, gap, "<=" if is_cost else ">=", 0.0, half)
