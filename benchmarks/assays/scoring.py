"""Metrics of predictions on held-out values: error, likelihood, CRPS and coverage. Depends on no proxy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

from benchmarks.assays.tables import AssayTable

LEVELS = (0.5, 0.8, 0.9, 0.95)
MOST_TESTED = 500
LEAST_TESTED = 100
SHARE_TESTED = 0.25
LEAST_DEVIATION = 0.01
"""Smallest standard deviation of a peer, relative to the training values': trees may agree by chance."""


@final
@dataclass(frozen=True, slots=True)
class Prediction:
    """Gaussian means and standard deviations [N] of values, and interval ends [N] at each of `LEVELS`."""

    mean: Tensor
    sd: Tensor
    intervals: Mapping[float, tuple[Tensor, Tensor]]

    def part(self, index: Tensor) -> "Prediction":
        """Return the predictions of some objects."""
        intervals = {level: (low[index], high[index]) for level, (low, high) in self.intervals.items()}
        return Prediction(self.mean[index], self.sd[index], intervals)


def gaussian(mean: Tensor, sd: Tensor, spread: float) -> Prediction:
    """Return a prediction with central Gaussian intervals; `spread` is the training values' deviation."""
    sd = sd.clamp_min(LEAST_DEVIATION * spread)
    radii = {level: float(torch.special.ndtri(torch.tensor((1 + level) / 2))) for level in LEVELS}
    return Prediction(mean, sd, {level: (mean - r * sd, mean + r * sd) for level, r in radii.items()})


def crps(mean: Tensor, sd: Tensor, values: Tensor) -> float:
    """Return the continuous ranked probability score of Gaussians.

    Gneiting & Raftery, JASA 102, 2007, section 4.2.
    """
    standard = (values - mean) / sd
    density = torch.exp(-0.5 * standard.square()) / math.sqrt(2 * math.pi)
    below = torch.special.ndtr(standard)
    return float((sd * (standard * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))).mean())


def judged(prediction: Prediction, values: Tensor) -> dict[str, float]:
    """Return all metrics for values [N]."""
    standard = (values - prediction.mean) / prediction.sd
    unlikely = 0.5 * standard.square() + prediction.sd.log() + 0.5 * math.log(2 * math.pi)
    figures = {
        "rmse": float((values - prediction.mean).square().mean().sqrt()),
        "nll": float(unlikely.mean()),
        "crps": crps(prediction.mean, prediction.sd, values),
    }
    for level, (low, high) in prediction.intervals.items():
        figures[f"coverage_{round(100 * level)}"] = float(((low <= values) & (values <= high)).double().mean())
    low, high = prediction.intervals[0.9]
    return {**figures, "width_90": float((high - low).mean())}


def split(table: AssayTable, n: int, kind: str, seed: int) -> tuple[Tensor, Tensor] | None:
    """Return `n` training rows and at most 500 test rows, or None when the table is too small.

    A `group` split tests on whole scaffolds or clusters, drawn at random until they hold a quarter of the
    table.
    """
    generator = Generator().manual_seed(seed)
    order = torch.randperm(len(table.objects), generator=generator)
    if kind == "random":
        training, test = order[:n], order[n:]
    else:
        lot = torch.randperm(int(table.groups.max()) + 1, generator=generator)
        sizes = table.groups.bincount(minlength=len(lot))[lot]
        before = sizes.cumsum(dim=0) - sizes
        out = torch.zeros(len(lot), dtype=torch.bool).index_fill(0, lot[before < SHARE_TESTED * len(order)], value=True)
        is_out = out[table.groups[order]]
        training, test = order[~is_out][:n], order[is_out]
    if len(training) < n or len(test) < LEAST_TESTED:
        return None
    return training, test[:MOST_TESTED]
