"""Figures of measured objects: the Pareto front of two objectives, or all values of a single one."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from service.figures.style import (
    COLOURS,
    GREY,
    INK,
    axis_label,
    goal_text,
    label,
    legend,
    new_figure,
    rounds_axis,
    text_figure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    JsonObject = Mapping[str, Any]

TITLE = "Measured objects and their Pareto front"
MOST_OBJECTIVES = 4
"""With more objectives than this, only the first ones are drawn, in pairs."""
MOST_NAMED = 7
"""More rounds than this are distinguished by shade only."""


def pareto(insights: JsonObject) -> Figure:
    """Draw measured objects with an outlined Pareto front."""
    front = insights["pareto"]
    if not front["front"]:
        return text_figure(TITLE, "No object is measured in all objectives yet.")
    objectives = insights["objectives"]
    if len(objectives) == 1:
        return _single(insights, objectives[0])
    pairs = list(combinations(objectives[:MOST_OBJECTIVES], 2))
    figure, panels = new_figure(TITLE, len(pairs))
    colours = _colours(insights)
    for axes, (x, y) in zip(panels, pairs, strict=True):
        _scatter(axes, front, (x, y), colours)
        if len(objectives) == 2:  # noqa: PLR2004 - a front can be drawn as a line
            _staircase(axes, front["front"], (x, y))
        label(axes, f"{axis_label(x)}: {goal_text(x)}", f"{axis_label(y)}: {goal_text(y)}")
        _logarithmic(axes, (x, y))
    _explain(figure, panels[0], colours)
    return figure


def _explain(figure: Figure, axes: Axes, colours: Mapping[int, Any]) -> None:
    """Add a legend of the marks, or a colour bar for more rounds than a legend can hold."""
    legend(axes)
    rounds = [number for number in colours if number]
    if len(rounds) <= MOST_NAMED:
        return
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    shades = ListedColormap([colours[number] for number in rounds])
    scale = ScalarMappable(Normalize(min(rounds) - 0.5, max(rounds) + 0.5), shades)
    bar = figure.colorbar(scale, ax=figure.axes, fraction=0.03, pad=0.02)
    bar.set_label("round", fontsize=9.5, color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, colors=INK)


def _single(insights: JsonObject, objective: JsonObject) -> Figure:
    figure, (axes,) = new_figure("Measured values by round", width=6.5)
    points = [*insights["pareto"]["front"], *insights["pareto"]["others"]]
    numbers = [0, *(item["number"] for item in insights["rounds"])]
    spread = {point["object"]: (index % 9 - 4) / 22 for index, point in enumerate(points)}
    colours = _colours(insights)
    for point in points:
        x = point["round"] + spread[point["object"]]
        axes.plot(x, point["values"][objective["name"]], "o", ms=4.5, alpha=0.7, color=colours[point["round"]], mew=0)
    best = insights["pareto"]["front"][0]
    x, y = best["round"] + spread[best["object"]], best["values"][objective["name"]]
    axes.plot(x, y, "o", ms=9, mfc="none", mec=INK, mew=1.4, label=f"best: {_short(best['display'])}")
    if objective["direction"] == "target":
        axes.axhline(objective["target"], color=GREY, linestyle="--", linewidth=1, label="target")
    if objective["transform"] == "log10":
        axes.set_yscale("log")
    rounds_axis(axes, numbers)
    label(axes, "round", f"{axis_label(objective)}: {goal_text(objective)}")
    legend(axes)
    return figure


def _colours(insights: JsonObject) -> dict[int, Any]:
    """Return a colour per round, with grey for the initial data."""
    from matplotlib import colormaps

    numbers = [item["number"] for item in insights["rounds"]]
    shades = colormaps["viridis"]
    some = {number: shades(0.85 * index / max(1, len(numbers) - 1)) for index, number in enumerate(numbers)}
    return {0: GREY, **some}


def _scatter(axes: Axes, front: JsonObject, pair: tuple[JsonObject, JsonObject], colours: Mapping[int, Any]) -> None:
    points = [*front["others"], *front["front"]]
    rounds = sorted({point["round"] for point in points})
    is_named = set(rounds) if len(colours) <= MOST_NAMED + 1 else {0}
    for number in rounds:
        mine = [point for point in points if point["round"] == number]
        name = None if number not in is_named else f"round {number}" if number else "first data"
        x, y = _coordinates(mine, pair)
        axes.plot(x, y, "o", ms=4.5 if number else 3.8, alpha=0.8, color=colours[number], mew=0, label=name)
    x, y = _coordinates(front["front"], pair)
    axes.plot(x, y, "o", ms=8, mfc="none", mec=INK, mew=1.1, label="front" if front["front"] else None)


def _staircase(axes: Axes, members: Sequence[JsonObject], pair: tuple[JsonObject, JsonObject]) -> None:
    if any(objective["direction"] == "target" for objective in pair):
        return  # values on both sides of a target form no staircase
    x, y = _coordinates(members, pair)
    order = sorted(range(len(x)), key=lambda index: x[index])
    is_rising = pair[0]["direction"] == "maximize"
    style = "steps-pre" if is_rising else "steps-post"
    axes.plot([x[i] for i in order], [y[i] for i in order], drawstyle=style, color=COLOURS[1], linewidth=1.2, zorder=1)


def _coordinates(points: Sequence[JsonObject], pair: tuple[JsonObject, JsonObject]) -> tuple[list[float], list[float]]:
    first, second = (objective["name"] for objective in pair)
    return [point["values"][first] for point in points], [point["values"][second] for point in points]


def _logarithmic(axes: Axes, pair: tuple[JsonObject, JsonObject]) -> None:
    if pair[0]["transform"] == "log10":
        axes.set_xscale("log")
    if pair[1]["transform"] == "log10":
        axes.set_yscale("log")


def _short(text: str) -> str:
    return text if len(text) <= 32 else f"{text[:30]}..."  # noqa: PLR2004 - what fits in a legend
