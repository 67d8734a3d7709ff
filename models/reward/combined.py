"""Predictions of derived objectives, propagated from those of their parts.

A derived objective is linear in its parts on its scale (`models.specs.combinations`), so means, variances and
draws follow exactly. Marginal predictions carry no covariance: errors of parts count as independent. Letters:
N objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.proxies.contract import Posterior

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from models.specs.combinations import Combination


def combined(
    found: Combination, parts: Mapping[str, Posterior], properties: Mapping[str, Tensor]
) -> Posterior:
    """Return the posterior [N] of a derived objective.

    Args:
        found: the sum that it is.
        parts: posteriors [N] by assay type, on their modelled scales.
        properties: computed properties [N] by name.
    """
    mean = found.of({kind: part.mean for kind, part in parts.items()}, properties)
    return Posterior(
        mean,
        _quadrature([weight * parts[kind].sd for kind, weight in found.measured]),
        _quadrature([weight * parts[kind].noise_sd for kind, weight in found.measured]),
    )


def combined_interval(
    found: Combination, mean: Tensor, parts: Mapping[str, tuple[Tensor, Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    """Return the ends [N] of the interval of a derived objective with this mean [N].

    The distances of each part's ends from its mean add in quadrature, which is exact for independent Gaussian
    errors and keeps what calibration did to the parts.

    Args:
        found: the sum that the objective is.
        mean: of the objective.
        parts: mean, low and high [N] of each part, on its modelled scale.
    """
    below, above = [], []
    for kind, weight in found.measured:
        middle, low, high = parts[kind]
        down, up = weight * (middle - low), weight * (high - middle)
        below.append(down if weight > 0 else up)
        above.append(up if weight > 0 else down)
    return mean - _quadrature(below), mean + _quadrature(above)


def _quadrature(deviations: list[Tensor]) -> Tensor:
    return torch.stack(deviations).square().sum(dim=0).sqrt()
