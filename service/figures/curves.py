"""Figure of one candidate on a plate: its wells, and the fitted curve."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from service.figures.style import COLOURS, GREY, PALE, label, legend, new_figure, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from matplotlib.axes import Axes

    from service.plates.records import Analysis, Curve, Finding, ReadWell

_POINTS = 200
_ROOM = (-25.0, 125.0)
_TITLE = 70
"""Characters in a line of what a picture says in words."""


def draw_curve(analysis: Analysis, candidate_id: UUID, words: tuple[str, str], extension: str) -> bytes:
    """Return the figure of one candidate's wells.

    Args:
        analysis: the plate's analysis, which includes this candidate.
        candidate_id: the candidate.
        words: the title, and the units of concentrations.
        extension: svg or png.
    """
    title, units = words
    finding = next(item for item in analysis.findings if item.candidate_id == candidate_id)
    wells = [well for well in analysis.wells if well.candidate_id == candidate_id]
    figure, (axes,) = new_figure(title, width=6.0)
    axes.set_xscale("log")
    for level in (0.0, 100.0):
        axes.axhline(level, color=GREY, linewidth=0.8, linestyle=":")
    _plot_wells(axes, wells)
    if finding.curve is not None:
        _plot_curve(axes, finding.curve, wells)
    _plot_estimate(axes, finding, units)
    percents = [well.inhibition for well in wells if well.inhibition is not None]
    axes.set_ylim(min([*percents, _ROOM[0]]) - 5.0, max([*percents, _ROOM[1]]) + 5.0)
    label(axes, f"concentration ({units})", "inhibition (%)", textwrap.fill(_summary(finding, units), _TITLE))
    legend(axes, loc="best")
    return render(figure, extension)


def _plot_wells(axes: Axes, wells: Sequence[ReadWell]) -> None:
    counted = [(well.concentration, well.inhibition) for well in wells if well.inhibition is not None]
    if counted:
        axes.plot(*zip(*counted, strict=True), "o", color=COLOURS[0], ms=5, alpha=0.8, label="wells")
    excluded = [well.concentration for well in wells if well.inhibition is None and well.concentration]
    if excluded:
        axes.plot(excluded, [_ROOM[0]] * len(excluded), "x", color=COLOURS[1], ms=6, label="wells that do not count")


def _plot_curve(axes: Axes, curve: Curve, wells: Sequence[ReadWell]) -> None:
    doses = np.log10([well.concentration for well in wells if well.concentration])
    x = np.linspace(doses.min() - 0.2, doses.max() + 0.2, _POINTS)
    shape = 1.0 / (1.0 + np.power(10.0, curve.hill * (math.log10(curve.ic50) - x)))
    axes.plot(
        10.0**x, curve.bottom + (curve.top - curve.bottom) * shape, color=COLOURS[0], linewidth=1.6, label="curve"
    )


def _plot_estimate(axes: Axes, finding: Finding, units: str) -> None:
    """Mark the value with its interval, or the limit and the side of the value."""
    if finding.value is None or (finding.verdict == "measured" and finding.curve is None):
        return
    if finding.verdict == "censored":
        text = f"IC50 {finding.relation} {finding.value:.3g} {units}"
        axes.axvline(finding.value, color=COLOURS[1], linewidth=1.2, linestyle="--", label=text)
        return
    curve = finding.curve
    assert curve is not None
    if curve.low is not None and curve.high is not None:
        axes.axvspan(curve.low, curve.high, color=PALE, label="95 % interval", zorder=0)
    axes.axvline(curve.ic50, color=COLOURS[1], linewidth=1.2, label=f"IC50 {curve.ic50:.3g} {units}")


def _summary(finding: Finding, units: str) -> str:
    if finding.verdict == "failed":
        return f"no value: {(finding.reason or '').partition('(')[0].strip()}"
    if finding.curve is None or finding.verdict == "censored":
        return finding.reason or f"{finding.value:.3g} %"
    curve = finding.curve
    return f"IC50 {curve.ic50:.3g} {units} ({curve.low:.3g} to {curve.high:.3g}), Hill {curve.hill:.2f}"
