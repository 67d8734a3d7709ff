"""The demonstration's pictures: the batch as the domain draws it, and predictions against (simulated) measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.domains.contract import Domain


@dataclass(frozen=True, slots=True)
class Comparison:
    """The readings of one round: predictions with their intervals, and what the lab read."""

    round: int
    predictions: Sequence[Mapping[str, float]]
    values: Sequence[float]


def draw_batch(candidates: Sequence[Mapping[str, Any]], domain: Domain, objective: str, path: Path) -> Path:
    """Draw the batch as one SVG with a rank and a prediction under each object."""
    captions = []
    for candidate in candidates:
        prediction = candidate["predictions"].get(objective)
        shown = f"  {prediction['mean']:.2f} ± {prediction['sd']:.2f}" if prediction else ""
        captions.append(f"{candidate['rank']}{shown}")
    drawing = domain.draw([candidate["object"] for candidate in candidates], captions)
    path.write_text(drawing, encoding="utf-8")
    return path


def plot_predictions(comparisons: Sequence[Comparison], axis: str, path: Path) -> list[Path]:
    """Plot predicted against simulated values with 90 % intervals, as PNG and SVG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    everything: list[float] = []
    for comparison in comparisons:
        means = [prediction["mean"] for prediction in comparison.predictions]
        below = [prediction["mean"] - prediction["low"] for prediction in comparison.predictions]
        above = [prediction["high"] - prediction["mean"] for prediction in comparison.predictions]
        label = f"round {comparison.round}"
        axes.errorbar(comparison.values, means, yerr=[below, above], fmt="o", capsize=2, alpha=0.75, label=label)
        everything += [*means, *comparison.values]
    if everything:
        ends = (min(everything), max(everything))
        axes.plot(ends, ends, color="grey", linewidth=1, zorder=0)
        axes.legend()
    axes.set_xlabel(f"{axis}, read by the SIMULATED lab")
    axes.set_ylabel(f"{axis}, predicted before (bars: 90 % interval)")
    files = [path.with_suffix(".png"), path.with_suffix(".svg")]
    for file in files:
        figure.savefig(file, dpi=150)
    return files
