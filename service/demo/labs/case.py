"""Define a demonstration of a domain: a campaign, a measured table and a simulated lab."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Floats = npt.NDArray[np.float64]
_EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@dataclass(frozen=True, slots=True)
class Case:
    """One demonstration.

    `measured` returns the real rows to upload, by column. `fit` returns the simulated assay: its noiseless
    values for objects given by their table columns. `noise` is the assay's standard deviation. `own` holds
    objects for which predictions are requested: one measured, one that could be proposed, one that could not.
    """

    title: str
    source: str
    simulation: str
    example: str
    measured: Callable[[], list[dict[str, str]]]
    fit: Callable[[], Callable[[Sequence[Mapping[str, str]]], Floats]]
    noise: float
    own: Sequence[Mapping[str, str]]

    def spec(self) -> dict[str, Any]:
        """Return the campaign, as a user would send it."""
        spec: dict[str, Any] = json.loads(example(self.example).read_text(encoding="utf-8"))
        return spec


def example(name: str) -> Path:
    """Return a file of `examples/`.

    Raises:
        FileNotFoundError: if it is not there, because only the wheel is installed.
    """
    path = _EXAMPLES / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the demonstration runs from a copy of the repository")
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Write rows that share their columns as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
