"""Hypotheses of a Gaussian posterior: functions at fixed numbers of deviations from its mean.

A process is a single distribution over functions, so its worst hypothesis would be its average. For
guardrails it is represented by K functions f_k = mean + z_k sd, weighted by the normal density at their
deviation. Each function has a small deviation of its own, which covers the gaps between them. Together they
have the process' mean and variance. Measurement noise is kept separate. Knows no process and no guardrail.

Letters: K functions, N objects, M assay types.
"""

from __future__ import annotations

import math

import torch

from models.proxies.contract import Posterior

STEP = 0.6
OFFSETS = torch.arange(-4, 5, dtype=torch.float64) * STEP
"""Offsets of the K functions, in deviations."""
OWN = 0.25
"""Share of the process' deviation that each single function has."""


def member_weights() -> torch.Tensor:
    """Return the weights [K] of the functions: the normal density at their offsets."""
    density = torch.exp(-0.5 * OFFSETS.square())
    return density / density.sum()


SPREAD = math.sqrt((1 - OWN**2) / float(member_weights() @ OFFSETS.square()))
"""Deviation of the functions about the mean, chosen so that the total variance equals that of the process."""


def quantile_functions(posterior: Posterior) -> Posterior:
    """Return the functions [K, N, M] of a Gaussian posterior [N, M]."""
    offsets = SPREAD * OFFSETS.to(posterior.mean).reshape(-1, 1, 1)
    mean = posterior.mean + offsets * posterior.sd
    return Posterior(mean, (OWN * posterior.sd).expand_as(mean), posterior.noise_sd.expand_as(mean))
