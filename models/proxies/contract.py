"""The proxy contract: fit a table of partial results, then predict every assay type with uncertainty.

Letters: N objects, M assay types, D features, K members, S draws. Values are on the modelled scale (after the
transform). A proxy knows no domain, direction, acquisition or reward.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch

from models.proxies.censoring import standardise

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class TrainingTable:
    """Measured values: one row per object, one column per assay type, NaN where missing.

    `values` [N, M] are pooled over replicates; `noise` [N, M] are the known variances of those pooled values
    (NaN when unknown). `centers` and `scales` [M] are the prior location and scale of each type. A cell
    without a value may be censored: then `lower` < `upper` [N, M] bound what the assay would have reported,
    infinite where open. The bounds are NaN in all other cells, and everywhere when not given.
    """

    types: tuple[str, ...]
    features: Tensor
    values: Tensor
    noise: Tensor
    centers: Tensor
    scales: Tensor
    lower: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    upper: Tensor = field(default_factory=lambda: torch.empty(0, 0))

    def __post_init__(self) -> None:
        """Check shapes once; all later code relies on them.

        Raises:
            ValueError: if shapes disagree, a feature is not finite, a scale is not positive or a bound makes
                no sense.
        """
        shape = (len(self.features), len(self.types))
        if self.values.shape != shape or self.noise.shape != shape:
            raise ValueError(f"values and noise must have shape {shape}")
        if not bool(torch.isfinite(self.features).all()):
            raise ValueError("features: not all are finite")
        if bool(self.values.isinf().any()) or bool((self.noise < 0).any()):
            raise ValueError("values must not be infinite, noise must not be negative")
        if not bool((self.scales > 0).all()):
            raise ValueError("scales must be positive")
        for name in ("lower", "upper"):
            if getattr(self, name).numel() == 0:
                object.__setattr__(self, name, torch.full_like(self.values, torch.nan))
        self._check_bounds()

    def _check_bounds(self) -> None:
        if self.lower.shape != self.values.shape or self.upper.shape != self.values.shape:
            raise ValueError(f"lower and upper must have shape {tuple(self.values.shape)}")
        is_bounded = ~self.lower.isnan()
        if bool((is_bounded != ~self.upper.isnan()).any()) or bool((is_bounded & self.measured).any()):
            raise ValueError("lower and upper: a censored cell has both (infinite where open) and no value")
        if bool((self.lower[is_bounded] >= self.upper[is_bounded]).any()):
            raise ValueError("lower must be less than upper")
        if bool((self.lower[is_bounded].isinf() & self.upper[is_bounded].isinf()).any()):
            raise ValueError("lower and upper: a censored cell needs at least one finite bound")

    @property
    def measured(self) -> Tensor:
        """Which values exist [N, M] (bool)."""
        return ~self.values.isnan()

    @property
    def censored(self) -> Tensor:
        """Which cells have bounds instead of a value [N, M] (bool)."""
        return ~self.lower.isnan()

    @property
    def known(self) -> Tensor:
        """Which cells are informative: a value or a bound [N, M] (bool)."""
        return self.measured | self.censored

    def rows(self, index: Tensor) -> TrainingTable:
        """Return the table of the objects in `index` (int64 or bool)."""
        cells = {name: getattr(self, name)[index] for name in ("features", "values", "noise", "lower", "upper")}
        return replace(self, **cells)

    def columns(self, index: list[int]) -> TrainingTable:
        """Return the table of the assay types in `index`."""
        return TrainingTable(
            tuple(self.types[column] for column in index),
            self.features,
            self.values[:, index],
            self.noise[:, index],
            self.centers[index],
            self.scales[index],
            self.lower[:, index],
            self.upper[:, index],
        )

    def standard(self) -> tuple[Tensor, Tensor]:
        """Return the location and scale [M] of each type: of its values, or prior ones with too few.

        With censored values these are maximum likelihood estimates of a normal distribution, because the
        uncensored part alone is biased.
        """
        location, scale = self.centers.clone(), self.scales.clone()
        for column, measured in enumerate(self.measured.T):
            if bool(self.censored[:, column].any()):
                cells = (self.values[:, column], self.lower[:, column], self.upper[:, column])
                prior = (float(self.centers[column]), float(self.scales[column]))
                location[column], scale[column] = standardise(*cells, prior, MINIMUM_FOR_SPREAD)
                continue
            values = self.values[measured, column]
            if len(values) > 0:
                location[column] = values.mean()
            if len(values) >= MINIMUM_FOR_SPREAD and float(values.std()) > 0:
                scale[column] = values.std()
        return location, scale

    def typical_noise(self) -> Tensor:
        """Return the median known noise variance of each type [M], 0 where none is known."""
        return (
            torch.nan_to_num(self.noise.nanmedian(dim=0).values) if len(self.noise) else torch.zeros_like(self.centers)
        )


MINIMUM_FOR_SPREAD = 3
"""Fewer values than this do not determine the spread of a type."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """The posterior of values [..., N, M]: `sd` of the value, `noise_sd` of one measurement."""

    mean: Tensor
    sd: Tensor
    noise_sd: Tensor

    @property
    def predictive_sd(self) -> Tensor:
        """The standard deviation of what an assay would report [..., N, M]."""
        return (self.sd.square() + self.noise_sd.square()).sqrt()

    def at(self, column: int) -> Posterior:
        """Return the posterior of one assay type [..., N]."""
        return Posterior(self.mean[..., column], self.sd[..., column], self.noise_sd[..., column])

    def probability_within(self, low: float, high: float) -> Tensor:
        """Return the probability [...] of a reported value in [low, high]; either may be infinite."""
        deviation = self.predictive_sd.clamp_min(1e-12)
        below, above = ((edge - self.mean) / deviation for edge in (high, low))
        probability: Tensor = torch.special.ndtr(below) - torch.special.ndtr(above)
        return probability.clamp(0.0, 1.0)

    def without_noise(self) -> Posterior:
        """Return the posterior of the noise-free values."""
        return replace(self, noise_sd=torch.zeros_like(self.noise_sd))

    def scaled(self, factors: Tensor) -> Posterior:
        """Return the posterior with both deviations multiplied by `factors` [M]."""
        return Posterior(self.mean, self.sd * factors, self.noise_sd * factors)


class FittedProxy(ABC):
    """A proxy after training."""

    @abstractmethod
    def posterior(self, features: Tensor) -> Posterior:
        """Return the marginal posterior [N, M] at the rows of `features` [N, D]."""

    @abstractmethod
    def members(self, features: Tensor) -> Posterior:
        """Return the posterior [K, N, M] of each hypothesis, equally weighted unless `Weighing`."""

    @abstractmethod
    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """Return n joint draws [n, N, M] of the values (without measurement noise)."""


@runtime_checkable
class Weighing(Protocol):
    """The additional interface of a fitted proxy whose hypotheses are not equally probable."""

    def member_weights(self) -> Tensor:
        """Return the weights [K] of its members, a distribution."""


class Proxy(ABC):
    """A model that can be fitted to a table."""

    minimum: int
    """The fewest values of a type from which this proxy can learn."""
    maximum: int | None
    """The most values of a type that are affordable, None without limit."""

    @abstractmethod
    def fit(self, table: TrainingTable, *, seed: int) -> FittedProxy:
        """Return the trained proxy; equal tables and seeds give equal proxies."""
