"""Figures of batches: hits and outcomes, diversity and novelty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.figures.style import (
    COLOURS,
    GREY,
    INK,
    PALE,
    label,
    legend,
    new_figure,
    rounds_axis,
    text_figure,
    whiskers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    JsonObject = Mapping[str, Any]

OUTCOMES = {"measured": COLOURS[2], "failed": COLOURS[1], "waiting": PALE, "withdrawn": GREY}


def hits(insights: JsonObject) -> Figure:
    """Draw hit rates with intervals, beside the initial data, and the outcomes of candidates."""
    title = "Hits and outcomes by round"
    rounds = [item for item in insights["rounds"] if item["candidates"]]
    if not rounds:
        return text_figure(title, "No round has proposed anything yet.")
    rated = [item for item in rounds if item["hits"] and item["hits"]["of"]]
    figure, panels = new_figure(title, 2 if rated else 1)
    if rated:
        _rates(panels[0], rated, insights["initial"]["hits"])
        label(panels[0], "round", "hits among measured candidates (%)", "Hit rate, 95 % interval")
    _outcomes(panels[-1], rounds)
    return figure


def _rates(axes: Axes, rounds: Sequence[JsonObject], base: JsonObject | None) -> None:
    numbers = [item["number"] for item in rounds]
    for item in rounds:
        hit_rate, x = item["hits"], item["number"]
        rate, low, high = (100 * hit_rate[name] for name in ("rate", "low", "high"))
        axes.errorbar(x, rate, yerr=whiskers(rate, low, high), fmt="o", color=COLOURS[0], capsize=4, ms=6)
        if len(rounds) <= 12:  # noqa: PLR2004 - as many as have room
            text = f"{hit_rate['n']}/{hit_rate['of']}"
            axes.annotate(text, (x, high), (0, 4), textcoords="offset points", ha="center", fontsize=8.5, color=INK)
    if base is not None and base["rate"] is not None:
        axes.axhspan(100 * base["low"], 100 * base["high"], color=GREY, alpha=0.18, linewidth=0)
        axes.axhline(100 * base["rate"], color=GREY, linestyle="--", linewidth=1.4, label="first data")
    rounds_axis(axes, numbers)
    axes.set_ylim(bottom=0)
    axes.margins(y=0.15)
    legend(axes)


def _outcomes(axes: Axes, rounds: Sequence[JsonObject]) -> None:
    numbers = [item["number"] for item in rounds]
    bottom = [0] * len(rounds)
    for name, colour in OUTCOMES.items():
        counts = [item["success"]["counts"][name] for item in rounds]
        if any(counts):
            axes.bar(numbers, counts, 0.65, bottom=bottom, color=colour, label=name, edgecolor="white", linewidth=0.6)
            bottom = [a + b for a, b in zip(bottom, counts, strict=True)]
    rounds_axis(axes, numbers)
    label(axes, "round", "candidates", "What became of the candidates")
    axes.set_ylim(0, 1.22 * max(bottom))
    legend(axes, ncols=2, loc="upper left")


def diversity(insights: JsonObject) -> Figure:
    """Draw the diversity within each batch, and its distance to objects measured before."""
    title = "Diversity and novelty by round"
    rounds = [item for item in insights["rounds"] if item["diversity"]]
    if not rounds:
        return text_figure(title, "No round has proposed a new object yet.")
    figure, (left, right) = new_figure(title, 2)
    numbers = [item["number"] for item in rounds]
    distances = [item["diversity"]["mean_pairwise_distance"] for item in rounds]
    left.plot(numbers, distances, "o-", color=COLOURS[0], ms=6, label="within the batch (mean)")
    known = [(item["number"], item["novelty"]) for item in rounds if item["novelty"]]
    if known:
        middle = [item["median"] for _, item in known]
        ends = [
            [item["median"] - item["low"] for _, item in known],
            [item["high"] - item["median"] for _, item in known],
        ]
        name = "to the nearest measured\n(median, 90 % of the batch)"
        x = [number + 0.08 for number, _ in known]
        left.errorbar(x, middle, yerr=ends, fmt="s--", color=COLOURS[1], capsize=4, ms=5, label=name)
    left.set_ylim(0, 1.05)
    label(left, "round", "distance (1 - similarity)", "Distances")
    legend(left)
    for name, words, index in (("vendi_score", "Vendi score", 0), ("circles", "#Circles at 0.5", 2)):
        values = [item["diversity"][name] for item in rounds]
        right.plot(numbers, values, "o-" if index else "s-", color=COLOURS[index], ms=5, label=words)
    sizes = [item["diversity"]["n"] for item in rounds]
    right.plot(numbers, sizes, ":", color=GREY, linewidth=1.4, label="objects compared")
    right.set_ylim(bottom=0)
    label(right, "round", "effectively different objects", "How many kinds")
    legend(right)
    for axes in (left, right):
        rounds_axis(axes, numbers)
    return figure
