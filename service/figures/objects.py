"""The front of measured objects: two objectives against each other, or all values of a single one."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from service.figures.style import COLOURS, GREY, INK, label, legend, named, rounds_axis, sentence, sheet, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Told = Mapping[str, Any]

TITLE = "Measured objects and their Pareto front"
MOST_OBJECTIVES = 4
"""With more objectives than this the first ones are drawn, in pairs."""
MOST_NAMED = 7
"""More rounds than this are told apart by shade alone."""


def pareto(told: Told) -> Figure:
    """Draw what was measured; the front is outlined."""
    front = told["pareto"]
    if not front["front"]:
        return sentence(TITLE, "No object is measured in all objectives yet.")
    objectives = told["objectives"]
    if len(objectives) == 1:
        return _single(told, objectives[0])
    pairs = list(combinations(objectives[:MOST_OBJECTIVES], 2))
    figure, panels = sheet(TITLE, len(pairs))
    colours = _colours(told)
    for axes, (x, y) in zip(panels, pairs, strict=True):
        _scatter(axes, front, (x, y), colours)
        if len(objectives) == 2:  # noqa: PLR2004 - a front can be drawn as a line
            _staircase(axes, front["front"], (x, y))
        label(axes, f"{named(x)}: {wanted(x)}", f"{named(y)}: {wanted(y)}")
        _logarithmic(axes, (x, y))
    _explain(figure, panels[0], colours)
    return figure


def _explain(figure: Figure, axes: Axes, colours: Mapping[int, Any]) -> None:
    """Name the marks; more rounds than a legend holds are told by a scale of colours."""
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


def _single(told: Told, objective: Told) -> Figure:
    figure, (axes,) = sheet("Measured values by round", width=6.5)
    points = [*told["pareto"]["front"], *told["pareto"]["others"]]
    numbers = [0, *(item["number"] for item in told["rounds"])]
    spread = {point["object"]: (place % 9 - 4) / 22 for place, point in enumerate(points)}
    colours = _colours(told)
    for point in points:
        x = point["round"] + spread[point["object"]]
        axes.plot(x, point["values"][objective["name"]], "o", ms=4.5, alpha=0.7, color=colours[point["round"]], mew=0)
    best = told["pareto"]["front"][0]
    x, y = best["round"] + spread[best["object"]], best["values"][objective["name"]]
    axes.plot(x, y, "o", ms=9, mfc="none", mec=INK, mew=1.4, label=f"best: {_short(best['display'])}")
    if objective["direction"] == "target":
        axes.axhline(objective["target"], color=GREY, linestyle="--", linewidth=1, label="target")
    if objective["transform"] == "log10":
        axes.set_yscale("log")
    rounds_axis(axes, numbers)
    label(axes, "round", f"{named(objective)}: {wanted(objective)}")
    legend(axes)
    return figure


def _colours(told: Told) -> dict[int, Any]:
    """Return a colour for each round, grey for what was there before."""
    from matplotlib import colormaps

    numbers = [item["number"] for item in told["rounds"]]
    shades = colormaps["viridis"]
    some = {number: shades(0.85 * place / max(1, len(numbers) - 1)) for place, number in enumerate(numbers)}
    return {0: GREY, **some}


def _scatter(axes: Axes, front: Told, pair: tuple[Told, Told], colours: Mapping[int, Any]) -> None:
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


def _staircase(axes: Axes, members: Sequence[Told], pair: tuple[Told, Told]) -> None:
    if any(objective["direction"] == "target" for objective in pair):
        return  # values on both sides of a target make no staircase
    x, y = _coordinates(members, pair)
    order = sorted(range(len(x)), key=lambda place: x[place])
    is_rising = pair[0]["direction"] == "maximize"
    style = "steps-pre" if is_rising else "steps-post"
    axes.plot([x[i] for i in order], [y[i] for i in order], drawstyle=style, color=COLOURS[1], linewidth=1.2, zorder=1)


def _coordinates(points: Sequence[Told], pair: tuple[Told, Told]) -> tuple[list[float], list[float]]:
    first, second = (objective["name"] for objective in pair)
    return [point["values"][first] for point in points], [point["values"][second] for point in points]


def _logarithmic(axes: Axes, pair: tuple[Told, Told]) -> None:
    if pair[0]["transform"] == "log10":
        axes.set_xscale("log")
    if pair[1]["transform"] == "log10":
        axes.set_yscale("log")


def _short(text: str) -> str:
    return text if len(text) <= 32 else f"{text[:30]}..."  # noqa: PLR2004 - what fits in a legend
