"""Conformal intervals of one assay type, corrected for what batches are: chosen, and predicted before.

A batch is not exchangeable with held-out values, for two reasons that are corrected here.

Objects are chosen for their predictions, which lie at one end of the scale, and errors often grow towards
that end. The difficulty of a prediction is therefore learned from held-out errors, and scores are divided by
it (normalised conformal prediction, Papadopoulos et al., JAIR 40, 2011). Objects like the held-out ones are
covered as before: what becomes wider at one end becomes narrower at the other.

What else differs is not visible in held-out values. Errors of the last batches, predicted before they were
measured, enter the quantile beside held-out errors (weighted conformal prediction, arXiv:1904.06019; that the
campaign's own coverage corrects the next interval is adaptive conformal inference, arXiv:2106.00072). This
only widens intervals: batches that were covered as promised, or more often, leave them as they are.

Knows held-out predictions and earlier batches; no proxy, domain or objective. Letters: n held-out values, N
objects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch

from models.proxies.conformal import gaussian_radius, quantile, scores

if TYPE_CHECKING:
    from torch import Tensor

    from models.proxies.validation import HeldOut

HELD_OUT_WEIGHT = 10.0
"""All held-out values together count as so many results of earlier batches."""
REFERENCES = 100
"""Scores of a Gaussian that stand in for held-out ones."""
FARTHEST = 3.0
"""Deviations of the values from the median prediction beyond which difficulty does not grow any more."""
PRIOR_SLOPE = 0.5
"""Prior deviation of the slope: the log factor per deviation of the values."""
FREEDOM = 4.0
"""Degrees of freedom of Student's t, so that single large errors do not make a slope."""
SLOPES = torch.linspace(0.0, 1.5, 31, dtype=torch.float64)
LEVELS = torch.linspace(-1.0, 1.0, 41, dtype=torch.float64)
LEAST_VALUES = 10
"""Fewer exact values determine no slope."""
MOST_VALUES = 2000
"""Evenly picked values that determine it."""


@final
@dataclass(frozen=True, slots=True)
class Difficulty:
    """By how much errors grow with a prediction's distance from the median one, towards one side alone."""

    centre: float = 0.0
    spread: float = 1.0
    slope: float = 0.0
    """The log factor per `spread`; its sign names the side."""

    def __call__(self, mean: Tensor) -> Tensor:
        """Return factors [N] of predictions [N], at least 1."""
        place = ((mean - self.centre) / self.spread).clamp(-FARTHEST, FARTHEST)
        return (self.slope * place).clamp_min(0.0).exp()


def fit_difficulty(held_out: HeldOut, scale: float) -> Difficulty:
    """Return the difficulty that makes held-out errors likely, shrunk towards none.

    Args:
        held_out: predictions and values; censored values are left out.
        scale: factor of predicted deviations.
    """
    low, high = held_out.standard()
    exact = low == high
    mean, values = held_out.belief.mean[exact], held_out.values[exact]
    if len(values) < LEAST_VALUES or not float(values.std()) > 0:
        return Difficulty()
    picked = torch.arange(0, len(values), -(-len(values) // MOST_VALUES))
    centre, spread = float(mean.median()), float(values.std())
    place = ((mean - centre) / spread).clamp(-FARTHEST, FARTHEST)[picked]
    errors = low[exact][picked] / scale
    (unlikely_up, up), (unlikely_down, down) = (
        _slope(errors, (side * place).clamp_min(0.0)) for side in (1, -1)
    )
    return Difficulty(centre, spread, up if unlikely_up <= unlikely_down else -down)


def _slope(errors: Tensor, place: Tensor) -> tuple[float, float]:
    """Return the least negative log posterior of a slope, and the slope, by a grid over it and a level."""
    logs = LEVELS[:, None, None] + SLOPES[None, :, None] * place  # [levels, slopes, n]
    tails = torch.log1p((errors * (-logs).exp()).square() / FREEDOM)
    unlikely = (logs + 0.5 * (FREEDOM + 1) * tails).sum(dim=-1) + 0.5 * (SLOPES / PRIOR_SLOPE).square()
    best = int(unlikely.argmin())
    return float(unlikely.flatten()[best]), float(SLOPES[best % len(SLOPES)])


@final
@dataclass(frozen=True, slots=True)
class BatchRecord:
    """Predictions of earlier batches [n] with what was measured, deviations as predicted then.

    `places` [n] (int64) are those of the same objects among today's held-out values, -1 where they have none.
    """

    predictions: HeldOut
    places: Tensor

    def scores(self, held_out: HeldOut | None, scale: float, difficulty: Difficulty) -> tuple[Tensor, Tensor]:
        """Return the normalised scores [n] and which are only lower bounds [n].

        An error counts in the larger of two deviations, the predicted one and today's held-out one of the
        same object. A proxy that has become less sure since has corrected a part of its errors already.
        """
        belief = self.predictions.belief
        deviation = belief.predictive_sd
        if held_out is not None:
            now = scale * held_out.belief.predictive_sd[self.places.clamp_min(0)]
            deviation = torch.maximum(deviation, now.where(self.places >= 0, 0.0))
        judged = replace(belief, sd=deviation, noise_sd=torch.zeros_like(deviation))
        sizes, is_bound = scores(replace(self.predictions, belief=judged))
        return sizes / difficulty(belief.mean), is_bound


@final
@dataclass(frozen=True, slots=True)
class Radius:
    """Deviations that an interval reaches before difficulty, and what the record of batches did to it."""

    value: float
    alone: float
    """By held-out values alone."""
    n_record: int
    n_covered: int
    """Results of earlier batches that an interval by held-out values alone would have covered."""

    @property
    def stretch(self) -> float:
        """The factor by which the record widens intervals, at least 1."""
        return self.value / self.alone if self.alone > 0 else 1.0


def calibrated_radius(
    held_out: HeldOut | None, scale: float, record: BatchRecord | None, difficulty: Difficulty, level: float
) -> Radius:
    """Return the radius in scaled predictive deviations times difficulty.

    Args:
        held_out: held-out predictions with their values; None with too few values to cross-validate.
        scale: factor of held-out deviations.
        record: of earlier batches.
        difficulty: of predictions.
        level: of the interval.

    Raises:
        ValueError: if the level is not between 0 and 1.
    """
    gaussian = gaussian_radius(level)
    sizes, is_bound = _held_out_sizes(held_out, scale, difficulty)
    known = quantile(sizes, is_bound, level) if held_out is not None else None
    alone = known if known is not None and math.isfinite(known) else gaussian
    if record is None or len(record.places) == 0:
        return Radius(alone, alone, 0, 0)
    seen, is_seen_bound = record.scores(held_out, scale, difficulty)
    weight = min(HELD_OUT_WEIGHT, len(sizes)) / len(sizes)
    weights = torch.cat([torch.full_like(sizes, weight), torch.ones_like(seen)])
    bounds = torch.cat([is_bound, is_seen_bound])
    pooled = quantile(torch.cat([sizes, seen]), bounds, level, weights, own_weight=weight)
    value = alone if pooled is None or not math.isfinite(pooled) else max(alone, pooled)
    return Radius(value, alone, len(seen), int((seen <= alone).sum()))


def _held_out_sizes(held_out: HeldOut | None, scale: float, difficulty: Difficulty) -> tuple[Tensor, Tensor]:
    """Return normalised scores [n] and which are bounds; without held-out values those of a Gaussian."""
    if held_out is None:
        shares = (torch.arange(REFERENCES, dtype=torch.float64) + 0.5) / REFERENCES
        sizes = torch.special.ndtri((1 + shares) / 2)
        return sizes, torch.zeros_like(sizes, dtype=torch.bool)
    sizes, is_bound = scores(held_out)
    return sizes / (scale * difficulty(held_out.belief.mean)), is_bound
