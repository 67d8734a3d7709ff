"""What a reader would say of a plate whose truth is known.

Wells with noise, and the files that instruments export.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

FULL, NONE = 2_000.0, 20_000.0
"""Signals of positive and of negative controls: inhibition lowers them."""
ROWS, COLUMNS = {96: 8, 384: 16, 1536: 32}, {96: 12, 384: 24, 1536: 48}


def simulated(
    layout: Mapping[str, Any], ic50: Mapping[str, float | None], noise: float, seed: int = 0
) -> dict[str, float]:
    """Return well -> signal.

    `noise` is the standard deviation in percent inhibition, None an inactive candidate.
    """
    generator = np.random.default_rng(seed)
    signals = {}
    for well in layout["wells"]:
        percent = {"positive": 100.0, "negative": 0.0}.get(well["role"])
        if percent is None:
            true = ic50[well["candidate_id"]]
            percent = 0.0 if true is None else 100.0 / (1.0 + true / well["concentration"])
        percent += noise * float(generator.normal())
        signals[well["well"]] = NONE + (FULL - NONE) * percent / 100.0
    return signals


def name(row: int, column: int) -> str:
    letters = chr(65 + row) if row < 26 else f"A{chr(39 + row)}"
    return f"{letters}{column + 1}"


def grid(
    signals: Mapping[str, float], wells: int = 384, title: str = "Luminescence", delimiter: str = ","
) -> str:
    """Return a plate as most readers export it: numbers above, letters beside."""
    lines = [title, delimiter.join(["", *(str(column + 1) for column in range(COLUMNS[wells]))])]
    for row in range(ROWS[wells]):
        texts = [
            f"{signals[at]:.1f}" if (at := name(row, column)) in signals else ""
            for column in range(COLUMNS[wells])
        ]
        lines.append(delimiter.join([name(row, 0)[:-1], *texts]))
    return "\n".join(lines) + "\n"


def long(signals: Mapping[str, float], plate: str | None = None) -> str:
    """Return a plate as a row for each well."""
    if plate is None:
        return "Well,Signal\n" + "".join(f"{well},{value:.1f}\n" for well, value in signals.items())
    return "Barcode,Well,Signal\n" + "".join(
        f"{plate},{well},{value:.1f}\n" for well, value in signals.items()
    )
