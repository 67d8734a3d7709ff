"""Draw the demonstration's pictures: the batch as structures, and predictions against measurements."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.domains.contract import Domain


@dataclass(frozen=True, slots=True)
class Comparison:
    """The values of one round: predictions with their intervals, and simulated measurements."""

    round: int
    predictions: Sequence[Mapping[str, Any]]
    values: Sequence[float]


def draw_batch(candidates: Sequence[Mapping[str, Any]], domain: Domain, objective: str, path: Path) -> Path:
    """Draw the batch as one SVG with rank and prediction below each object."""
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
    from service.figures.style import COLOURS, GREY, label, legend, new_figure, render

    figure, (axes,) = new_figure("Predicted, then read by the SIMULATED lab", width=6, height=5.2)
    everything: list[float] = []
    for comparison, colour in zip(comparisons, cycle(COLOURS), strict=False):
        means = [prediction["mean"] for prediction in comparison.predictions]
        below = [prediction["mean"] - prediction["low"] for prediction in comparison.predictions]
        above = [prediction["high"] - prediction["mean"] for prediction in comparison.predictions]
        name, bars = f"round {comparison.round}", [below, above]
        axes.errorbar(
            comparison.values, means, yerr=bars, fmt="o", capsize=2, alpha=0.75, color=colour, label=name
        )
        everything += [*means, *comparison.values]
    if everything:
        ends = (min(everything), max(everything))
        axes.plot(ends, ends, color=GREY, linewidth=1, zorder=1)
        legend(axes)
    label(axes, f"{axis}, read by the SIMULATED lab", f"{axis}, predicted before (bars: 90 % interval)")
    files = [path.with_suffix(".png"), path.with_suffix(".svg")]
    for file in files:
        file.write_bytes(render(figure, file.suffix.removeprefix(".")))
    return files
