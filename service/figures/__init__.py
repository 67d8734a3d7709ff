"""Draw insights as figures, SVG or PNG, on request. Matplotlib is imported with the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

FORMATS = {"svg": "image/svg+xml", "png": "image/png"}
TITLES = {
    "pareto": "Measured objects and their Pareto front",
    "hypervolume": "Hypervolume by round, beside chance",
    "best": "Best of each round, beside chance",
    "calibration": "Promised and seen coverage of predictions",
    "hits": "Hits and outcomes by round",
    "diversity": "Diversity and novelty by round",
    "importance": "What the predictions hang on",
    "convergence": "How near the policy came to its target",
}
"""The titles of all figures, by name."""


def draw(insights: Mapping[str, Any], name: str, extension: str) -> bytes:
    """Return a figure of insights as an image file.

    Args:
        insights: the result of `models.insights.build.insights`.
        name: one of `TITLES`.
        extension: one of `FORMATS`.
    """
    from service.figures import batches, model_diagnostics, objects, progress
    from service.figures.style import render

    figures: dict[str, Callable[[Mapping[str, Any]], Figure]] = {
        "pareto": objects.pareto,
        "hypervolume": progress.hypervolume,
        "best": progress.best,
        "calibration": model_diagnostics.calibration,
        "hits": batches.hits,
        "diversity": batches.diversity,
        "importance": model_diagnostics.importance,
        "convergence": model_diagnostics.convergence,
    }
    return render(figures[name](insights), extension)
