"""Figures of model diagnostics: calibration and importance of predictions, convergence of the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.insights.random_baseline import wilson
from models.summaries.importance import CLEAR_TREND
from service.figures.style import COLOURS, GREY, INK, label, legend, new_figure, rounds_axis, text_figure, whiskers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    JsonObject = Mapping[str, Any]

MOST_PARTS = 14
"""Most features that fit into a panel."""
HERE = 0.12
"""Offset between objectives, so that their intervals do not overlap."""


def calibration(insights: JsonObject) -> Figure:
    """Draw observed against nominal coverage, and the coverage of each round, with 95 % intervals."""
    title = "Were the predictions right?"
    known = {name: item["all"] for name, item in insights["calibration"].items() if item["all"]["n"]}
    if not known:
        return text_figure(title, "No forecast has met an exact result yet.")
    figure, (left, right) = new_figure(title, 2)
    left.plot([0, 100], [0, 100], color=GREY, linewidth=1, label="as promised")
    numbers = sorted({item["number"] for item in insights["rounds"]})
    for index, (name, scores) in enumerate(known.items()):
        shift = (index - (len(known) - 1) / 2) * HERE
        shares = [(100 * float(level), share, scores["n"]) for level, share in scores["coverage"].items()]
        _shares(left, shares, index, 8 * shift, f"{name} (n = {scores['n']})")
        by_round = [(item["number"], item["calibration"].get(name)) for item in insights["rounds"]]
        _shares(
            right, [(x, item["interval_90"], item["n"]) for x, item in by_round if item and item["n"]], index, shift
        )
    left.set(xlim=(40, 100), ylim=(0, 103))
    label(left, "promised coverage (%)", "results inside the interval (%)", "Gaussian intervals, all rounds")
    legend(left, loc="lower right")
    right.axhline(90, color=GREY, linewidth=1)
    right.set_ylim(0, 103)
    rounds_axis(right, numbers)
    label(right, "round", "results inside the 90 % interval (%)", "Stored 90 % intervals")
    return figure


def _shares(
    axes: Axes, shares: Sequence[tuple[float, float, int]], index: int, shift: float, name: str | None = None
) -> None:
    """Draw shares with Wilson intervals at the given positions."""
    for number, (x, share, n) in enumerate(shares):
        low, high = wilson(round(share * n), n)
        ends = whiskers(100 * share, 100 * low, 100 * high)
        colour, series_label = COLOURS[index % len(COLOURS)], name if number == 0 else None
        axes.errorbar(x + shift, 100 * share, yerr=ends, fmt="o", ms=5, capsize=3, color=colour, label=series_label)


def importance(insights: JsonObject) -> Figure:
    """Draw the features with the largest effect on predictions, strongest on top, with standard errors."""
    title = "What the predictions hang on"
    latest = insights["importance"]
    if latest is None or not latest["objectives"]:
        return text_figure(title, "No proxy has enough training values yet to compute importances.")
    width = 6.0 if len(latest["objectives"]) == 1 else 5.2
    figure, panels = new_figure(
        f"{title} (round {latest['round']})", len(latest["objectives"]), width=width, height=4.4
    )
    for axes, (name, item) in zip(panels, latest["objectives"].items(), strict=True):
        _parts(axes, name, item)
    return figure


def _parts(axes: Axes, name: str, item: JsonObject) -> None:
    parts = list(item["parts"])[:MOST_PARTS][::-1]
    for index, part in enumerate(parts):
        trend = part["trend"] or 0.0
        colour = GREY if abs(trend) < CLEAR_TREND else COLOURS[0] if trend > 0 else COLOURS[1]
        error = {"xerr": part["absolute_error"], "ecolor": INK, "capsize": 2.5, "error_kw": {"lw": 1}}
        axes.barh(index, part["absolute"] or 0.0, color=colour, alpha=0.85, height=0.68, **error)
    names = [part["part"] if len(part["part"]) <= 34 else f"{part['part'][:32]}..." for part in parts]  # noqa: PLR2004 - room beside a panel
    axes.set_yticks(range(len(parts)), names, fontsize=8.5)
    axes.grid(visible=False, axis="y")
    for colour, words in (
        (COLOURS[0], "more of it: higher"),
        (COLOURS[1], "more of it: lower"),
        (GREY, "no one direction"),
    ):
        axes.barh(0, 0, color=colour, label=words)
    units = " (decades)" if item["transform"] == "log10" else f" ({item['units']})" if item["units"] else ""
    label(axes, f"mean absolute contribution{units}", "", name)
    legend(axes, loc="lower right")


def convergence(insights: JsonObject) -> Figure:
    """Draw the distance between policy and target distribution, by inverse temperature."""
    title = "How near the policy came to its target"
    rounds = [item for item in insights["rounds"] if item["convergence"]]
    if not rounds:
        return text_figure(title, "No round has reported the convergence of its policy yet.")
    parts = [(item["number"], part) for item in rounds for part in item["convergence"]]
    has_exact = any(part.get("total_variation") is not None for _, part in parts)
    figure, panels = new_figure(title, 2 + has_exact)
    for index, beta in enumerate(dict.fromkeys(part["beta"] for _, part in parts)):
        mine = [(number, part) for number, part in parts if part["beta"] == beta]
        look = {"color": COLOURS[index % len(COLOURS)], "label": f"β = {beta:g}"}
        for axes, name in zip(panels, ("kl", "effective_share", "total_variation"), strict=False):
            _by_round(axes, mine, name, look)
    panels[0].set_ylim(bottom=min(0.0, panels[0].get_ylim()[0]))
    label(panels[0], "round", "KL(policy || target), nats (bars: 2 s.e.)", "Of trajectories, 0 is perfect")
    panels[1].set_yscale("log")
    panels[1].set_ylim(min(1.0, panels[1].get_ylim()[0]), 130)
    panels[1].yaxis.set_major_formatter("{x:g}")
    label(panels[1], "round", "effective sample share (%)", "100 % is perfect")
    if has_exact:
        panels[2].set_ylim(0, 103)
        label(panels[2], "round", "total variation of objects (%)", "Exact, 0 is perfect")
    for axes in panels:
        rounds_axis(axes, [item["number"] for item in rounds])
        legend(axes)
    return figure


def _by_round(axes: Axes, parts: Sequence[tuple[int, JsonObject]], name: str, look: dict[str, Any]) -> None:
    known = [(number, part) for number, part in parts if part.get(name) is not None]
    if not known:
        return
    scale = 1 if name == "kl" else 100
    x, y = [number for number, _ in known], [scale * part[name] for _, part in known]
    ends = [2 * (part.get(f"{name}_error") or 0.0) for _, part in known]
    axes.errorbar(x, y, yerr=ends if any(ends) else None, fmt="o-", capsize=3, ms=5, **look)
