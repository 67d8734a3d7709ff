"""The common style of all figures: size, quiet axes, and colours for colour-blind readers.

Nothing is set globally, because figures are drawn in threads of a server.
"""

from __future__ import annotations

import io
import textwrap
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C")
"""The palette of Okabe & Ito (2008), most different colours first."""
GREY, PALE, INK = "#8C8C8C", "#E3E6EA", "#22272E"
WIDTH, HEIGHT = 4.6, 3.7
"""Size of one panel, in inches."""
DPI = 160
_ONE_AT_A_TIME = threading.Lock()  # matplotlib shares font caches and is not thread-safe


def new_figure(
    title: str, panels: int = 1, *, width: float = WIDTH, height: float = HEIGHT
) -> tuple[Figure, list[Axes]]:
    """Return a figure with this number of panels, at most three in a row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure = Figure(figsize=(max(width * columns, 5.6), height * rows + 0.4), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12, fontweight="bold", color=INK)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in axes[panels:]:
        spare.set_visible(False)
    for item in axes[:panels]:
        _style_axes(item)
    return figure, axes[:panels]


def _style_axes(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, labelsize=9, color=GREY)
    axes.grid(visible=True, color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def label(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Label the axes and the panel."""
    axes.set_xlabel(x, fontsize=9.5, color=INK)
    axes.set_ylabel(y, fontsize=9.5, color=INK)
    if title:
        axes.set_title(title, fontsize=10, color=INK, loc="left")


def legend(axes: Axes, **options: Any) -> None:
    """Add a legend if there are labelled marks."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8.5, frameon=True, framealpha=0.9, edgecolor="none", **options)


def rounds_axis(axes: Axes, numbers: Sequence[int]) -> None:
    """Set the ticks at rounds, as many as fit; 0 is the initial data."""
    step = max(1, -(-len(numbers) // 12))
    ticks = list(numbers)[::step]
    axes.set_xticks(ticks, ["start" if number == 0 else str(number) for number in ticks])
    axes.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)


def whiskers(value: float, low: float, high: float) -> list[list[float]]:
    """Return the distances of an interval's ends from a value, never negative after rounding."""
    return [[max(0.0, value - low)], [max(0.0, high - value)]]


def text_figure(title: str, words: str) -> Figure:
    """Return a figure with the reason why there is nothing to draw."""
    figure, (axes,) = new_figure(title, height=2.2)
    axes.set_axis_off()
    text = textwrap.fill(words, 60)
    figure.text(0.02, 0.62, text, ha="left", va="center", fontsize=10.5, color=INK)
    return figure


def axis_label(objective: Mapping[str, Any]) -> str:
    """Return the label of an objective, with its units and goal."""
    units = f" ({objective['units']})" if objective["units"] else ""
    return f"{objective['name']}{units}"


def goal_text(objective: Mapping[str, Any]) -> str:
    """Return the goal of an objective in words."""
    if objective["direction"] == "target":
        return f"target {objective['target']:g}"
    return str(objective["direction"])


def render(figure: Figure, extension: str) -> bytes:
    """Return a figure as SVG or PNG; the element ids of equal SVG figures may differ."""
    file = io.BytesIO()
    with _ONE_AT_A_TIME:
        _take_literally(figure)
        figure.savefig(file, format=extension, dpi=DPI, metadata={"Date": None} if extension == "svg" else None)
    return file.getvalue()


def _take_literally(figure: Figure) -> None:
    """Show dollar signs in names, of which every HELM has four, instead of reading mathematics between them.

    The numbers at the ticks of logarithmic axes are mathematics; they are written later, when the figure is drawn.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if "$" in text.get_text():
            text.set_parse_math(False)
