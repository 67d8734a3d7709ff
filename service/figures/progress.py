"""Figures of progress over rounds, beside the random baseline: best values and hypervolume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.figures.style import (
    COLOURS,
    GREY,
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

OURS, ALL = COLOURS[0], COLOURS[2]


def hypervolume(insights: JsonObject) -> Figure:
    """Draw the hypervolume by round."""
    title = "Hypervolume by round"
    stages = [(0, insights["initial"]), *((item["number"], item) for item in insights["rounds"])]
    if not any(stage["measured"] for _, stage in stages):
        return text_figure(title, "No object is measured in all objectives yet.")
    figure, (axes,) = new_figure(title, width=6.5)
    numbers = [number for number, _ in stages]
    axes.plot(
        numbers, [stage["hypervolume"]["so_far"] for _, stage in stages], "o-", color=ALL, ms=5, label="all measured"
    )
    rounds = [(number, stage["hypervolume"]) for number, stage in stages if number]
    if rounds:
        x, y = [number for number, _ in rounds], [volume["proposed"] for _, volume in rounds]
        axes.plot(x, y, "s-", color=OURS, ms=5, label="proposed by rounds")
        _chance(axes, [(number, volume["random"]) for number, volume in rounds], "as many at random")
    rounds_axis(axes, numbers)
    axes.set_ylim(bottom=0)
    how = "" if insights["initial"]["hypervolume"]["is_exact"] else ", estimated"
    label(axes, "round", f"hypervolume of utilities{how}")
    legend(axes, loc="lower right")
    return figure


def best(insights: JsonObject) -> Figure:
    """Draw the best value of each round, one panel per objective."""
    title = "Best of each round"
    stages = [(0, insights["initial"]), *((item["number"], item) for item in insights["rounds"])]
    shown = [item for item in insights["objectives"] if any(_of(stage, item)["n"] for _, stage in stages)]
    if not shown:
        return text_figure(title, "No value of any objective is measured yet.")
    figure, panels = new_figure(title, len(shown), width=4.6 if len(shown) > 1 else 6.5)
    for axes, objective in zip(panels, shown, strict=True):
        _best(axes, objective, [(number, _of(stage, objective)) for number, stage in stages])
    legend(panels[0])
    return figure


def _of(stage: JsonObject, objective: JsonObject) -> dict[str, Any]:
    best_value: dict[str, Any] = stage["best"][objective["name"]]
    return best_value


def _best(axes: Axes, objective: JsonObject, stages: Sequence[tuple[int, dict[str, Any]]]) -> None:
    is_distance = objective["direction"] == "target"
    so_far = [(number, item["so_far"]) for number, item in stages if item["so_far"] is not None]
    axes.step(*zip(*so_far, strict=True), where="post", color=ALL, linewidth=1.6, label="best so far")
    mine = [(number, item["best"]) for number, item in stages if number and item["best"] is not None]
    if mine:
        axes.plot(*zip(*mine, strict=True), "s", color=OURS, ms=6, label="best of the round")
    _chance(axes, [(number, item["random"]) for number, item in stages if number], "as many at random")
    if objective["transform"] == "log10" and not is_distance:
        axes.set_yscale("log")
    rounds_axis(axes, [number for number, _ in stages])
    decades = " (decades)" if objective["transform"] == "log10" else ""
    what = (
        f"distance of {objective['name']} from {objective['target']:g}{decades}"
        if is_distance
        else axis_label(objective)
    )
    label(axes, "round", what, f"{objective['name']}: {goal_text(objective)}")


def _chance(axes: Axes, known: Sequence[tuple[int, JsonObject | None]], name: str) -> None:
    """Draw the random baseline as a line with its 90 % interval, where it exists."""
    rounds = [(number, item) for number, item in known if item is not None]
    if not rounds:
        return
    x = [number for number, _ in rounds]
    low, high = [item["low"] for _, item in rounds], [item["high"] for _, item in rounds]
    axes.plot(x, [item["expected"] for _, item in rounds], "--", color=GREY, linewidth=1.4, marker="_", label=name)
    if len(x) == 1:
        axes.vlines(x, low, high, color=GREY, linewidth=6, alpha=0.3)
    else:
        axes.fill_between(x, low, high, color=GREY, alpha=0.22, linewidth=0)
