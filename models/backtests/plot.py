"""Plots of a backtest: curves with confidence intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Curves = Sequence[Mapping[str, Any]]

SHOWN = ("best_utility", "hypervolume", "mean_of_top_10", "hits")
"""Metrics with a panel, where a backtest has them."""


def draw_curves(curves: Curves, path: Path) -> None:
    """Plot metrics against the number of measurements per strategy, with 95 % intervals over seeds.

    The file extension selects the format: SVG, PNG or PDF.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in SHOWN if name in curves[0]]
    figure = Figure(figsize=(5 * len(names), 4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        for method in dict.fromkeys(row["method"] for row in curves):
            mine = [row for row in curves if row["method"] == method and name in row]
            x = [row["measured"] for row in mine]
            y = [row[name] for row in mine]
            half = [row[f"{name}_half"] if math.isfinite(row[f"{name}_half"]) else 0.0 for row in mine]
            line = axes.plot(x, y, marker="o", markersize=3, label=method)[0]
            low, high = [a - b for a, b in zip(y, half, strict=True)], [a + b for a, b in zip(y, half, strict=True)]
            axes.fill_between(x, low, high, alpha=0.15, color=line.get_color(), linewidth=0)
        axes.set_xlabel("measurements")
        axes.set_ylabel(name.replace("_", " "))
    panels[0].legend(fontsize="small")
    figure.savefig(path)
