"""What every acquisition promises: map a posterior over utilities to one value per object.

Letters: N objects, M objectives, S statistics, I incumbents, R reference objects. Utilities are normalised so
that 0 is poor, 1 is the stated ideal, and higher is better. An acquisition knows no proxy, no direction, no
units, no inverse temperature and no GFlowNet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import torch

from models.specs.decisions import AUGMENTATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


class Scalarise(Protocol):
    """A scalarisation of several utilities; it is monotone in each of them."""

    def __call__(self, utilities: Tensor, preference: Tensor) -> Tensor:
        """Return the scalarised utilities [...] of utilities and preferences [..., M]."""


def weighted_sum(utilities: Tensor, preference: Tensor) -> Tensor:
    """Return sum_m w_m u_m [N]: simple, but blind to the concave parts of a front."""
    return (utilities * preference).sum(dim=-1)


def augmented_chebyshev(utilities: Tensor, preference: Tensor) -> Tensor:
    """Return the augmented Chebyshev scalarisation [N] of utilities [N, M] (Steuer & Choo, 1983).

    1 - max_m l_m (1 - u_m) - rho sum_m l_m (1 - u_m), with l = w / max w, divided so that utilities of 0 give
    0 and of 1 give 1 whatever the preference; with one objective it is the utility itself. Every point of a
    front, convex or not, is the best for some preference.
    """
    weights = preference / preference.amax(dim=-1, keepdim=True)
    lost = weights * (1 - utilities)
    scale = 1 + AUGMENTATION * weights.sum(dim=-1)
    return 1 - (lost.amax(dim=-1) + AUGMENTATION * lost.sum(dim=-1)) / scale


def chebyshev_parts(utilities: Tensor, preference: Tensor) -> Tensor:
    """Return the linear functions [..., M] of the utilities whose minimum is the Chebyshev value."""
    weights = preference / preference.amax(dim=-1, keepdim=True)
    lost = weights * (1 - utilities)
    scale = 1 + AUGMENTATION * weights.sum(dim=-1, keepdim=True)
    return 1 - (lost + AUGMENTATION * lost.sum(dim=-1, keepdim=True)) / scale


SCALARISATIONS: Mapping[str, Scalarise] = {
    "augmented_chebyshev": augmented_chebyshev,
    "weighted_sum": weighted_sum,
}


@dataclass(frozen=True, slots=True)
class AcquisitionContext:
    """What an acquisition is given about its round.

    `incumbents` [I, M] are the expected utilities of allowed objects that are measured or pending; none at a
    cold start. `reference` holds expectations and deviations [R, M] of ordinary objects, measured and random
    ones. Acquisitions without a scale of their own are normalised by what these objects reach.
    """

    kappa: float
    scalarise: Scalarise
    incumbents: Tensor
    reference: tuple[Tensor, Tensor]

    def __post_init__(self) -> None:
        """Check shapes once; acquisitions rely on them afterwards.

        Raises:
            ValueError: if shapes disagree or a number is not finite.
        """
        mean, sd = self.reference
        if mean.shape != sd.shape or mean.ndim != 2 or self.incumbents.shape[1:] != mean.shape[1:]:  # noqa: PLR2004 - [R, M]
            raise ValueError("incumbents and reference: each needs one row per object and one column per objective")
        if not all(bool(part.isfinite().all()) for part in (self.incumbents, mean, sd)):
            raise ValueError("incumbents and reference: not all are finite")


def empty_context(
    n_objectives: int, scalarise: Scalarise = augmented_chebyshev, kappa: float = 1.0
) -> AcquisitionContext:
    """Return the context of a round without measured objects."""
    empty = torch.zeros(0, n_objectives, dtype=torch.float64)
    return AcquisitionContext(kappa, scalarise, empty, (empty, empty))


class Acquisition(ABC):
    """A rule that trades expected utility against uncertainty.

    The computation has two parts, because the sampler scores one object under thousands of conditions.
    `statistics` are computed once per object, `value` once per object and preference.
    """

    uses_incumbents: ClassVar[bool]
    """Whether the context must hold incumbents and reference objects."""
    uses_draws: ClassVar[bool]
    """Whether `statistics` needs the utilities under a drawn function."""

    @abstractmethod
    def __init__(self, context: AcquisitionContext) -> None:
        """Precompute what does not depend on the object."""

    @abstractmethod
    def statistics(self, mean: Tensor, sd: Tensor, drawn: Tensor | None) -> Tensor:
        """Return what `value` needs of each object [N, S].

        Args:
            mean: expected utilities [N, M].
            sd: their deviations [N, M].
            drawn: utilities [N, M] if one function drawn for the round were the truth; None where none was
                drawn.
        """

    @abstractmethod
    def value(self, statistics: Tensor, preference: Tensor) -> Tensor:
        """Return the acquisition value of each object for its preference [N], about 0 (poor) to 1 (good).

        Args:
            statistics: what `statistics` returned [N, S].
            preference: weights on the simplex [N, M].
        """
